/**
 * Smooth random fields over the image: coefficients times separable cosines, as matrix products.
 * @module
 */
import { constant, matMul, type Tensor } from "../../graph/mod.ts";
import type { Rng } from "../../rng.ts";

/**
 * Offsets of pixel centres from the middle of the image, in pixels: `i - floor(n / 2)`, so that the
 * centre pixel of the Fourier transform is at zero.
 */
export function centredOffsets(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i - Math.floor(size / 2));
}

/** `cos(pi j (u + 1/2))` for each position u and order j: `[positions, orders]`, as rows or columns. */
function cosines(positions: readonly number[], orders: number, asColumns: boolean): Tensor {
  const data = new Float32Array(positions.length * orders);
  positions.forEach((u, i) => {
    for (let j = 0; j < orders; j++) {
      const at = asColumns ? j * positions.length + i : i * orders + j;
      data[at] = Math.cos(Math.PI * j * (u + 0.5));
    }
  });
  const shape = asColumns ? [orders, positions.length] : [positions.length, orders];
  return constant({ data, shape });
}

/**
 * Sums of cosines on a grid.
 * @param coefficients `[F, J, J]`, for orders along (rows, columns); see `fieldCoefficients`
 * @param rows position of each row, where the box of one half-period is -1/2 to 1/2
 * @param columns position of each column
 * @returns `[F, rows, columns]`
 */
export function smoothFields(
  coefficients: Tensor,
  rows: readonly number[],
  columns: readonly number[],
): Tensor {
  const orders = coefficients.shape[1];
  const overRows = matMul(cosines(rows, orders, false), coefficients);
  return matMul(overRows, cosines(columns, orders, true));
}

/**
 * Random coefficients `[J, J]` of one field of mean 0 and expected variance 1 over the box, with a
 * Gaussian spectrum. There is no constant term.
 * @param orders J
 * @param bandwidth order (half-periods per box) at which the amplitude has fallen to exp(-1/2)
 */
export function fieldCoefficients(rng: Rng, orders: number, bandwidth: number): Float32Array {
  const out = new Float32Array(orders * orders);
  let variance = 0;
  for (let row = 0; row < orders; row++) {
    for (let column = 0; column < orders; column++) {
      if (row + column === 0) continue;
      const weight = Math.exp(-(row * row + column * column) / (2 * bandwidth * bandwidth));
      out[row * orders + column] = weight * rng.normal();
      // The mean square of a cosine is 1/2, that of the constant 1.
      variance += weight * weight * (row === 0 ? 1 : 0.5) * (column === 0 ? 1 : 0.5);
    }
  }
  const scale = 1 / Math.sqrt(variance);
  return out.map((value) => value * scale);
}
