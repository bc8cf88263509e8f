/**
 * Default regularisation weights, from the noise and the acceleration alone: never from a
 * reference. They assume data scaled so that bright tissue is about 1.
 *
 * The factors were found on simulated k-space of T1W and FLAIR slices of the validation volumes (4 to
 * 20 coils, sigma 0.004 to 0.033, R 2 to 10, lines and planes, maps estimated from the calibration
 * region). For `c sigma R^p` with p = 0, 1/2, 1 the loss of PSNR against the best weight scanned for each
 * slice was tabulated. `tv` and `wavelet` take the least mean loss; it is flat, 0.01 to 0.03 dB between
 * p = 0 and 1/2. `sense` takes p = 1/2, which bounds the worst loss: larger weights have a smaller mean
 * loss there, but cost 1 dB and more where noise is low.
 * @module
 */
import { TIKHONOV } from "../mri/physics/proximal.ts";
import type { Problem, SamplingGeometry } from "../method/problem.ts";

/**
 * Weight of |x|^2 for `sense`; mean loss 0.2 dB, at most 1.1 dB. Two sets of maps have twice as many
 * unknowns, and noise is amplified more: on two folded validation slices at R=3 twice the weight gained 0.8
 * and 1.5 dB, three times as much 0.7 and 1.7 dB.
 */
export function senseWeight({ sigma }: Problem, { mask, sets = 1 }: SamplingGeometry): number {
  return sets * TIKHONOV.image(sigma, mask.acceleration);
}

/** Weight of total variation; mean loss 0.13 dB, at most 0.5 dB. */
export function tvWeight({ sigma }: Problem, { mask }: SamplingGeometry): number {
  return 0.1 * sigma * Math.sqrt(mask.acceleration);
}

/** Threshold of orthonormal wavelet coefficients; mean loss 0.12 dB, at most 0.5 dB. */
export function waveletWeight({ sigma }: Problem): number {
  return 0.3 * sigma;
}
