/**
 * The 40 bytes before the samples of a waveform: a C struct of ISMRMRD 1.x that is not packed.
 * @module
 */
import type { WaveformHeader } from "../../mrd/values.ts";
import { headerView, type Layout, readFields, writeFields } from "./struct.ts";

/** Bytes of the header. */
export const WAVEFORM_HEADER_BYTES = 40;

/** Where each field lies. */
export const WAVEFORM_FIELDS: Layout<WaveformHeader> = {
  version: { at: 0, kind: "u16" },
  flags: { at: 8, kind: "u64" },
  measurementUid: { at: 16, kind: "u32" },
  scanCounter: { at: 20, kind: "u32" },
  timeStamp: { at: 24, kind: "u32" },
  numberOfSamples: { at: 28, kind: "u16" },
  channels: { at: 30, kind: "u16" },
  sampleTimeUs: { at: 32, kind: "f32" },
  waveformId: { at: 36, kind: "u16" },
};

/**
 * Reads the header of a waveform.
 * @param bytes at least 40
 * @throws {InputError} when they are fewer
 */
export function parseWaveformHeader(bytes: Uint8Array): WaveformHeader {
  return readFields(
    headerView(bytes, WAVEFORM_HEADER_BYTES, "an ISMRMRD waveform header"),
    WAVEFORM_FIELDS,
  );
}

/** The 40 bytes of a header. */
export function encodeWaveformHeader(header: WaveformHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WAVEFORM_HEADER_BYTES);
  writeFields(new DataView(bytes.buffer), WAVEFORM_FIELDS, header);
  return bytes;
}
