/**
 * The messages of an MRD stream (ISMRMRD 1.x, `doc/mrd_messages.md`): a number of two bytes says
 * what follows, all little endian.
 * @module
 */
import type { Acquisition, MrdImage, Waveform } from "../../mrd/values.ts";
import { bytesOf, concatBytes } from "../bytes.ts";
import { ACQUISITION, IMAGE, WAVEFORM } from "./headers.ts";

export const MESSAGE_IDS = {
  configFile: 1,
  configText: 2,
  header: 3,
  close: 4,
  text: 5,
  query: 6,
  response: 7,
  acquisition: 1008,
  image: 1022,
  waveform: 1026,
} as const;

/** Bytes of the name in a `configFile` message, padded with NUL. */
export const CONFIG_FILE_BYTES = 1024;

/** Messages that hold a text after its length. */
export type TextKind = "configText" | "header" | "text";

export type MrdMessage =
  /** Name of the reconstruction that is asked for. */
  | { readonly kind: "configFile"; readonly text: string }
  /**
   * The configuration itself, the XML header, or anything for the log. `terminated`: the text was
   * followed by a NUL that its length counts, as FIRE and python-ismrmrd-server write it.
   */
  | { readonly kind: TextKind; readonly text: string; readonly terminated: boolean }
  | { readonly kind: "close" }
  /** Gadgetron's question about the server, and its answer, which has the number of the question. */
  | { readonly kind: "query" | "response"; readonly id: bigint; readonly text: string }
  | { readonly kind: "acquisition"; readonly acquisition: Acquisition }
  | { readonly kind: "image"; readonly image: MrdImage }
  | { readonly kind: "waveform"; readonly waveform: Waveform };

/** Most bytes of a text, an XML header or attributes, and of the samples or pixels of a message. */
export interface MessageLimits {
  readonly textBytes: number;
  readonly dataBytes: number;
}

/** No scanner sends more: 65535 samples of 128 coils are 67 MB. */
export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  textBytes: 16 * 2 ** 20,
  dataBytes: 256 * 2 ** 20,
};

/** The bytes of a message. */
export function encodeMessage(message: MrdMessage): Uint8Array<ArrayBuffer> {
  const id = number(2, MESSAGE_IDS[message.kind]);
  switch (message.kind) {
    case "configFile":
      return concatBytes([id, configFile(message.text)]);
    case "close":
      return concatBytes([id]);
    case "query":
    case "response": {
      const text = new TextEncoder().encode(message.text);
      const reserved = message.kind === "query" ? [number(8, 0)] : [];
      return concatBytes([id, ...reserved, number(8, message.id), number(8, text.length), text]);
    }
    case "acquisition": {
      const { header, trajectory, samples } = message.acquisition;
      const parts = [ACQUISITION.encode(header), bytesOf(trajectory), bytesOf(samples)];
      return concatBytes([id, ...parts]);
    }
    case "image": {
      // The length of the attributes is stored twice, as readers differ in which one they use.
      const { header, attributes, data } = message.image;
      const meta = new TextEncoder().encode(attributes);
      const complete = IMAGE.encode({ ...header, attributeStringLength: meta.length });
      return concatBytes([id, complete, number(8, meta.length), meta, bytesOf(data)]);
    }
    case "waveform": {
      const { header, data } = message.waveform;
      return concatBytes([id, WAVEFORM.encode(header), bytesOf(data)]);
    }
    default: {
      const text = new TextEncoder().encode(
        message.terminated ? `${message.text}\0` : message.text,
      );
      return concatBytes([id, number(4, text.length), text]);
    }
  }
}

function configFile(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  if (text.length >= CONFIG_FILE_BYTES) {
    throw new RangeError(
      `Cannot write the name of a configuration: fewer than ${CONFIG_FILE_BYTES} bytes are ` +
        `required, found ${text.length}`,
    );
  }
  const padded = new Uint8Array(CONFIG_FILE_BYTES);
  padded.set(text);
  return padded;
}

/** A number of 2, 4 or 8 bytes, little endian. */
function number(bytes: 2 | 4 | 8, value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer, 0, bytes);
}
