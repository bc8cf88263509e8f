/**
 * The predicted size of the error of a pixel: a product of powers of its features, fitted to errors whose truth is
 * known. A feature f counts twice, as its mean over the head of the slice and as the pixel's departure from it:
 * `log size = c0 + sum over f of a (log f - mean log f) + b mean log f`. For what tells one slice from another need
 * not tell one pixel from another.
 * @module
 */
import type { Feature } from "./features.ts";
import { solution } from "./normal_equations.ts";

/** Pixels of the head of a slice whose error is known. */
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
  /** Power of each feature's departure from its mean, in the order of the features. */
  readonly powers: Readonly<Partial<Record<Feature, number>>>;
  /** Power of each mean, in the same order. */
  readonly means: Readonly<Partial<Record<Feature, number>>>;
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
 * @param people slices of each person, all of whom count the same
 * @param names of the features, in their order
 */
export function fitSize(
  people: readonly (readonly KnownErrors[])[],
  names: readonly Feature[],
): SizeModel {
  const count = names.length, size = 2 * count + 1;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  for (const slices of people) {
    const weight = 1 / slices.reduce((sum, { errors }) => sum + errors.length, 0);
    for (const slice of slices) {
      rowsOf(slice, count).forEach((row, pixel) => {
        const target = Math.log(Math.max(slice.errors[pixel], SMALLEST_ERROR));
        row.forEach((a, i) => {
          right[i] += weight * a * target;
          row.forEach((b, j) => matrix[i][j] += weight * a * b);
        });
      });
    }
  }
  matrix.forEach((row, i) => row[i] += i === 0 ? 0 : RIDGE * people.length);
  const [constant, ...powers] = solution(matrix, right);
  const named = (of: (i: number) => number): SizeModel["powers"] =>
    Object.fromEntries(names.map((name, i) => [name, of(i)]));
  return {
    constant,
    powers: named((i) => powers[i]),
    means: named((i) => powers[i] + powers[count + i]),
  };
}

/** Logarithms of the predicted sizes of the pixels of a slice. */
export function predictedSizes(
  { constant, powers, means }: SizeModel,
  slice: KnownErrors,
): Float64Array {
  const own = Object.values(powers), more = Object.values(means).map((b, i) => b - own[i]);
  const coefficients = [constant, ...own, ...more];
  const rows = rowsOf(slice, own.length);
  return Float64Array.from(
    rows,
    (row) => row.reduce((sum, value, i) => sum + coefficients[i] * value, 0),
  );
}

/**
 * For each pixel of a slice 1, its features and their means over the slice. The ridge on the power of a mean beside
 * the feature pulls it towards that of the departure.
 */
function rowsOf({ features, errors: { length } }: KnownErrors, count: number): number[][] {
  const means = new Array<number>(count).fill(0);
  features.forEach((value, i) => means[i % count] += value / length);
  return Array.from({ length }, (_, pixel) => [
    1,
    ...features.slice(pixel * count, (pixel + 1) * count),
    ...means,
  ]);
}
