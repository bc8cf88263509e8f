/**
 * Reading the messages of an MRD stream. Lengths are checked before memory is allocated.
 * @module
 */
import { InputError } from "../../errors.ts";
import { flagBits, PIXEL_TYPES, type Pixels } from "../../mrd/values.ts";
import { unreadable } from "../unreadable.ts";
import { ByteReader } from "./byte_reader.ts";
import { ACQUISITION, acquisitionLengths, IMAGE, WAVEFORM } from "./headers.ts";
import {
  CONFIG_FILE_BYTES,
  DEFAULT_MESSAGE_LIMITS,
  MESSAGE_IDS,
  type MessageLimits,
  type MrdMessage,
  type TextKind,
} from "./messages.ts";

const LITTLE_ENDIAN = true;
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
   * The next message; undefined when the stream ends between two.
   * @throws {InputError} for an unknown message, or one that is too large or cut off; the rest of
   * the
   *   stream cannot be read then
   */
  async next(): Promise<MrdMessage | undefined> {
    const id = new Uint8Array(2);
    if (!await this.#bytes.fill(id)) return undefined;
    const number = id[0] + 256 * id[1];
    switch (number) {
      case MESSAGE_IDS.configFile:
        return { kind: "configFile", text: untilNul(await this.#take(CONFIG_FILE_BYTES)) };
      case MESSAGE_IDS.configText:
        return await this.#text("configText");
      case MESSAGE_IDS.header:
        return await this.#text("header");
      case MESSAGE_IDS.close:
        return { kind: "close" };
      case MESSAGE_IDS.text:
        return await this.#text("text");
      case MESSAGE_IDS.acquisition:
        return await this.#acquisition();
      case MESSAGE_IDS.image:
        return await this.#image();
      case MESSAGE_IDS.waveform:
        return await this.#waveform();
    }
    throw new InputError(
      `Cannot read the message: one of ${Object.values(MESSAGE_IDS).join(", ")} is required as ` +
        `its number, found ${number}`,
    );
  }

  async #text(kind: TextKind): Promise<MrdMessage> {
    const length = view(await this.#take(4)).getUint32(0, LITTLE_ENDIAN);
    this.#check(kind, length, this.#limits.textBytes);
    const bytes = await this.#take(length);
    return { kind, text: untilNul(bytes), terminated: bytes.includes(0) };
  }

  async #acquisition(): Promise<MrdMessage> {
    const header = ACQUISITION.parse(await this.#take(ACQUISITION.bytes));
    if ((header.flags & COMPRESSED) !== 0n) {
      throw unreadable(
        "the acquisition",
        "samples as float32 are",
        "compressed ones",
        "Send without compression (options -P and -T of Gadgetron's client)",
      );
    }
    const lengths = acquisitionLengths(header);
    const { dataBytes } = this.#limits;
    this.#check("acquisition", 4 * (lengths.trajectory + lengths.samples), dataBytes);
    const trajectory = new Float32Array(lengths.trajectory);
    const samples = new Float32Array(lengths.samples);
    if (lengths.trajectory > 0) await this.#bytes.take(new Uint8Array(trajectory.buffer));
    await this.#bytes.take(new Uint8Array(samples.buffer));
    return { kind: "acquisition", acquisition: { header, trajectory, samples } };
  }

  async #waveform(): Promise<MrdMessage> {
    const header = WAVEFORM.parse(await this.#take(WAVEFORM.bytes));
    const count = header.channels * header.numberOfSamples;
    this.#check("waveform", 4 * count, this.#limits.dataBytes);
    const data = new Uint32Array(count);
    await this.#bytes.take(new Uint8Array(data.buffer));
    return { kind: "waveform", waveform: { header, data } };
  }

  async #image(): Promise<MrdMessage> {
    const header = IMAGE.parse(await this.#take(IMAGE.bytes));
    const length = Number(view(await this.#take(8)).getBigUint64(0, LITTLE_ENDIAN));
    this.#check("attributes of the image", length, this.#limits.textBytes);
    const attributes = untilNul(await this.#take(length));
    const { dataType, matrixSize, channels } = header;
    if (!isPixelType(dataType)) {
      throw new InputError(
        `Cannot read the image: one of ${Object.keys(PIXEL_TYPES).join(", ")} is required as ` +
          `data_type, found ${dataType}`,
      );
    }
    const { array, complex } = PIXEL_TYPES[dataType];
    const pixels = matrixSize.reduce((product, size) => product * size, channels);
    const count = pixels * (complex ? 2 : 1);
    this.#check("image", count * array.BYTES_PER_ELEMENT, this.#limits.dataBytes);
    const data: Pixels = new array(count);
    await this.#bytes.take(new Uint8Array(data.buffer));
    return { kind: "image", image: { header, attributes, data } };
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.#bytes.take(bytes);
    return bytes;
  }

  #check(what: string, bytes: number, limit: number): void {
    if (bytes <= limit) return;
    throw unreadable(`the ${what}`, `at most ${limit} bytes are`, `a length of ${bytes}`);
  }
}

function view(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A text up to the first NUL; bytes that are not UTF-8 become U+FFFD. */
function untilNul(bytes: Uint8Array<ArrayBuffer>): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function isPixelType(dataType: number): dataType is keyof typeof PIXEL_TYPES {
  return Object.hasOwn(PIXEL_TYPES, dataType);
}
