/**
 * Writing NIfTI-1, or NIfTI-2 when a dimension does not fit. Offsets are those of nifti1.h and
 * nifti2.h.
 * @module
 */
import { gzipSync } from "node:zlib";
import { writeFileWhole } from "../atomic.ts";
import { interleave } from "../planar.ts";
import { COMPLEX64_CODE, FLOAT32_CODE, NIFTI1_BYTES, NIFTI2_BYTES } from "./header.ts";
import { quaternion } from "./quaternion.ts";
import type { Geometry, ImageVolume } from "../types.ts";

/** Largest dimension of NIfTI-1, whose dimensions are int16. */
const MAX_NIFTI1_DIM = 32767;
/** xyzt_units: millimetres. */
const MILLIMETRES = 2;
/** sform_code and qform_code: coordinates of the scanner. */
const SCANNER = 1;
/** Bytes between header and voxels: the flag that says "no extensions". */
const EXTENSION_FLAG = 4;

/** What a header needs to know. */
interface HeaderContent {
  /** Columns, rows, slices, and volumes where there are several. */
  readonly dims: readonly number[];
  readonly complex: boolean;
  readonly geometry?: Geometry;
}

/**
 * Writes a volume, whole or not at all: float32 for `[slice, row, column]`, complex64 for
 * `[slice, 2, row, column]`; x is the column, y the row, z the slice, and the fourth axis the volume
 * where there are several. Compressed when the name
 * ends in .gz. The affine is marked as known (sform, and qform where it has no shear) only when
 * the geometry is.
 *
 * @throws {InputError} when the path is not writable
 * @throws {RangeError} when the image has other axes
 */
export async function writeNifti(
  path: string,
  { image, geometry, volumes = 1 }: ImageVolume,
): Promise<void> {
  const { shape } = image;
  const complex = shape.length === 4 && shape[1] === 2;
  if (!complex && shape.length !== 3) {
    throw new RangeError(
      `Cannot write ${path}: [slice, row, column] or [slice, 2, row, column] is required, ` +
        `found [${shape}]`,
    );
  }
  if (shape[0] % volumes !== 0) {
    throw new RangeError(`Cannot write ${path}: ${shape[0]} slices do not make ${volumes} volumes`);
  }
  const inPlane = [shape[shape.length - 1], shape[shape.length - 2]];
  const dims = [...inPlane, shape[0] / volumes, ...(volumes > 1 ? [volumes] : [])];
  const header = niftiHeader({ dims, complex, geometry });
  const values = complex ? interleave(image) : image.data;
  const bytes = new Uint8Array(header.length + values.byteLength);
  bytes.set(header);
  const voxels = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  bytes.set(voxels, header.length);
  await writeFileWhole(path, path.endsWith(".gz") ? gzipSync(bytes) : bytes);
}

function niftiHeader(content: HeaderContent): Uint8Array<ArrayBuffer> {
  return content.dims.some((dim) => dim > MAX_NIFTI1_DIM) ? nifti2(content) : nifti1(content);
}

/** Affine, voxel sizes and quaternion as both versions store them. */
function orientation(geometry: Geometry | undefined) {
  const affine = geometry?.affine ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const sizes = [0, 1, 2].map((i) => Math.hypot(affine[i], affine[4 + i], affine[8 + i]));
  const rotation = quaternion(affine);
  const sformCode = geometry?.known ? SCANNER : 0;
  return {
    affine,
    pixdim: [rotation?.handedness ?? 1, ...sizes, 1, 1, 1, 1],
    rotation: rotation?.bcd ?? [0, 0, 0],
    offset: [affine[3], affine[7], affine[11]],
    sformCode,
    qformCode: rotation === undefined ? 0 : sformCode,
  };
}

/** The eight numbers of `dim`: how many axes, then their sizes. */
function dimensions(dims: readonly number[]): number[] {
  return [dims.length, ...dims, ...Array(7 - dims.length).fill(1)];
}

function nifti1({ dims, complex, geometry }: HeaderContent): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NIFTI1_BYTES + EXTENSION_FLAG);
  const view = new DataView(bytes.buffer);
  const floats = (offset: number, values: readonly number[]) =>
    values.forEach((value, i) => view.setFloat32(offset + 4 * i, value, true));
  const { affine, pixdim, rotation, offset, sformCode, qformCode } = orientation(geometry);
  view.setInt32(0, NIFTI1_BYTES, true);
  bytes[38] = "r".charCodeAt(0);
  dimensions(dims).forEach((dim, i) => view.setInt16(40 + 2 * i, dim, true));
  view.setInt16(70, complex ? COMPLEX64_CODE : FLOAT32_CODE, true);
  view.setInt16(72, complex ? 64 : 32, true);
  floats(76, pixdim);
  floats(108, [bytes.length, 1, 0]);
  bytes[123] = MILLIMETRES;
  view.setInt16(252, qformCode, true);
  view.setInt16(254, sformCode, true);
  floats(256, [...rotation, ...offset]);
  floats(280, affine.slice(0, 12));
  bytes.set(new TextEncoder().encode("n+1\0"), 344);
  return bytes;
}

function nifti2({ dims, complex, geometry }: HeaderContent): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NIFTI2_BYTES + EXTENSION_FLAG);
  const view = new DataView(bytes.buffer);
  const doubles = (offset: number, values: readonly number[]) =>
    values.forEach((value, i) => view.setFloat64(offset + 8 * i, value, true));
  const { affine, pixdim, rotation, offset, sformCode, qformCode } = orientation(geometry);
  view.setInt32(0, NIFTI2_BYTES, true);
  bytes.set(new TextEncoder().encode("n+2\0\r\n\x1a\n"), 4);
  view.setInt16(12, complex ? COMPLEX64_CODE : FLOAT32_CODE, true);
  view.setInt16(14, complex ? 64 : 32, true);
  dimensions(dims).forEach((dim, i) => view.setBigInt64(16 + 8 * i, BigInt(dim), true));
  doubles(104, pixdim);
  view.setBigInt64(168, BigInt(bytes.length), true);
  doubles(176, [1, 0]);
  view.setInt32(344, qformCode, true);
  view.setInt32(348, sformCode, true);
  doubles(352, [...rotation, ...offset]);
  doubles(400, affine.slice(0, 12));
  view.setInt32(500, MILLIMETRES, true);
  return bytes;
}
