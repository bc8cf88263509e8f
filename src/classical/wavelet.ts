/** Wavelet-regularised reconstruction with a shift-invariant frame. @module */
import { div, max, mul, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { squaredMagnitude } from "../mri/physics/complex.ts";
import type { Method } from "../method/problem.ts";
import { type Iteration, iterativeMethod } from "./iteration.ts";
import { pogmPoint, pogmStart, type PogmState } from "./pogm.ts";
import { haarAnalysis, haarSynthesis } from "./wavelet_transform.ts";
import { waveletWeight } from "./weights.ts";

/** Iterations after which validation slices (R = 2 to 10) are within about 0.1 dB of the limit. */
const STEPS = 40;
const LEVELS = 3;

/** Smallest threshold that is divided by. */
const TINY = 1e-12;

/** Shrinks the magnitude of complex `[N, 2, H, W]` by `threshold`, not below zero; keeps the phase. */
export function softThreshold(x: Tensor, threshold: Tensor): Tensor {
  const t = max(threshold, TINY);
  return mul(x, sub(1, div(t, max(sqrt(squaredMagnitude(x)), t))));
}

/**
 * Translation-invariant shrinkage of `[N, 2, H, W]`: the mean over all shifts of soft thresholding
 * in the orthonormal basis, whose coefficients at level j are 2^(j + 1) times those of the frame.
 */
export function waveletShrinkage(x: Tensor, threshold: Tensor): Tensor {
  const { coarse, details } = haarAnalysis(x, LEVELS);
  const shrunk = details.map((images, level) => {
    const t = mul(threshold, 2 ** -(level + 1));
    return images.map((image) => softThreshold(image, t));
  });
  return haarSynthesis({ coarse, details: shrunk });
}

/** x_k = shrink(z_k): pFISTA with the points z_k of POGM. */
export const waveletIteration: Iteration<PogmState> = {
  start: pogmStart,
  step(given, state) {
    const point = pogmPoint(given, state);
    const x = waveletShrinkage(point.z, mul(point.gamma, given.weight));
    return { ...point, x };
  },
};

/**
 * Sparse in a tight frame: x = shrink(x - gamma A^H (A x - y)), gamma -> 3, with a threshold of gamma
 * times the weight. (Shrinkage in a redundant frame is a proximal map, but of a function that
 * depends a little on gamma.)
 */
export const wavelet: Method = iterativeMethod({
  name: "wavelet",
  summary: "compressed sensing with a shift-invariant Daubechies (Haar) wavelet frame",
  citation:
    "Liu et al. 2016, Projected iterative soft-thresholding algorithm for tight frames in " +
    "compressed sensing MRI, IEEE Trans Med Imaging 35:2130-2140",
  weightRole: "the threshold of the wavelet coefficients",
}, { iteration: waveletIteration, steps: STEPS, weightOf: waveletWeight });
