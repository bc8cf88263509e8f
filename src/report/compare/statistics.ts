/** Means, standard deviations, and bootstrap intervals of means. @module */
import { percentile } from "../../mri/metrics/percentile.ts";
import { Rng } from "../../rng.ts";

/** Resamples of a bootstrap: the default of scipy.stats.bootstrap. */
const RESAMPLES = 9999;
/** Confidence of an interval. */
const LEVEL = 0.95;

/** Arithmetic mean. @throws {RangeError} for no values */
export function mean(values: readonly number[]): number {
  requireValues("take the mean", values, 1);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation, with n - 1 in the denominator. @throws {RangeError} for fewer than two values */
export function standardDeviation(values: readonly number[]): number {
  requireValues("take the standard deviation", values, 2);
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Indices of the values in each resample: `[resamples, count]`. */
export function bootstrapDraws(
  count: number,
  { seed = 0, resamples = RESAMPLES } = {},
): Uint32Array {
  const rng = new Rng(seed);
  return Uint32Array.from({ length: resamples * count }, () => rng.integer(count));
}

/**
 * Percentile bootstrap interval of the mean (Efron 1979): the values are drawn anew with
 * replacement, and the interval holds the middle 95 % of the means. Too narrow for a handful of
 * values: say how many there were.
 * @param draws from {@link bootstrapDraws} for as many values
 * @throws {RangeError} for fewer than two values
 */
export function bootstrapInterval(
  values: readonly number[],
  draws: Uint32Array = bootstrapDraws(values.length),
): readonly [low: number, high: number] {
  requireValues("bootstrap a mean", values, 2);
  const count = values.length;
  const means = new Float64Array(draws.length / count);
  for (let i = 0; i < draws.length; i++) {
    means[Math.floor(i / count)] += values[draws[i]] / count;
  }
  const tail = 100 * (1 - LEVEL) / 2;
  return [percentile(means, tail), percentile(means, 100 - tail)];
}

function requireValues(action: string, { length }: readonly number[], least: number): void {
  if (length >= least) return;
  throw new RangeError(`Cannot ${action}: ${least} values are required, found ${length}`);
}
