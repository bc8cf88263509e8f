/**
 * The predicted size of the error of a pixel: a product of powers of its features,
 * `log size = c0 + sum over the features of c (log f)`, fitted to errors whose truth is known.
 * @module
 */
import { lusolve } from "mathjs";
import { FEATURE_NAMES } from "./features.ts";

/** Pixels whose error is known. */
export interface KnownErrors {
  /** Logarithms of the features, `[pixels, F]`. */
  readonly features: Float64Array;
  /** Absolute errors, where bright tissue is 1. */
  readonly errors: Float64Array;
}

/** A size of error is told from features: the constant, then the power of each feature. */
export type Coefficients = readonly number[];

/** Errors below this count as this: their logarithm would rule the fit. */
const SMALLEST_ERROR = 1e-4;

/** Pull of the powers towards 0, as a part of the number of pixels, so that the fit is always there. */
const RIDGE = 1e-3;

/**
 * Least squares of the logarithm of the error.
 * @param people errors of each person, all of whom count the same
 */
export function fitSize(people: readonly KnownErrors[]): Coefficients {
  const size = FEATURE_NAMES.length + 1;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  for (const { features, errors } of people) {
    const weight = 1 / errors.length;
    errors.forEach((error, pixel) => {
      const row = rowOf(features, pixel);
      const target = Math.log(Math.max(error, SMALLEST_ERROR));
      row.forEach((a, i) => {
        right[i] += weight * a * target;
        row.forEach((b, j) => matrix[i][j] += weight * a * b);
      });
    });
  }
  matrix.forEach((row, i) => row[i] += i === 0 ? 0 : RIDGE * people.length);
  return (lusolve(matrix, right) as number[][]).map(([value]) => value);
}

/** Logarithms of the predicted sizes. */
export function predictedSizes(coefficients: Coefficients, { features, errors }: KnownErrors) {
  return Float64Array.from(
    errors,
    (_, pixel) =>
      rowOf(features, pixel).reduce((sum, value, i) => sum + coefficients[i] * value, 0),
  );
}

/** 1, then the features of a pixel. */
function rowOf(features: Float64Array, pixel: number): number[] {
  const count = FEATURE_NAMES.length;
  return [1, ...features.subarray(pixel * count, (pixel + 1) * count)];
}
