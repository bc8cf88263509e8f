/**
 * An MRD stream (ISMRMRD 1.x, see `messages.ts`) that was saved as a file: what
 * `ismrmrd_hdf5_to_stream` and python-ismrmrd's serializer write, and what `serve --save` records.
 * @module
 */
import { InputError } from "../../errors.ts";
import { promiseTry } from "../../host.ts";
import type { Acquisition, AcquisitionHeader } from "../../mrd/values.ts";
import type { Warning } from "../../warning.ts";
import { type ByteSource, decode, openBytes } from "../bytes.ts";
import { unreadable } from "../unreadable.ts";
import type { AcquisitionFile } from "./acquisition_file.ts";
import { type ByteInput, ByteReader } from "./byte_reader.ts";
import { ACQUISITION, acquisitionLengths } from "./headers.ts";
import { MessageReader } from "./message_reader.ts";
import { CONFIG_FILE_BYTES, MESSAGE_IDS, type MrdMessage } from "./messages.ts";
import { parseMrdHeader } from "./xml_header.ts";

/** Bytes of a message's number, and of the length of a text after it. */
const ID_BYTES = 2;
const LENGTH_BYTES = 4;
/** Longest configuration that may stand before the header. */
const MAX_CONFIG_BYTES = 1 << 20;
const FLOAT32 = { kind: "float", bytes: 4, littleEndian: true } as const;

/** Whether bytes are an MRD stream: its XML header stands first, or after one configuration. */
export function isMrdStream(source: ByteSource): boolean {
  const at = headerPlace(source);
  if (at === undefined || idAt(source, at) !== MESSAGE_IDS.header) return false;
  const text = at + ID_BYTES + LENGTH_BYTES;
  return text < source.size && source.read(text, 1)[0] === "<".charCodeAt(0);
}

function headerPlace(source: ByteSource): number | undefined {
  const id = idAt(source, 0);
  if (id === MESSAGE_IDS.header) return 0;
  if (id === MESSAGE_IDS.configFile) return ID_BYTES + CONFIG_FILE_BYTES;
  if (id !== MESSAGE_IDS.configText || source.size < ID_BYTES + LENGTH_BYTES) return undefined;
  const [a, b, c, d] = source.read(ID_BYTES, LENGTH_BYTES);
  const length = a + 256 * (b + 256 * (c + 256 * d));
  return length <= MAX_CONFIG_BYTES ? ID_BYTES + LENGTH_BYTES + length : undefined;
}

function idAt(source: ByteSource, at: number): number | undefined {
  if (at + ID_BYTES > source.size) return undefined;
  const [low, high] = source.read(at, ID_BYTES);
  return low + 256 * high;
}

/**
 * Opens a stream in a file, which the caller disposes of. It is read once to find the
 * acquisitions; only where they lie is kept. Images, waveforms and texts are passed over.
 * What a stream lacks that is cut off, within a message too, is left out with a warning.
 * @throws {InputError} where it is damaged, or cut before the header
 */
export async function openMrdStream(path: string): Promise<AcquisitionFile> {
  const source = openBytes(path);
  try {
    const { xml, places, closed } = await scan(source);
    return {
      path,
      format: "mrd-stream",
      header: parseMrdHeader(xml, path),
      acquisitionCount: places.length,
      warnings: closed ? [] : [cutOff(places.length)],
      async *headers() {
        for (const place of places) yield headerAt(source, place);
      },
      read: (indices) => promiseTry(() => indices.map((i) => acquisitionAt(source, places[i]))),
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

function cutOff(count: number): Warning {
  return {
    code: "stream-cut-off",
    message: `The stream is cut off: it ends after ${count} acquisitions without CLOSE`,
  };
}

/** Offsets of the acquisitions' headers, the XML header, and whether the stream was closed. */
async function scan(source: ByteSource) {
  const input = inputOf(source);
  const bytes = new ByteReader(input);
  const reader = new MessageReader(bytes);
  const places: number[] = [];
  let xml: string | undefined, closed = false;
  while (!closed) {
    const place = bytes.position + ID_BYTES;
    const message = await next(reader, source.path, places.length).catch((error) => {
      // More bytes were asked for than there are: a recording of a client or server that died.
      if (!input.exhausted || xml === undefined) throw error;
    });
    if (message === undefined) break;
    if (message.kind === "acquisition") places.push(place);
    else if (message.kind === "close") closed = true;
    else if (message.kind === "header") {
      if (xml !== undefined) {
        throw unreadable(source.path, "one XML header is", "a second one", SEVERAL);
      }
      xml = message.text;
    }
  }
  if (xml === undefined) throw unreadable(source.path, "an XML header is", "none");
  return { xml, places, closed };
}

const SEVERAL = "Save each measurement as a file of its own";

async function next(
  reader: MessageReader,
  path: string,
  count: number,
): Promise<MrdMessage | undefined> {
  try {
    return await reader.next();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`Cannot read ${path} after ${count} acquisitions: ${error.message}`, {
      cause: error,
      hint: error.hint,
    });
  }
}

/** The bytes in order; `exhausted` once more were asked for than there are. */
function inputOf(source: ByteSource): ByteInput & { readonly exhausted: boolean } {
  let at = 0, exhausted = false;
  return {
    get exhausted() {
      return exhausted;
    },
    read: (target) =>
      promiseTry(() => {
        const count = Math.min(target.length, source.size - at);
        exhausted ||= count === 0;
        if (count === 0) return null;
        target.set(source.read(at, count));
        at += count;
        return count;
      }),
  };
}

const headerAt = (source: ByteSource, place: number): AcquisitionHeader =>
  ACQUISITION.parse(source.read(place, ACQUISITION.bytes));

function acquisitionAt(source: ByteSource, place: number): Acquisition {
  const header = headerAt(source, place);
  const lengths = acquisitionLengths(header);
  const start = place + ACQUISITION.bytes;
  const floats = (at: number, count: number) => decode(source.read(at, 4 * count), FLOAT32);
  return {
    header,
    trajectory: floats(start, lengths.trajectory),
    samples: floats(start + 4 * lengths.trajectory, lengths.samples),
  };
}
