/**
 * The 340 bytes before the samples of an acquisition: the packed C struct of ISMRMRD 1.x, the same
 * in a stream and in a file.
 * @module
 */
import type { AcquisitionHeader, EncodingCounters } from "../../mrd/values.ts";
import { headerView, type Layout, readFields, writeFields } from "./struct.ts";

/** Bytes of the header. */
export const ACQUISITION_HEADER_BYTES = 340;

/** Where each field lies, but for the counters. */
export const ACQUISITION_FIELDS: Layout<Omit<AcquisitionHeader, "idx">> = {
  version: { at: 0, kind: "u16" },
  flags: { at: 2, kind: "u64" },
  measurementUid: { at: 10, kind: "u32" },
  scanCounter: { at: 14, kind: "u32" },
  acquisitionTimeStamp: { at: 18, kind: "u32" },
  physiologyTimeStamp: { at: 22, kind: "u32", count: 3 },
  numberOfSamples: { at: 34, kind: "u16" },
  availableChannels: { at: 36, kind: "u16" },
  activeChannels: { at: 38, kind: "u16" },
  channelMask: { at: 40, kind: "u64", count: 16 },
  discardPre: { at: 168, kind: "u16" },
  discardPost: { at: 170, kind: "u16" },
  centerSample: { at: 172, kind: "u16" },
  encodingSpaceRef: { at: 174, kind: "u16" },
  trajectoryDimensions: { at: 176, kind: "u16" },
  sampleTimeUs: { at: 178, kind: "f32" },
  position: { at: 182, kind: "f32", count: 3 },
  readDir: { at: 194, kind: "f32", count: 3 },
  phaseDir: { at: 206, kind: "f32", count: 3 },
  sliceDir: { at: 218, kind: "f32", count: 3 },
  patientTablePosition: { at: 230, kind: "f32", count: 3 },
  userInt: { at: 276, kind: "i32", count: 8 },
  userFloat: { at: 308, kind: "f32", count: 8 },
};

/** Where each counter lies. */
export const COUNTER_FIELDS: Layout<EncodingCounters> = {
  kspaceEncodeStep1: { at: 242, kind: "u16" },
  kspaceEncodeStep2: { at: 244, kind: "u16" },
  average: { at: 246, kind: "u16" },
  slice: { at: 248, kind: "u16" },
  contrast: { at: 250, kind: "u16" },
  phase: { at: 252, kind: "u16" },
  repetition: { at: 254, kind: "u16" },
  set: { at: 256, kind: "u16" },
  segment: { at: 258, kind: "u16" },
  user: { at: 260, kind: "u16", count: 8 },
};

/**
 * Reads the header of an acquisition. What its numbers mean is not checked.
 * @param bytes at least 340
 * @throws {InputError} when they are fewer
 */
export function parseAcquisitionHeader(bytes: Uint8Array): AcquisitionHeader {
  const view = headerView(bytes, ACQUISITION_HEADER_BYTES, "an ISMRMRD acquisition header");
  return { ...readFields(view, ACQUISITION_FIELDS), idx: readFields(view, COUNTER_FIELDS) };
}

/** The 340 bytes of a header. */
export function encodeAcquisitionHeader(header: AcquisitionHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ACQUISITION_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const { idx, ...rest } = header;
  writeFields(view, ACQUISITION_FIELDS, rest);
  writeFields(view, COUNTER_FIELDS, idx);
  return bytes;
}

/** Float32 values of samples and of the trajectory that follow a header in a stream. */
export function acquisitionLengths(
  { numberOfSamples, activeChannels, trajectoryDimensions }: AcquisitionHeader,
): { readonly samples: number; readonly trajectory: number } {
  return {
    samples: 2 * numberOfSamples * activeChannels,
    trajectory: numberOfSamples * trajectoryDimensions,
  };
}
