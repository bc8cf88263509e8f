/** The rotation of an affine as NIfTI's qform stores it. @module */

/** Cosine between two axes above which an affine has shear, which a quaternion cannot express. */
const MAX_SHEAR = 1e-3;

/**
 * The rotation of a row-major 4 x 4 affine; undefined when its axes are not orthogonal (shear), or
 * one has no finite length.
 * @returns bcd: parts of the unit quaternion, whose a = sqrt(1 - b^2 - c^2 - d^2) is not negative;
 *   handedness: NIfTI's qfac, -1 when the third axis is to be flipped after the rotation
 */
export function quaternion(affine: readonly number[]) {
  const axes = [0, 1, 2].map((i) => [affine[i], affine[4 + i], affine[8 + i]]);
  const sizes = axes.map((axis) => Math.hypot(...axis));
  if (!sizes.every((size) => size > 0 && size < Infinity)) return undefined;
  const [x, y, z] = axes.map((axis, i) => axis.map((value) => value / sizes[i]));
  const shear = Math.max(...[[x, y], [x, z], [y, z]].map(([p, q]) => Math.abs(dot(p, q))));
  if (shear > MAX_SHEAR) return undefined;
  const handedness = dot(cross(x, y), z) < 0 ? -1 : 1;
  return { bcd: fromAxes(x, y, z.map((value) => value * handedness)), handedness };
}

export function dot(p: readonly number[], q: readonly number[]): number {
  return p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
}

export function cross(p: readonly number[], q: readonly number[]): number[] {
  return [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
}

/** Divides by the largest of the four parts, so that no digits are lost near half a turn. */
function fromAxes(
  [xx, yx, zx]: readonly number[],
  [xy, yy, zy]: readonly number[],
  [xz, yz, zz]: readonly number[],
): number[] {
  const squares = [1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz];
  const largest = squares.indexOf(Math.max(...squares));
  // Four times the products of the parts; row i, column j is 4 q_i q_j.
  const products = [
    [squares[0], zy - yz, xz - zx, yx - xy],
    [zy - yz, squares[1], yx + xy, xz + zx],
    [xz - zx, yx + xy, squares[2], zy + yz],
    [yx - xy, xz + zx, zy + yz, squares[3]],
  ];
  const [a, ...bcd] = products[largest].map((value) => value / (2 * Math.sqrt(squares[largest])));
  return a < 0 ? bcd.map((part) => -part) : bcd;
}
