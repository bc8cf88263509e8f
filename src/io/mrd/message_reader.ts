/** Reading MRD messages from a stream. Lengths are checked before memory is allocated. @module */
import { InputError } from "../../errors.ts";
import { flagBits, PIXEL_TYPES, type Pixels } from "../../mrd/values.ts";
import { unreadable } from "../unreadable.ts";
import { ByteReader } from "./byte_reader.ts";
import { ACQUISITION, acquisitionLengths, IMAGE, WAVEFORM } from "./headers.ts";
import { CONFIG_FILE_BYTES, DEFAULT_MESSAGE_LIMITS, MESSAGE_IDS } from "./messages.ts";
import type { MessageLimits, MrdMessage, TextKind } from "./messages.ts";
/** Most bytes of a query or its answer. */
const QUERY_BYTES = 1 << 16;
/** Flags of samples that are not plain float32. */
const COMPRESSED = flagBits("compression1", "compression2", "compression3", "compression4");

export class MessageReader {
  readonly #bytes: ByteReader;
  readonly #limits: MessageLimits;

  constructor(bytes: ByteReader, limits: MessageLimits = DEFAULT_MESSAGE_LIMITS) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /**
   * The next message; undefined when the stream ends between two. After an error the rest of the
   * stream cannot be read.
   */
  async next(): Promise<MrdMessage | undefined> {
    const id = new Uint8Array(2);
    if (!await this.#bytes.fill(id)) return undefined;
    const number = id[0] + 256 * id[1];
    const kinds = Object.keys(MESSAGE_IDS) as MrdMessage["kind"][];
    const kind = kinds.find((kind) => MESSAGE_IDS[kind] === number);
    switch (kind) {
      case "configFile":
        return { kind, text: untilNul(await this.#take(CONFIG_FILE_BYTES)) };
      case "configText":
      case "header":
      case "text":
        return await this.#text(kind);
      case "close":
        return { kind };
      case "query":
      case "response":
        return await this.#query(kind);
      case "acquisition":
        return await this.#acquisition();
      case "image":
        return await this.#image();
      case "waveform":
        return await this.#waveform();
    }
    throw new InputError(
      `Cannot read the message: one of ${Object.values(MESSAGE_IDS).join(", ")} is required as ` +
        `its number, found ${number}`,
    );
  }

  async #text(kind: TextKind): Promise<MrdMessage> {
    const length = new DataView((await this.#take(4)).buffer).getUint32(0, true);
    this.#check(kind, length, this.#limits.textBytes);
    const bytes = await this.#take(length);
    return { kind, text: untilNul(bytes), terminated: bytes.includes(0) };
  }

  async #query(kind: "query" | "response"): Promise<MrdMessage> {
    if (kind === "query") await this.#take(8); // reserved
    const id = new DataView((await this.#take(8)).buffer).getBigUint64(0, true);
    const length = new DataView((await this.#take(8)).buffer).getBigUint64(0, true);
    this.#check(kind, Number(length), QUERY_BYTES);
    return { kind, id, text: untilNul(await this.#take(Number(length))) };
  }

  async #acquisition(): Promise<MrdMessage> {
    const header = ACQUISITION.parse(await this.#take(ACQUISITION.bytes));
    if ((header.flags & COMPRESSED) !== 0n) {
      const hint = "Send without compression (options -P and -T of Gadgetron's client)";
      throw unreadable("the acquisition", "samples as float32 are", "compressed ones", hint);
    }
    const lengths = acquisitionLengths(header);
    this.#checkData("acquisition", 4 * (lengths.trajectory + lengths.samples));
    const trajectory = await this.#fill(new Float32Array(lengths.trajectory));
    const samples = await this.#fill(new Float32Array(lengths.samples));
    return { kind: "acquisition", acquisition: { header, trajectory, samples } };
  }

  async #waveform(): Promise<MrdMessage> {
    const header = WAVEFORM.parse(await this.#take(WAVEFORM.bytes));
    const count = header.channels * header.numberOfSamples;
    this.#checkData("waveform", 4 * count);
    const data = await this.#fill(new Uint32Array(count));
    return { kind: "waveform", waveform: { header, data } };
  }

  async #image(): Promise<MrdMessage> {
    const header = IMAGE.parse(await this.#take(IMAGE.bytes));
    const length = Number(new DataView((await this.#take(8)).buffer).getBigUint64(0, true));
    this.#check("attributes of the image", length, this.#limits.textBytes);
    const attributes = untilNul(await this.#take(length));
    const { dataType, matrixSize, channels } = header;
    if (!Object.hasOwn(PIXEL_TYPES, dataType)) {
      throw new InputError(
        `Cannot read the image: one of ${Object.keys(PIXEL_TYPES).join(", ")} is required as ` +
          `data_type, found ${dataType}`,
      );
    }
    const { array, complex } = PIXEL_TYPES[dataType as keyof typeof PIXEL_TYPES];
    const pixels = matrixSize.reduce((product, size) => product * size, channels);
    const count = pixels * (complex ? 2 : 1);
    this.#checkData("image", count * array.BYTES_PER_ELEMENT);
    const data: Pixels = await this.#fill(new array(count));
    return { kind: "image", image: { header, attributes, data } };
  }

  #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#fill(new Uint8Array(length));
  }

  async #fill<T extends ArrayBufferView<ArrayBuffer>>(array: T): Promise<T> {
    if (array.byteLength > 0) await this.#bytes.take(new Uint8Array(array.buffer));
    return array;
  }

  #checkData(what: string, bytes: number): void {
    this.#check(what, bytes, this.#limits.dataBytes);
  }

  #check(what: string, bytes: number, limit: number): void {
    if (bytes <= limit) return;
    throw unreadable(`the ${what}`, `at most ${limit} bytes are`, `a length of ${bytes}`);
  }
}

/** A text up to the first NUL; bytes that are not UTF-8 become U+FFFD. */
function untilNul(bytes: Uint8Array<ArrayBuffer>): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
