/** Learning rates and noise levels of training. @module */
import type { Rng } from "../rng.ts";

/** Part of a run in which the learning rate rises. */
const WARM_UP = 0.02;
/** Learning rate at the end, as part of its peak. */
const FLOOR = 0.01;

/**
 * Linear warm-up, then half a cosine (Loshchilov and Hutter 2017).
 * @param fraction of the run that is done, 0 to 1
 * @returns part of the peak rate, above 0 and at most 1
 */
export function learningRateFactor(fraction: number): number {
  if (fraction < WARM_UP) return FLOOR + (1 - FLOOR) * fraction / WARM_UP;
  const through = Math.min(1, (fraction - WARM_UP) / (1 - WARM_UP));
  return FLOOR + (1 - FLOOR) * (1 + Math.cos(Math.PI * through)) / 2;
}

/** Mean and standard deviation of ln(sigma): most levels are those of k-space noise and aliasing. */
const LOG_MEAN = Math.log(0.15);
const LOG_STD = 1.4;
/** Share of noise levels drawn log-uniform from the whole range, so that no level is rare. */
const UNIFORM_SHARE = 0.2;
/** Range of noise levels for images on a scale of 1. */
export const SIGMA_RANGE: readonly [number, number] = [0.003, 30];

/** A noise level for training: log-normal as in Karras et al. 2022 (table 1), broadened. */
export function trainingSigma(rng: Rng): number {
  const [low, high] = SIGMA_RANGE.map(Math.log);
  const level = rng.uniform() < UNIFORM_SHARE
    ? low + (high - low) * rng.uniform()
    : LOG_MEAN + LOG_STD * rng.normal();
  return Math.exp(Math.min(high, Math.max(low, level)));
}
