/** Smooth random fields, for phase, coil shading and warps of training images. @module */
import type { Rng } from "../rng.ts";

/**
 * A random field without fine detail: a cubic B-spline with standard normal coefficients.
 * @param size pixels of each side
 * @param knots intervals of the spline along each side: the detail
 * @returns `[size, size]`, mean 0, variance about 0.25
 */
export function smoothField(rng: Rng, size: number, knots: number): Float32Array {
  const count = knots + 3;
  const coefficients = rng.normals(count * count);
  const basis = splineBasis(size, knots);
  const rows = new Float32Array(size * count);
  for (let y = 0; y < size; y++) {
    const first = basis.first[y];
    for (let x = 0; x < count; x++) {
      let sum = 0;
      for (let t = 0; t < 4; t++) {
        sum += basis.weights[4 * y + t] * coefficients[(first + t) * count + x];
      }
      rows[y * count + x] = sum;
    }
  }
  const field = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = y * count + basis.first[x];
      let sum = 0;
      for (let t = 0; t < 4; t++) sum += basis.weights[4 * x + t] * rows[at + t];
      field[y * size + x] = sum;
    }
  }
  return field;
}

/** For each pixel the first of its four coefficients, and their cubic B-spline weights. */
function splineBasis(size: number, knots: number): { first: Int32Array; weights: Float32Array } {
  const first = new Int32Array(size);
  const weights = new Float32Array(4 * size);
  for (let i = 0; i < size; i++) {
    const at = (i + 0.5) * knots / size;
    first[i] = Math.min(knots - 1, Math.floor(at));
    const t = at - first[i], s = 1 - t;
    weights.set([
      s ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (3 * s ** 3 - 6 * s ** 2 + 4) / 6,
      t ** 3 / 6,
    ], 4 * i);
  }
  return { first, weights };
}
