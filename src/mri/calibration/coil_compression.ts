/**
 * Coil compression: the few combinations of the coils that carry the signal (Buehrer et al., Magn
 * Reson Med 57:1131, 2007), from the acquired samples.
 * @module
 */
import { eigs, matrix } from "mathjs";
import { concat, matMul, neg, reshape, slice, swapLastAxes, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";

/** Real form `[2C, 2C]`, (re/im, coil), of the coils' covariance over samples `[C, 2, a, b]`. */
export function coilCovariance(samples: Tensor): Tensor {
  const [coils, , lines, columns] = samples.shape;
  const flat = reshape(samples, [coils, 2, lines * columns]);
  const part = (index: number) =>
    reshape(slice(flat, 1, index, index + 1), [coils, lines * columns]);
  const [re, im] = [part(0), part(1)];
  const block = concat([concat([re, neg(im)], 1), concat([im, re], 1)], 0);
  return matMul(block, swapLastAxes(block));
}

/**
 * The matrix that keeps the `count` strongest combinations: V^H of the covariance's eigenvectors.
 * @param covariance real form `[2C, 2C]`
 * @returns `[2 count, 2 C]` acting on stacked (coil, re/im)
 */
export function compressionMatrix(covariance: NdArray, count: number): NdArray {
  const rows = covariance.shape[0];
  const coils = rows / 2;
  const dense = Array.from(
    { length: rows },
    (_, i) =>
      Array.from(
        { length: rows },
        (_, j) => (covariance.data[i * rows + j] + covariance.data[j * rows + i]) / 2,
      ),
  );
  const { eigenvectors } = eigs(matrix(dense)) as unknown as {
    eigenvectors: { value: number; vector: { toArray(): number[] } }[];
  };
  const strongest = eigenvectors
    .toSorted((a, b) => b.value - a.value)
    .map(({ vector }) => vector.toArray());
  return stackRows(independentComplex(strongest, coils, count), coils);
}

/** Complex vector as [re..., im...]. */
type Stacked = number[];

/** <a, b> of two stacked complex vectors: real and imaginary part. */
function hermitian(a: Stacked, b: Stacked): [number, number] {
  const n = a.length / 2;
  let re = 0;
  let im = 0;
  for (let i = 0; i < n; i++) {
    re += a[i] * b[i] + a[n + i] * b[n + i];
    im += a[i] * b[n + i] - a[n + i] * b[i];
  }
  return [re, im];
}

/** Each complex eigenvector appears twice in the real form; keeps one of each pair. */
function independentComplex(vectors: Stacked[], coils: number, count: number): Stacked[] {
  const kept: Stacked[] = [];
  for (const vector of vectors) {
    const rest = [...vector];
    for (const unit of kept) {
      const [re, im] = hermitian(unit, rest);
      for (let i = 0; i < coils; i++) {
        rest[i] -= re * unit[i] - im * unit[coils + i];
        rest[coils + i] -= re * unit[coils + i] + im * unit[i];
      }
    }
    const norm = Math.hypot(...rest);
    if (norm > 0.5) kept.push(rest.map((value) => value / norm));
    if (kept.length === count) break;
  }
  return kept;
}

/** Rows conj(v)^T in real form, on coils stacked as (coil, re/im). */
function stackRows(vectors: Stacked[], coils: number): NdArray {
  const data = new Float32Array(vectors.length * 2 * 2 * coils);
  vectors.forEach((vector, row) => {
    for (let c = 0; c < coils; c++) {
      const [re, im] = [vector[c], -vector[coils + c]]; // conjugate
      const top = 2 * row * 2 * coils + 2 * c;
      const bottom = top + 2 * coils;
      data[top] = re;
      data[top + 1] = -im;
      data[bottom] = im;
      data[bottom + 1] = re;
    }
  });
  return { data, shape: [2 * vectors.length, 2 * coils] };
}

/**
 * Combines coils by a compression matrix.
 * @param samples `[C, 2, K, W]`
 * @param combination `[2 count, 2 C]`
 * @returns `[count, 2, K, W]`
 */
export function compressCoils(samples: Tensor, combination: Tensor): Tensor {
  const [coils, , lines, columns] = samples.shape;
  const flat = reshape(samples, [2 * coils, lines * columns]);
  const combined = matMul(combination, flat);
  return reshape(combined, [combination.shape[0] / 2, 2, lines, columns]);
}
