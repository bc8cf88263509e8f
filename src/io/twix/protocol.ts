/**
 * The texts before the data of a Siemens measurement: buffers with names, of which `MeasYaps` holds
 * the protocol as lines `key = value` (ASCCONV), and `Meas` and `Dicom` hold XProtocol.
 * @module
 */
import type { ByteSource } from "../bytes.ts";
import { unreadable } from "../unreadable.ts";

/** Bytes of the length and the number of buffers, before the first buffer. */
const FIRST_BYTES = 8;
/** Real files have 6 buffers at most, names of 8 letters, and 1 MB of text. */
const MAX_BUFFERS = 32;
const MAX_NAME = 48;
const MAX_BYTES = 1 << 26;

const BEGIN = "### ASCCONV BEGIN";
const END = "### ASCCONV END";

/** Whether a measurement begins at an offset: buffers, the first with a name and a length. */
export function looksLikeProtocol(source: ByteSource, start: number): boolean {
  const head = start + FIRST_BYTES + MAX_NAME + 5;
  if (!(start >= 0 && head <= source.size)) return false;
  const bytes = source.read(start, FIRST_BYTES + MAX_NAME + 5);
  const { length, count } = sizes(bytes);
  const buffer = bufferAt(bytes, FIRST_BYTES);
  return count > 0 && count <= MAX_BUFFERS && buffer !== undefined && length <= MAX_BYTES &&
    buffer.end <= length;
}

function sizes(bytes: Uint8Array<ArrayBuffer>) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { length: view.getUint32(0, true), count: view.getUint32(4, true) };
}

/** A name that ends with NUL, the length of the text, the text. */
function bufferAt(bytes: Uint8Array<ArrayBuffer>, at: number) {
  const nul = bytes.subarray(at, at + MAX_NAME + 1).indexOf(0);
  const text = at + nul + 1 + 4;
  if (nul < 1 || text > bytes.length) return undefined;
  const name = new TextDecoder("latin1").decode(bytes.subarray(at, at + nul));
  if (!/^[A-Za-z]\w*$/.test(name)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + text - 4, 4);
  return { name, start: text, end: text + view.getUint32(0, true) };
}

/** The protocol of a measurement. */
export class Protocol {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, string>;

  /** @param texts buffers by name */
  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
    this.#values = ascconv(texts.get("MeasYaps") ?? texts.get("Phoenix") ?? "");
  }

  /** Whether it says anything. */
  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** A text of the ASCCONV part, such as `tProtocolName`. */
  text(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** A finite number of the ASCCONV part, such as `sKSpace.lBaseResolution`. */
  number(key: string): number | undefined {
    return finite(this.#values.get(key));
  }

  /** Numbers of an array of the ASCCONV part, up to the first that is absent. */
  numbers(key: string, most: number): number[] {
    const numbers: number[] = [];
    for (let i = 0; i < most; i++) {
      const value = this.number(`${key}[${i}]`);
      if (value === undefined) break;
      numbers.push(value);
    }
    return numbers;
  }

  /** What stands first in a parameter of the XProtocol in a buffer, if anything does. */
  parameter(buffer: "Meas" | "Dicom", name: string): string | undefined {
    const text = this.#texts.get(buffer) ?? "";
    const tag = `."${name}">`;
    for (let at = text.indexOf(tag); at >= 0; at = text.indexOf(tag, at + 1)) {
      const open = text.indexOf("{", at), close = text.indexOf("}", open);
      if (open < 0 || close < 0) return undefined;
      const value = firstValue(text.slice(open + 1, close));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The same as a finite number. */
  parameterNumber(buffer: "Meas" | "Dicom", name: string): number | undefined {
    return finite(this.parameter(buffer, name));
  }
}

function finite(text: string | undefined): number | undefined {
  const value = text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** `<Precision> 6 1.5` is 1.5, `"HFS"` is HFS. */
function firstValue(content: string): string | undefined {
  const quoted = content.indexOf('"');
  if (quoted >= 0 && !content.slice(0, quoted).includes("<")) {
    const text = content.slice(quoted + 1, content.indexOf('"', quoted + 1));
    return text === "" ? undefined : text;
  }
  const words = content.split(/\s+/).filter((word) => word !== "");
  const skipped = words.findLastIndex((word) => word.startsWith("<"));
  return words[skipped < 0 ? 0 : skipped + 2];
}

/** Keys and values, a line each; quotes (VB: two at each end) and comments are left out. */
function ascconv(text: string): Map<string, string> {
  const begin = text.indexOf(BEGIN), end = text.indexOf(END, begin);
  const values = new Map<string, string>();
  if (begin < 0) return values;
  for (const line of text.slice(begin, end < 0 ? undefined : end).split("\n").slice(1)) {
    const equals = line.indexOf("=");
    if (equals < 0) continue;
    const value = line.slice(equals + 1).trim();
    const plain = value.startsWith('"') ? value.replaceAll('"', "") : value.split(/[\s#]/, 1)[0];
    values.set(line.slice(0, equals).trim(), plain);
  }
  return values;
}

/**
 * Reads the protocol of a measurement that starts at an offset.
 * @returns it, and where the scans start
 * @throws {InputError} when it is cut or damaged
 */
export function readProtocol(
  source: ByteSource,
  start: number,
): { readonly protocol: Protocol; readonly data: number } {
  const { length, count } = sizes(source.read(start, FIRST_BYTES));
  const fail = (required: string, found: string | number) =>
    unreadable(`${source.path} at byte ${start}`, required, found);
  if (length < FIRST_BYTES || length > MAX_BYTES) {
    throw fail(`a header of ${FIRST_BYTES} to ${MAX_BYTES} bytes is`, length);
  }
  if (count > MAX_BUFFERS) throw fail(`at most ${MAX_BUFFERS} header buffers are`, count);
  const bytes = source.read(start, length);
  const texts = new Map<string, string>();
  for (let i = 0, at = FIRST_BYTES; i < count; i++) {
    const buffer = bufferAt(bytes, at);
    if (buffer === undefined || buffer.end > length) {
      throw fail(`${count} header buffers within ${length} bytes are`, `${i} of them`);
    }
    const { name, start: from, end } = buffer;
    texts.set(name, new TextDecoder("latin1").decode(bytes.subarray(from, end)));
    at = end;
  }
  return { protocol: new Protocol(texts), data: start + length };
}
