/** Noise levels of training. @module */
import type { Rng } from "../rng.ts";

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
