/**
 * The 198 bytes before the attributes and pixels of an image: the packed C struct of ISMRMRD 1.x.
 * @module
 */
import type { ImageHeader } from "../../mrd/values.ts";
import { headerView, type Layout, readFields, writeFields } from "./struct.ts";

/** Bytes of the header. */
export const IMAGE_HEADER_BYTES = 198;

const LAYOUT: Layout<ImageHeader> = {
  version: { at: 0, kind: "u16" },
  dataType: { at: 2, kind: "u16" },
  flags: { at: 4, kind: "u64" },
  measurementUid: { at: 12, kind: "u32" },
  matrixSize: { at: 16, kind: "u16", count: 3 },
  fieldOfView: { at: 22, kind: "f32", count: 3 },
  channels: { at: 34, kind: "u16" },
  position: { at: 36, kind: "f32", count: 3 },
  readDir: { at: 48, kind: "f32", count: 3 },
  phaseDir: { at: 60, kind: "f32", count: 3 },
  sliceDir: { at: 72, kind: "f32", count: 3 },
  patientTablePosition: { at: 84, kind: "f32", count: 3 },
  average: { at: 96, kind: "u16" },
  slice: { at: 98, kind: "u16" },
  contrast: { at: 100, kind: "u16" },
  phase: { at: 102, kind: "u16" },
  repetition: { at: 104, kind: "u16" },
  set: { at: 106, kind: "u16" },
  acquisitionTimeStamp: { at: 108, kind: "u32" },
  physiologyTimeStamp: { at: 112, kind: "u32", count: 3 },
  imageType: { at: 124, kind: "u16" },
  imageIndex: { at: 126, kind: "u16" },
  imageSeriesIndex: { at: 128, kind: "u16" },
  userInt: { at: 130, kind: "i32", count: 8 },
  userFloat: { at: 162, kind: "f32", count: 8 },
  attributeStringLength: { at: 194, kind: "u32" },
};

/**
 * Reads the header of an image. What its numbers mean is not checked.
 * @param bytes at least 198
 * @throws {InputError} when they are fewer
 */
export function parseImageHeader(bytes: Uint8Array): ImageHeader {
  return readFields(headerView(bytes, IMAGE_HEADER_BYTES, "an ISMRMRD image header"), LAYOUT);
}

/** The 198 bytes of a header. */
export function encodeImageHeader(header: ImageHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(IMAGE_HEADER_BYTES);
  writeFields(new DataView(bytes.buffer), LAYOUT, header);
  return bytes;
}
