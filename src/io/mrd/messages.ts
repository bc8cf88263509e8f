/**
 * The messages of an MRD stream (ISMRMRD 1.x, `doc/mrd_messages.md`): a number of two bytes says
 * what follows, all little endian.
 * @module
 */
import type { Acquisition, MrdImage, Waveform } from "../../mrd/values.ts";

export const MESSAGE_IDS = {
  configFile: 1,
  configText: 2,
  header: 3,
  close: 4,
  text: 5,
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
  | { readonly kind: "acquisition"; readonly acquisition: Acquisition }
  | { readonly kind: "image"; readonly image: MrdImage }
  | { readonly kind: "waveform"; readonly waveform: Waveform };

/** How large messages may be. */
export interface MessageLimits {
  /** Bytes of a text, an XML header or the attributes of an image. */
  readonly textBytes: number;
  /** Bytes of samples or pixels of one message. */
  readonly dataBytes: number;
}

/** No scanner sends more: 65535 samples of 128 coils are 67 MB. */
export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  textBytes: 16 * 2 ** 20,
  dataBytes: 256 * 2 ** 20,
};
