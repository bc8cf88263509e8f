/**
 * Coil compression: the few combinations of the coils that carry the signal (Buehrer et al., Magn
 * Reson Med 57:1131, 2007), from the acquired samples.
 * @module
 */
import { concat, matMul, neg, reshape, slice, swapLastAxes, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { hermitianEigen } from "./hermitian_eigen.ts";

/** Real form `[2C, 2C]`, (re/im, coil), of the coils' covariance over samples `[C, 2, a, b]`. */
export function coilCovariance(samples: Tensor): Tensor {
  const [coils, , lines, columns] = samples.shape;
  const flat = reshape(samples, [coils, 2, lines * columns]);
  const [re, im] = [0, 1].map((part) =>
    reshape(slice(flat, 1, part, part + 1), [coils, lines * columns])
  );
  const block = concat([concat([re, neg(im)], 1), concat([im, re], 1)], 0);
  return matMul(block, swapLastAxes(block));
}

/**
 * The matrix that keeps the `count` strongest combinations: V^H of the covariance's eigenvectors.
 * @param covariance real form `[2C, 2C]`
 * @returns `[2 count, 2C]` acting on stacked (coil, re/im)
 */
export function compressionMatrix({ data, shape: [rows] }: NdArray, count: number): NdArray {
  const coils = rows / 2;
  const part = (from: number) =>
    Float64Array.from(
      { length: coils * coils },
      (_, i) => data[(from + Math.floor(i / coils)) * rows + i % coils],
    );
  const { values, vectors } = hermitianEigen({ re: part(0), im: part(coils) }, coils);
  const strongest = [...values.keys()].toSorted((a, b) => values[b] - values[a]).slice(0, count);
  const out = new Float32Array(2 * count * rows);
  strongest.forEach((vector, row) => {
    for (let coil = 0; coil < coils; coil++) {
      const at = vector * coils + coil, to = 2 * row * rows + 2 * coil;
      out[to] = out[to + rows + 1] = vectors.re[at];
      out[to + 1] = vectors.im[at]; // of the conjugate
      out[to + rows] = -vectors.im[at];
    }
  });
  return { data: out, shape: [2 * count, rows] };
}

/**
 * Part of the energy that combinations with orthonormal rows keep.
 * @param covariance real form `[2C, 2C]`, (re/im, coil)
 * @param combination `[2 count, 2C]` from {@link compressionMatrix}
 */
export function keptEnergy({ data, shape: [rows] }: NdArray, combination: NdArray): number {
  const coils = rows / 2;
  const place = (i: number) => (i % 2) * coils + Math.floor(i / 2); // (coil, re/im) to (re/im, coil)
  let kept = 0, all = 0;
  for (let i = 0; i < rows; i++) all += data[i * rows + i];
  for (let row = 0; row < combination.shape[0]; row++) {
    const vector = combination.data.subarray(row * rows, (row + 1) * rows);
    for (let i = 0; i < rows; i++) {
      if (vector[i] === 0) continue;
      const line = place(i) * rows;
      for (let j = 0; j < rows; j++) kept += vector[i] * data[line + place(j)] * vector[j];
    }
  }
  return all > 0 ? Math.min(1, kept / all) : 1;
}

/** Combines coils `[C, 2, K, W]` by a compression matrix `[2 count, 2 C]`: `[count, 2, K, W]`. */
export function compressCoils(samples: Tensor, combination: Tensor): Tensor {
  const [coils, , lines, columns] = samples.shape;
  const flat = reshape(samples, [2 * coils, lines * columns]);
  const combined = matMul(combination, flat);
  return reshape(combined, [combination.shape[0] / 2, 2, lines, columns]);
}
