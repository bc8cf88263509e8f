/** Position and orientation of a slice as in DICOM's Image Plane module. @module */
import { InputError } from "../../errors.ts";
import type { Geometry } from "../types.ts";

/** Cosine between rows and columns above which they are not at a right angle. */
const MAX_SHEAR = 1e-4;
/** Most characters of a decimal string (DS). */
const DECIMAL_CHARACTERS = 16;

/** A number in at most 16 characters, as precise as they allow. */
export function decimalString(value: number): string {
  if (value === 0) return "0";
  for (let digits = 15; digits > 0; digits--) {
    const rounded = Number(value.toPrecision(digits));
    // Small numbers are shorter with an exponent.
    const fits = [String(rounded), rounded.toExponential()]
      .find((text) => text.length <= DECIMAL_CHARACTERS);
    if (fits !== undefined) return fits;
  }
  throw new RangeError(`Cannot write ${value} in ${DECIMAL_CHARACTERS} characters`);
}

/**
 * The plane of a slice. NIfTI's axes point right and to the front (RAS+), DICOM's left and to the
 * back (LPS+): the first two coordinates change sign. Lengths are millimetres.
 */
export function imagePlane({ affine }: Geometry, slice: number) {
  const lps = (column: number) => [-affine[column], -affine[4 + column], affine[8 + column]];
  const [across, down, through, origin] = [0, 1, 2, 3].map(lps);
  const [width, height, thickness] = [across, down, through].map((axis) => Math.hypot(...axis));
  if (![width, height, thickness].every((size) => size > 0 && size < Infinity)) {
    throw new InputError(
      `Cannot write DICOM: voxels with a size are required, found ${width} x ${height} x ` +
        `${thickness} mm`,
    );
  }
  const row = across.map((value) => value / width);
  const column = down.map((value) => value / height);
  const cosine = row.reduce((sum, value, i) => sum + value * column[i], 0);
  if (Math.abs(cosine) > MAX_SHEAR) {
    throw new InputError(
      "Cannot write DICOM: rows and columns at a right angle are required, found the cosine " +
        cosine.toPrecision(3),
    );
  }
  return {
    /** Between rows, then between columns. */
    PixelSpacing: [height, width].map(decimalString),
    SliceThickness: decimalString(thickness),
    SpacingBetweenSlices: decimalString(thickness),
    /** Direction of a row (rising column), then of a column (rising row). */
    ImageOrientationPatient: [...row, ...column].map(decimalString),
    /** Centre of the first voxel. */
    ImagePositionPatient: origin.map((value, i) => decimalString(value + slice * through[i])),
  };
}
