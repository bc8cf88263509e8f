/**
 * The predicted size of the error of a pixel: a product of powers of its features,
 * `log size = c0 + sum over the features of c (log f)`, fitted to errors whose truth is known.
 * @module
 */
import { lusolve } from "mathjs";
import type { Feature } from "./features.ts";

/** Pixels whose error is known. */
export interface KnownErrors {
  /** Logarithms of the features of each pixel, pixel by pixel. */
  readonly features: readonly number[];
  /** Absolute errors, where bright tissue is 1. */
  readonly errors: readonly number[];
}

/** How the size of an error is told from features. */
export interface SizeModel {
  /** Logarithm of the size where all features are 1. */
  readonly constant: number;
  /** Power of each feature, in the order of the features. */
  readonly powers: Readonly<Partial<Record<Feature, number>>>;
}

/** Errors below this count as this: their logarithm would rule the fit. */
const SMALLEST_ERROR = 1e-4;

/**
 * Pull of the powers towards 0, as a part of the number of people. Chosen among 0.001, 0.01, 0.03, 0.1 and 0.3
 * by the coverage of people that were left out; all were within 1 %.
 */
const RIDGE = 0.03;

/**
 * Least squares of the logarithm of the error.
 * @param people errors of each person, all of whom count the same
 * @param names of the features, in their order
 */
export function fitSize(people: readonly KnownErrors[], names: readonly Feature[]): SizeModel {
  const size = names.length + 1;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  for (const { features, errors } of people) {
    const weight = 1 / errors.length;
    errors.forEach((error, pixel) => {
      const row = rowOf(features, pixel, names.length);
      const target = Math.log(Math.max(error, SMALLEST_ERROR));
      row.forEach((a, i) => {
        right[i] += weight * a * target;
        row.forEach((b, j) => matrix[i][j] += weight * a * b);
      });
    });
  }
  matrix.forEach((row, i) => row[i] += i === 0 ? 0 : RIDGE * people.length);
  const [[constant], ...powers] = lusolve(matrix, right) as number[][];
  return { constant, powers: Object.fromEntries(names.map((name, i) => [name, powers[i][0]])) };
}

/** Logarithms of the predicted sizes. */
export function predictedSizes(
  { constant, powers }: SizeModel,
  { features, errors }: KnownErrors,
): Float64Array {
  const coefficients = [constant, ...Object.values(powers)];
  return Float64Array.from(
    errors,
    (_, pixel) =>
      rowOf(features, pixel, coefficients.length - 1).reduce(
        (sum, value, i) => sum + coefficients[i] * value,
        0,
      ),
  );
}

/** 1, then the features of a pixel. */
function rowOf(features: readonly number[], pixel: number, count: number): number[] {
  return [1, ...features.slice(pixel * count, (pixel + 1) * count)];
}
