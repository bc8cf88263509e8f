/** The metrics of a comparison. @module */
import { haarpsi } from "../../mri/metrics/haarpsi.ts";
import { headMask, measureRegion, METRICS_CONVENTION } from "../../mri/metrics/metrics.ts";
import { SSIM_WINDOW } from "../../mri/metrics/ssim_map.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import type { ComparisonRun } from "../comparison.ts";

/** How the metrics of several methods, and their differences, are defined. */
export const DIFFERENCES_CONVENTION: string =
  `${METRICS_CONVENTION}; HaarPSI (Reisenhofer et al. ` +
  "2018) of magnitudes scaled so that the maximum of the reference volume is 255, its sums over all " +
  "slices, its weights restricted to the region; single slices take the data range of the volume; " +
  "a difference is over the head, its interval the 95 % percentile bootstrap of the mean (9999 " +
  "resamples, seed 0)";

/** How all numbers of a comparison are defined, as compare.json states it. */
export const COMPARISON_CONVENTION: string = `${DIFFERENCES_CONVENTION}; ` +
  "seconds for a slice, without reading, calibrating and compiling; peak memory of the process while " +
  "the method ran: its highest resident size where the method raised it, else the largest one seen " +
  "between graphs";

export type RunMetrics = Pick<ComparisonRun, "whole" | "head" | "perSlice">;

/** The metrics of a run without a reference. */
export const NO_METRICS: RunMetrics = { whole: null, head: null, perSlice: [] };

/**
 * Measures an image against its reference: the volume, its head, and the head of each slice. Slices
 * whose reference is zero have no head and are left out.
 *
 * @param image magnitude, `[S, H, W]`
 * @param reference of the same shape; without one, or smaller than SSIM's window, there are no
 * metrics
 */
export function comparedMetrics(image: NdArray, reference: NdArray | undefined): RunMetrics {
  if (reference === undefined) return NO_METRICS;
  const [slices, height, width] = reference.shape;
  if (Math.min(height, width) < SSIM_WINDOW) return NO_METRICS;
  const range = reference.data.reduce((most, value) => Math.max(most, value), 0);
  const head = headMask(reference);
  const measured = (image: NdArray, reference: NdArray, region?: Uint8Array) => ({
    ...measureRegion(image, reference, region, range),
    haarpsi: haarpsi(image, reference, region, range),
  });
  const perSlice = Array.from({ length: slices }, (_, slice) => {
    const part = [slice * height * width, (slice + 1) * height * width] as const;
    const of = ({ data }: NdArray) => ndarray(data.subarray(...part), [height, width]);
    const region = head.subarray(...part);
    return region.includes(1) ? [measured(of(image), of(reference), region)] : [];
  }).flat();
  return { whole: measured(image, reference), head: measured(image, reference, head), perSlice };
}
