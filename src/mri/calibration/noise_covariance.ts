/**
 * The covariance of the coils' noise, and the combination of the coils in which it is equal and
 * independent (Pruessmann et al. 2001, Magn Reson Med 46:638-651, appendix A; Roemer et al. 1990).
 * @module
 */
import { InputError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";

/** Rows of a real `2C x 2C` matrix, in the order (coil, re/im). */
export type Matrix = readonly (readonly number[])[];

/** Part of the largest variance below which a coil has no noise of its own: it is switched off. */
const SILENT = 1e-12;

/**
 * Covariance of the real and imaginary parts of the coils.
 * @param sum real form `[2C, 2C]`, (re/im, coil), of the sum over n samples of y y^H
 * @returns rows in the order (coil, re/im)
 */
export function noiseCovariance(sum: NdArray, samples: number): number[][] {
  const size = sum.shape[0];
  const coils = size / 2;
  const order = Array.from({ length: size }, (_, i) => (i % 2) * coils + Math.floor(i / 2));
  return order.map((i) => order.map((j) => sum.data[i * size + j] / (2 * samples)));
}

/**
 * The Cholesky factor L of a covariance, lower triangular. In the order (coil, re/im) the factor of the
 * real form is the real form of the complex factor. A coil without noise of its own has 1 on the
 * diagonal and is listed.
 * @throws {InputError} when no coil has noise
 */
function choleskyFactor(covariance: Matrix): { factor: number[][]; silent: readonly number[] } {
  const largest = Math.max(...covariance.map((row, i) => row[i]));
  if (!(largest > 0)) throw new InputError("Cannot whiten: noise is required, found zeros");
  const factor = covariance.map((row) => row.map(() => 0));
  const silent: number[] = [];
  const dot = (a: readonly number[], b: readonly number[], count: number) => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += a[k] * b[k];
    return sum;
  };
  covariance.forEach((row, i) => {
    for (let j = 0; j < i; j++) {
      factor[i][j] = (row[j] - dot(factor[i], factor[j], j)) / factor[j][j];
    }
    const rest = row[i] - dot(factor[i], factor[i], i), isSilent = !(rest > SILENT * largest);
    if (isSilent) silent.push(i);
    factor[i][i] = isSilent ? 1 : Math.sqrt(rest);
  });
  return { factor, silent };
}

/** Inverse of a lower triangular matrix, by forward substitution. */
function lowerInverse(factor: Matrix): number[][] {
  const inverse = factor.map((row) => row.map(() => 0));
  for (let column = 0; column < factor.length; column++) {
    inverse[column][column] = 1 / factor[column][column];
    for (let i = column + 1; i < factor.length; i++) {
      let sum = 0;
      for (let k = column; k < i; k++) sum -= factor[i][k] * inverse[k][column];
      inverse[i][column] = sum / factor[i][i];
    }
  }
  return inverse;
}

/**
 * The inverse of the Cholesky factor L of a covariance: L^-1 n has unit covariance.
 * A coil without noise of its own gives a row of zeros.
 * @throws {InputError} when no coil has noise
 */
export function whiteningMatrix(covariance: Matrix): number[][] {
  return whitening(covariance, 1).matrix;
}

/** A combination of the coils that whitens, and the way back. */
export interface Whitening {
  /** `2C x 2C`, acts on coils stacked as (coil, re/im). */
  readonly matrix: number[][];
  /** Its inverse; the columns of coils that it leaves out are zero. */
  readonly back: number[][];
}

/** Noise of so much variance in every coil. */
export function whitening(covariance: Matrix, variance: number): Whitening {
  const { factor, silent } = choleskyFactor(covariance);
  const inverse = lowerInverse(factor), scale = Math.sqrt(variance);
  for (const i of silent) {
    inverse[i].fill(0);
    for (const row of factor) row[i] = 0;
  }
  return {
    matrix: inverse.map((row) => row.map((value) => scale * value)),
    back: factor.map((row) => row.map((value) => value / scale)),
  };
}

/** Variance of the real and imaginary part of each coil. */
export function coilVariances(covariance: Matrix): number[] {
  return Array.from(
    { length: covariance.length / 2 },
    (_, coil) => (covariance[2 * coil][2 * coil] + covariance[2 * coil + 1][2 * coil + 1]) / 2,
  );
}

/** Largest correlation between the noise of two coils, 0 to 1. */
export function largestCorrelation(covariance: Matrix): number {
  const variances = coilVariances(covariance);
  let largest = 0;
  for (let i = 0; i < variances.length; i++) {
    for (let j = 0; j < i; j++) {
      const product = variances[i] * variances[j];
      if (!(product > 0)) continue;
      const [a, b] = [2 * i, 2 * j];
      const re = (covariance[a][b] + covariance[a + 1][b + 1]) / 2;
      const im = (covariance[a + 1][b] - covariance[a][b + 1]) / 2;
      largest = Math.max(largest, Math.hypot(re, im) / Math.sqrt(product));
    }
  }
  return Math.min(1, largest);
}
