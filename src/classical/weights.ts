/**
 * Default regularisation weights, from the noise and the acceleration alone.
 * @module
 */
import type { Geometry, Problem } from "../mri/problem.ts";

/** Weight of |x|^2 */
export function senseWeight({ sigma }: Problem, { mask }: Geometry): number {
  return 0.3 * sigma * Math.sqrt(mask.acceleration);
}

/** Weight of the total variation. */
export function tvWeight({ sigma }: Problem, { mask }: Geometry): number {
  return 0.115 * sigma * Math.sqrt(mask.acceleration);
}

/** Weight of the l1 norm of wavelet coefficients. */
export function waveletWeight({ sigma }: Problem, { mask }: Geometry): number {
  return 0.17 * sigma * Math.sqrt(mask.acceleration);
}
