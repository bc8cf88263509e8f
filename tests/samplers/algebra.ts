/** Small dense algebra in float64, and moments of normal distributions. */
import { inv } from "mathjs";
import { Rng } from "../../src/rng.ts";

/** A dense matrix, row by row. */
export type Matrix = Float64Array[];

/** Mean and covariance of a distribution of images. */
export interface Moments {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

export function matrixOf(
  rows: number,
  columns: number,
  entry: (row: number, column: number) => number,
): Matrix {
  return Array.from(
    { length: rows },
    (_, row) => Float64Array.from({ length: columns }, (_, column) => entry(row, column)),
  );
}

export const diagonal = (values: ArrayLike<number>): Matrix =>
  matrixOf(values.length, values.length, (i, j) => i === j ? values[i] : 0);

export const transposed = (a: Matrix): Matrix => matrixOf(a[0].length, a.length, (i, j) => a[j][i]);

export const plus = (a: Matrix, b: Matrix, factor = 1): Matrix =>
  matrixOf(a.length, a[0].length, (i, j) => a[i][j] + factor * b[i][j]);

export function times(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => {
    const out = new Float64Array(b[0].length);
    for (let k = 0; k < b.length; k++) {
      for (let j = 0; j < out.length; j++) out[j] += row[k] * b[k][j];
    }
    return out;
  });
}

export function apply(a: Matrix, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (row) => row.reduce((sum, value, i) => sum + value * x[i], 0));
}

export const inverse = (a: Matrix): Matrix =>
  (inv(a.map((row) => [...row])) as number[][]).map((row) => Float64Array.from(row));

/** A random orthogonal matrix (Gram and Schmidt, twice). */
export function randomOrthogonal(size: number, seed: number): Matrix {
  const random = new Rng(seed).normals(size * size);
  const rows = matrixOf(size, size, (i, j) => random[i * size + j]);
  for (let i = 0; i < size; i++) {
    for (let again = 0; again < 2; again++) {
      for (let k = 0; k < i; k++) {
        const overlap = dot(rows[i], rows[k]);
        rows[i].forEach((_, j) => rows[i][j] -= overlap * rows[k][j]);
      }
    }
    const norm = Math.sqrt(dot(rows[i], rows[i]));
    rows[i].forEach((_, j) => rows[i][j] /= norm);
  }
  return rows;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const trace = (a: Matrix): number => a.reduce((sum, row, i) => sum + row[i], 0);

export const frobenius = (a: Matrix): number =>
  Math.sqrt(a.reduce((sum, row) => sum + dot(row, row), 0));

/** Posterior of a normal prior under y = A x + noise of deviation sigma in each component. */
export function posteriorOf(
  prior: Moments,
  a: Matrix,
  samples: ArrayLike<number>,
  sigma: number,
): Moments {
  const at = transposed(a);
  const weighted = at.map((row) => row.map((value) => value / sigma ** 2));
  const precision = inverse(prior.covariance);
  const covariance = inverse(plus(precision, times(weighted, a)));
  const fromPrior = apply(precision, prior.mean);
  const information = apply(weighted, samples).map((value, i) => value + fromPrior[i]);
  return { mean: apply(covariance, information), covariance };
}

/** Sample mean and covariance of rows. */
export function momentsOf(data: ArrayLike<number>, count: number): Moments {
  const size = data.length / count;
  const mean = new Float64Array(size);
  for (let i = 0; i < data.length; i++) mean[i % size] += data[i] / count;
  const covariance = matrixOf(size, size, () => 0);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < size; i++) {
      const off = data[n * size + i] - mean[i];
      for (let j = 0; j < size; j++) {
        covariance[i][j] += off * (data[n * size + j] - mean[j]) / (count - 1);
      }
    }
  }
  return { mean, covariance };
}
