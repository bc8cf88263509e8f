/** Writing NIfTI-1, or NIfTI-2 when a dimension does not fit. @module */
import { NIFTI1, NIFTI2 } from "nifti-reader-js";
import { InputError } from "../../errors.ts";
import { gzip } from "../../host.ts";
import { writeFileWhole } from "../atomic.ts";
import { frameCount } from "../axes.ts";
import { bytesOf, concatBytes } from "../bytes.ts";
import { interleave } from "../planar.ts";
import type { Geometry, ImageVolume } from "../types.ts";
import { COMPLEX64_CODE, FLOAT32_CODE, NIFTI1_BYTES, NIFTI2_BYTES } from "./header.ts";
import { quaternion } from "./quaternion.ts";

/** Largest dimension of NIfTI-1, whose dimensions are int16. */
const MAX_NIFTI1_DIM = 32767;
/** Dimensions that the header has room for. */
const MAX_DIMS = 7;
/** Characters of `descrip`, one left for the zero at its end. */
const MAX_DESCRIPTION = 79;
/** xyzt_units: millimetres. */
const MILLIMETRES = 2;
/** sform_code and qform_code: coordinates of the scanner. */
const SCANNER = 1;

/** A volume, and what the header says of it. */
export interface NiftiVolume extends ImageVolume {
  /** What the image is; ASCII, cut after 79 characters. */
  readonly description?: string;
  /** Value that a viewer shows white (0 is black). Default: the viewer's choice. */
  readonly white?: number;
}

/**
 * Writes a volume, complete or not at all: float32 for `[slice, row, column]`, complex64 for
 * `[slice, 2, row, column]`. x is the column, y the row, z the slice, and the frames are the
 * dimensions from the fourth on. A name that ends in .gz is compressed. The affine is marked as
 * known (sform, and qform where it has no shear) only when the geometry is known.
 */
export async function writeNifti(
  path: string,
  { image, geometry, frames = [], description, white }: NiftiVolume,
): Promise<void> {
  const { shape } = image;
  const complex = shape.length === 4 && shape[1] === 2;
  if (!complex && shape.length !== 3) {
    throw new RangeError(
      `Cannot write ${path}: [slice, row, column] or [slice, 2, row, column] is required, ` +
        `found [${shape}]`,
    );
  }
  const volumes = frameCount(frames);
  if (shape[0] % volumes !== 0) {
    throw new RangeError(`Cannot write ${path}: ${shape[0]} slices do not make ${volumes} volumes`);
  }
  const inPlane = [shape[shape.length - 1], shape[shape.length - 2]];
  const dims = [...inPlane, shape[0] / volumes, ...frames.map(({ size }) => size)];
  if (dims.length > MAX_DIMS) {
    throw new InputError(
      `Cannot write ${path}: at most ${MAX_DIMS} dimensions are possible, found ${dims.length}`,
    );
  }
  const header = headerBytes(dims, complex, geometry, { description, white });
  const values = complex ? interleave(image) : image.data;
  const bytes = concatBytes([header, bytesOf(values)]);
  await writeFileWhole(path, path.endsWith(".gz") ? gzip(bytes) : bytes);
}

/** The header, with the four bytes behind it that say "no extensions". */
function headerBytes(
  dims: readonly number[],
  complex: boolean,
  geometry: Geometry | undefined,
  { description = "", white = 0 }: Pick<NiftiVolume, "description" | "white">,
): Uint8Array {
  const first = !dims.some((dim) => dim > MAX_NIFTI1_DIM);
  const header = first ? new NIFTI1() : new NIFTI2();
  const affine = geometry?.affine ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const sizes = [0, 1, 2].map((i) => Math.hypot(affine[i], affine[4 + i], affine[8 + i]));
  const rotation = quaternion(affine);
  const [b, c, d] = rotation?.bcd ?? [0, 0, 0];
  const code = geometry?.known ? SCANNER : 0;
  Object.assign(header, {
    littleEndian: true,
    magic: first ? "n+1\0" : "n+2\0\r\n\x1a\n",
    dims: [dims.length, ...dims, ...Array(7 - dims.length).fill(1)],
    datatypeCode: complex ? COMPLEX64_CODE : FLOAT32_CODE,
    numBitsPerVoxel: complex ? 64 : 32,
    pixDims: [rotation?.handedness ?? 1, ...sizes, 1, 1, 1, 1],
    vox_offset: (first ? NIFTI1_BYTES : NIFTI2_BYTES) + 4,
    scl_slope: 1,
    xyzt_units: MILLIMETRES,
    description: description.replace(/[^ -~]/g, "?").slice(0, MAX_DESCRIPTION),
    cal_max: white,
    qform_code: rotation === undefined ? 0 : code,
    sform_code: code,
    ...{ quatern_b: b, quatern_c: c, quatern_d: d },
    ...{ qoffset_x: affine[3], qoffset_y: affine[7], qoffset_z: affine[11] },
    affine: [affine.slice(0, 4), affine.slice(4, 8), affine.slice(8, 12)],
  });
  return new Uint8Array(header.toArrayBuffer());
}
