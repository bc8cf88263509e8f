/** The bytes of the messages of an MRD stream. @module */
import type { Acquisition, MrdImage, Waveform } from "../../mrd/values.ts";
import { bytesOf, concatBytes } from "../bytes.ts";
import { ACQUISITION, IMAGE, WAVEFORM } from "./headers.ts";
import { CONFIG_FILE_BYTES, MESSAGE_IDS, type MrdMessage, type TextKind } from "./messages.ts";

const LITTLE_ENDIAN = true;

/** The bytes of a message. */
export function encodeMessage(message: MrdMessage): Uint8Array<ArrayBuffer> {
  switch (message.kind) {
    case "configFile":
      return configFile(message.text);
    case "close":
      return join(id("close"));
    case "acquisition":
      return acquisition(message.acquisition);
    case "image":
      return image(message.image);
    case "waveform":
      return waveform(message.waveform);
    default:
      return text(message.kind, message.text, message.terminated);
  }
}

function configFile(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= CONFIG_FILE_BYTES) {
    throw new RangeError(
      `Cannot write the name of a configuration: fewer than ${CONFIG_FILE_BYTES} bytes are ` +
        `required, found ${bytes.length}`,
    );
  }
  return join(id("configFile"), bytes, new Uint8Array(CONFIG_FILE_BYTES - bytes.length));
}

function text(kind: TextKind, content: string, terminated: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(terminated ? `${content}\0` : content);
  return join(id(kind), number(4, bytes.length), bytes);
}

function acquisition({ header, trajectory, samples }: Acquisition): Uint8Array<ArrayBuffer> {
  return join(id("acquisition"), ACQUISITION.encode(header), bytesOf(trajectory), bytesOf(samples));
}

function waveform({ header, data }: Waveform): Uint8Array<ArrayBuffer> {
  return join(id("waveform"), WAVEFORM.encode(header), bytesOf(data));
}

/** The length of the attributes is stored twice, as readers differ in which one they use. */
function image({ header, attributes, data }: MrdImage): Uint8Array<ArrayBuffer> {
  const meta = new TextEncoder().encode(attributes);
  const complete = { ...header, attributeStringLength: meta.length };
  return join(id("image"), IMAGE.encode(complete), number(8, meta.length), meta, bytesOf(data));
}

function id(kind: keyof typeof MESSAGE_IDS): Uint8Array {
  return number(2, MESSAGE_IDS[kind]);
}

/** A number of 2, 4 or 8 bytes. */
function number(bytes: 2 | 4 | 8, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), LITTLE_ENDIAN);
  return new Uint8Array(view.buffer, 0, bytes);
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes(parts);
}
