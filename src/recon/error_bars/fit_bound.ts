/**
 * The bound of a slice's error, from slices whose error is known. Unlike the coverage of pixels, it hangs on the few
 * slices of the calibration, so what is to be added for a new person is told from people that were left out.
 * @module
 */
import { type ErrorBound, logFactor, type SliceSizes } from "./bound.ts";
import { solution } from "./normal_equations.ts";

/** A slice of a calibration. */
export interface KnownSlice extends SliceSizes {
  readonly person: string;
  /** Logarithm of its root mean square error, relative to the peak of the truth. */
  readonly error: number;
}

/** Pull of the powers towards 0. Of 0.1, 0.3, 1 and 3 all gave the same within 0.1 dB. */
const RIDGE = 1;

/** The bound that a slice of a new person stays below with the given probability, if all are exchangeable. */
export function fitBound(slices: readonly KnownSlice[], probability: number): ErrorBound {
  const people = [...new Set(slices.map(({ person }) => person))];
  const beyond = people.flatMap((person) => {
    const others = leastSquares(slices.filter((slice) => slice.person !== person));
    return slices.filter((slice) => slice.person === person)
      .map((slice) => slice.error - slice.width - logFactor(others, slice));
  });
  const whole = leastSquares(slices);
  return { ...whole, constant: whole.constant + conformalQuantile(beyond, probability) };
}

function leastSquares(slices: readonly KnownSlice[]): ErrorBound {
  const mean = (of: (slice: KnownSlice) => number) =>
    slices.reduce((sum, slice) => sum + of(slice), 0) / Math.max(slices.length, 1);
  const ratio = ({ error, width }: KnownSlice) => error - width;
  const middle = { ratio: mean(ratio), width: mean(({ width }) => width), gap: mean((s) => s.gap) };
  const matrix = [[RIDGE, 0], [0, RIDGE]], right = [0, 0];
  for (const slice of slices) {
    const row = [slice.width - middle.width, slice.gap - middle.gap];
    row.forEach((a, i) => {
      right[i] += a * (ratio(slice) - middle.ratio);
      row.forEach((b, j) => matrix[i][j] += a * b);
    });
  }
  const [width, gap] = solution(matrix, right);
  return { constant: middle.ratio - width * middle.width - gap * middle.gap, width, gap };
}

/** The quantile that a further value stays below with the given probability, if all are exchangeable. */
function conformalQuantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length, Math.ceil((sorted.length + 1) * part)) - 1];
}
