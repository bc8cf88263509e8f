/**
 * The header of NIfTI-1 and NIfTI-2: parsed by nifti-reader-js, which checks nothing, then checked.
 * @module
 */
import { NIFTI1, NIFTI2 } from "nifti-reader-js";
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../ndarray.ts";
import type { ElementType, Scaling } from "../bytes.ts";
import type { Geometry } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { cross, dot } from "./quaternion.ts";

/** Sizes of the headers without extensions. */
export const NIFTI1_BYTES = 348;
export const NIFTI2_BYTES = 540;
export const COMPLEX64_CODE = 32;
export const FLOAT32_CODE = 16;

/** Numeric types by NIfTI's code. */
const TYPES: Readonly<Record<number, Omit<ElementType, "littleEndian">>> = {
  2: { kind: "uint", bytes: 1 },
  4: { kind: "int", bytes: 2 },
  8: { kind: "int", bytes: 4 },
  [FLOAT32_CODE]: { kind: "float", bytes: 4 },
  [COMPLEX64_CODE]: { kind: "complex", bytes: 8 },
  64: { kind: "float", bytes: 8 },
  256: { kind: "int", bytes: 1 },
  512: { kind: "uint", bytes: 2 },
  768: { kind: "uint", bytes: 4 },
  1024: { kind: "int", bytes: 8 },
  1280: { kind: "uint", bytes: 8 },
  1792: { kind: "complex", bytes: 16 },
};
/** Names of the types that are refused. */
const REFUSED: Readonly<Record<number, string>> = {
  1: "binary",
  128: "RGB24",
  1536: "float128",
  2048: "complex256",
  2304: "RGBA32",
};
/** Bits of xyzt_units that hold the unit of length. */
const SPATIAL_UNITS = 7;
/** Millimetres in a unit of length, by NIfTI's code: metre, millimetre, micrometre. */
const MILLIMETRES: Readonly<Record<number, number>> = { 1: 1000, 2: 1, 3: 0.001 };
/** Smallest ratio of the determinant to the product of the voxel sizes of a usable affine. */
const SINGULAR = 1e-6;

/** Which NIfTI the first bytes are, if any. `pair` is the .hdr of a .hdr/.img pair. */
export function niftiKind(bytes: Uint8Array): "nifti-1" | "nifti-2" | "pair" | undefined {
  const ascii = (from: number) => String.fromCharCode(...bytes.subarray(from, from + 4));
  const size = (littleEndian: boolean) =>
    new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, littleEndian);
  if (bytes.length < NIFTI1_BYTES) return undefined;
  const sizes = [size(true), size(false)];
  if (sizes.includes(NIFTI1_BYTES)) {
    const magic = ascii(344);
    if (magic === "ni1\0") return "pair";
    return magic === "n+1\0" ? "nifti-1" : undefined;
  }
  if (bytes.length < NIFTI2_BYTES || !sizes.includes(NIFTI2_BYTES)) return undefined;
  if (ascii(4) === "ni2\0") return "pair";
  return ascii(4) === "n+2\0" ? "nifti-2" : undefined;
}

/** The checked content of a header. */
export interface NiftiHeader {
  /** Sizes of the used dimensions, x first (fastest). */
  readonly dims: readonly number[];
  readonly type: ElementType;
  /** Offset of the first voxel. */
  readonly offset: number;
  readonly scaling: Scaling;
  readonly geometry: Geometry;
}

/** Parses and checks a header of at least 348 or 540 bytes. */
export function parseNiftiHeader(path: string, bytes: Uint8Array): NiftiHeader {
  const kind = niftiKind(bytes);
  if (kind === "pair") {
    const required = "a single-file NIfTI (.nii or .nii.gz) is";
    const hint = "Convert it with nibabel: nibabel.save(nibabel.load('x.hdr'), 'x.nii.gz')";
    throw unreadable(path, required, "the header of a .hdr/.img pair", hint);
  }
  if (kind === undefined) {
    throw new InputError(`Cannot read ${path}: a NIfTI-1 or NIfTI-2 header is required`);
  }
  // Only the header: the library would read the extensions behind it, which may be damaged.
  const own = bytes.slice(0, kind === "nifti-1" ? NIFTI1_BYTES : NIFTI2_BYTES).buffer;
  const header = kind === "nifti-1" ? new NIFTI1() : new NIFTI2();
  header.readHeader(own);
  const dims = checkedDims(path, header.dims);
  const { vox_offset: offset, scl_slope: slope, scl_inter: inter } = header;
  if (!Number.isSafeInteger(offset) || offset < own.byteLength) {
    throw unreadable(path, `vox_offset of at least ${own.byteLength} is`, offset);
  }
  const scaled = Number.isFinite(slope) && slope !== 0;
  return {
    dims,
    type: checkedType(path, header),
    offset,
    scaling: scaled
      ? { slope, intercept: Number.isFinite(inter) ? inter : 0 }
      : { slope: 1, intercept: 0 },
    geometry: geometry(header, new DataView(own)),
  };
}

function checkedDims(path: string, dims: readonly number[]): number[] {
  const rank = dims[0];
  const used = dims.slice(1, 1 + rank);
  const sane = rank >= 2 && rank <= 7 && used.every((dim) => Number.isSafeInteger(dim) && dim > 0);
  if (sane && Number.isSafeInteger(sizeOf(used))) return used;
  throw unreadable(path, "2 to 7 dimensions of 1 or more are", `dim = [${dims.join(", ")}]`);
}

function checkedType(path: string, { datatypeCode, littleEndian }: NIFTI1 | NIFTI2): ElementType {
  const type = TYPES[datatypeCode];
  if (type !== undefined) return { ...type, littleEndian };
  const found = REFUSED[datatypeCode] ?? `datatype ${datatypeCode}`;
  throw unreadable(path, "an integer, float or complex type is", found);
}

/** The first that can be used of sform, qform and voxel sizes. */
function geometry(header: NIFTI1 | NIFTI2, view: DataView): Geometry {
  const candidates = [
    header.sform_code > 0 ? sform(header, view) : undefined,
    header.qform_code > 0 ? qform(header) : undefined,
  ];
  const unit = MILLIMETRES[header.xyzt_units & SPATIAL_UNITS] ?? 1;
  const affine = candidates.find((candidate) => candidate !== undefined && usable(candidate));
  if (affine !== undefined) {
    return { affine: affine.map((value, i) => i < 12 ? value * unit : value), known: true };
  }
  const [x, y, z] = [1, 2, 3].map((axis) => voxelSize(header.pixDims[axis]) * unit);
  return { affine: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1], known: false };
}

function voxelSize(size: number): number {
  return Number.isFinite(size) && size !== 0 ? Math.abs(size) : 1;
}

/** srow_x, srow_y, srow_z: read here because the library may prefer the qform. */
function sform(header: NIFTI1 | NIFTI2, view: DataView): number[] {
  const value = header instanceof NIFTI1
    ? (_: unknown, i: number) => view.getFloat32(280 + 4 * i, header.littleEndian)
    : (_: unknown, i: number) => view.getFloat64(400 + 8 * i, header.littleEndian);
  return [...Array.from({ length: 12 }, value), 0, 0, 0, 1];
}

/** Quaternion, voxel sizes and offset: "method 2" of nifti1.h. */
function qform(header: NIFTI1 | NIFTI2): number[] {
  const { quatern_b: b, quatern_c: c, quatern_d: d, pixDims } = header;
  const a = Math.sqrt(Math.max(0, 1 - (b * b + c * c + d * d)));
  const [dx, dy] = [voxelSize(pixDims[1]), voxelSize(pixDims[2])];
  const dz = voxelSize(pixDims[3]) * (pixDims[0] < 0 ? -1 : 1);
  return [
    ...[(a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * dz],
    header.qoffset_x,
    ...[2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * dz],
    header.qoffset_y,
    ...[2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * dz],
    header.qoffset_z,
    ...[0, 0, 0, 1],
  ];
}

/** Whether an affine is finite and takes the three axes to three different directions. */
function usable(m: readonly number[]): boolean {
  if (!m.every(Number.isFinite)) return false;
  const axes = [0, 1, 2].map((column) => [m[column], m[4 + column], m[8 + column]]);
  const [x, y, z] = axes.map((axis) => Math.hypot(...axis));
  return Math.abs(dot(cross(axes[0], axes[1]), axes[2])) > SINGULAR * x * y * z;
}
