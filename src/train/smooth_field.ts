/** Smooth random fields on the host, for phase, shading, warps and errors of training images. @module */
import { fieldCoefficients } from "../mri/phantom/smooth_field.ts";
import type { Rng } from "../rng.ts";

/** Orders of the cosines relative to the bandwidth; the next would add less than 5 % of the first. */
const ORDERS = 2.5;

/**
 * A random field without fine detail: the cosines of the phantom's fields, evaluated on the host.
 * @param size pixels of each side
 * @param bandwidth half-periods along each side at which the amplitude has fallen to exp(-1/2)
 * @returns `[size, size]`, mean 0, variance 1/4
 */
export function smoothField(rng: Rng, size: number, bandwidth: number): Float32Array {
  const orders = Math.ceil(ORDERS * bandwidth) + 1;
  const coefficients = fieldCoefficients(rng, orders, bandwidth);
  const cosines = Float32Array.from(
    { length: size * orders },
    (_, i) => Math.cos(Math.PI * (i % orders) * (Math.floor(i / orders) + 0.5) / size),
  );
  const rows = product(cosines, coefficients, orders);
  return product(cosines, rows, orders).map((value) => value / 2);
}

/** `a b^T` of matrices with so many columns, transposed: applied twice, it returns to rows and columns. */
function product(a: Float32Array, b: Float32Array, columns: number): Float32Array {
  const [n, m] = [a.length / columns, b.length / columns];
  const out = new Float32Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += a[i * columns + k] * b[j * columns + k];
      out[i * m + j] = sum;
    }
  }
  return out;
}
