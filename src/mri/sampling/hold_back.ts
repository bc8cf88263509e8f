/** Acquired samples that are set aside, so that a result can be judged on data that it never saw. @module */
import { InputError } from "../../errors.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import type { Rng } from "../../rng.ts";
import type { SamplingMask } from "./sampling_mask.ts";

/**
 * Chooses samples at random outside the calibration region: whole lines, or points of a plane.
 * @param share part of the acquired ones that is set aside, at least one
 * @returns 1 for samples that are set aside, 0 for others, for the rows of y: `[rows, 1]` or `[H, W]`
 * @throws {InputError} when fewer than two lie outside the calibration region
 */
export function heldBack(mask: SamplingMask, share: number, rng: Rng): NdArray {
  const columns = mask.isLines ? 1 : mask.width;
  const outside = mask.lines.flatMap((line, row) =>
    Array.from({ length: columns }, (_, column) => ({ line, column, at: row * columns + column }))
  ).filter(({ line, column }) => mask.keeps(line, column) && !mask.inCalibration(line, column));
  if (outside.length < 2) {
    throw new InputError(
      `Cannot hold back a part of the samples: at least two ${mask.isLines ? "lines" : "points"} ` +
        `outside the calibration region are required, found ${outside.length}`,
    );
  }
  const count = Math.min(outside.length - 1, Math.max(1, Math.round(share * outside.length)));
  const held = new Float32Array(mask.rows * columns);
  for (const i of rng.permutation(outside.length).subarray(0, count)) held[outside[i].at] = 1;
  return ndarray(held, [mask.rows, columns]);
}

/** 1 for samples that are not set aside, 0 for those that are. */
export const keptOf = ({ data, shape }: NdArray): NdArray =>
  ndarray(data.map((value) => 1 - value), shape);

/** 1 for all samples, of the same shape. */
export const allOf = ({ data, shape }: NdArray): NdArray => ndarray(data.map(() => 1), shape);

/** By how much errors on samples that were set aside fell. */
export interface PairedGain {
  /** Part of the sum of the errors before. */
  readonly gain: number;
  /** Standard error of it, from the spread over the lines. */
  readonly gainError: number;
}

/**
 * Compares errors of the same lines before and after.
 * @param before squared errors of each line
 * @param after the same of another image, in the same order
 */
export function pairedGain(before: readonly number[], after: readonly number[]): PairedGain {
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const gains = before.map((error, i) => error - after[i]);
  const count = gains.length, mean = total(gains) / count;
  const squares = total(gains.map((gain) => (gain - mean) ** 2));
  const spread = Math.sqrt(squares * count / Math.max(1, count - 1));
  return { gain: total(gains) / total(before), gainError: spread / total(before) };
}
