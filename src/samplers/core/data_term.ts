/** The data term of samplers: gradients, proximal steps, projections. @module */
import { add, div, max, mul, pow, sqrt, sub, type Tensor, vjp } from "../../graph/mod.ts";
import { orthogonalisedGradients } from "../../mri/physics/cg.ts";
import {
  proximal,
  proximalCorrection,
  regularisedInverse,
  residualImage,
} from "../../mri/physics/proximal.ts";
import type { DataTerm } from "./contract.ts";

export { proximal, proximalCorrection, regularisedInverse, residualImage };

/**
 * Smallest rho: conjugate gradients in float32 that have converged multiply the rounding of what is
 * not measured by 1 / rho.
 */
const MIN_RHO = 1e-4;

/** Smallest noise level that is divided by, for the last step. */
const MIN_SIGMA = 1e-4;

/**
 * rho = weight (sigma_y / sigma)^power: the weight of the prior in |A x - y|^2 + rho |x - D|^2 for an
 * image D whose error has the standard deviation sigma. Power 2 is that of normal errors. More weight
 * trusts the prior more.
 */
export function rho(
  { sigma: sigmaY }: Pick<DataTerm, "sigma">,
  sigma: Tensor,
  { weight = 1, power = 2 }: { readonly weight?: number; readonly power?: number } = {},
): Tensor {
  const ratio = div(sigmaY, max(sigma, MIN_SIGMA));
  const powered = power === 2 ? mul(ratio, ratio) : pow(ratio, power);
  return max(mul(powered, weight), MIN_RHO);
}

/**
 * A^+ r from A^H r of a residual r, by conjugate gradients: the smallest change of the image that
 * explains the residual.
 * @param b A^H r
 * @param ridge for data with noise: directions with s^2 below it count as not measured
 */
export function pseudoInverse(
  data: DataTerm,
  b: Tensor,
  iterations: number,
  ridge: Tensor,
): Tensor {
  return regularisedInverse(data, b, add(ridge, MIN_RHO), iterations);
}

/**
 * A ridge for {@link pseudoInverse} in methods whose papers have data without noise: weight steps
 * sigma_y. A step that is repeated forgets its ridge: n steps with a ridge are one with an n-th of it
 * (iterated Tikhonov regularisation), so it grows with the number of steps. This holds for a fixed
 * target; with a denoiser between the steps it is a rule of thumb, but a needed one: with the ridge of
 * 30 steps a run of 4 loses 7 dB (tests/recon/samplers_test.ts).
 */
export function noiseRidge(
  { sigma }: Pick<DataTerm, "sigma">,
  { weight, steps }: { readonly weight: number; readonly steps: number },
): Tensor {
  return mul(sigma, weight * steps);
}

/**
 * The iterate with its measured part replaced by the data at the noise level sigma':
 * `x + A^+ (y + A n - A x)`, n of variance sigma'^2 - sigma_y^2, as much as the data lack.
 * @param data all data or a part of them
 * @param z standard normal, `[N, 2, H, W]`
 * @param ridge of A^+
 */
export function replaceMeasured(
  x: Tensor,
  data: DataTerm,
  { sigmaNext, z, ridge, cg }: {
    readonly sigmaNext: Tensor;
    readonly z: Tensor;
    readonly ridge: Tensor;
    readonly cg: number;
  },
): Tensor {
  const missing = sub(mul(sigmaNext, sigmaNext), mul(data.sigma, data.sigma));
  const n = mul(sqrt(max(missing, 0)), z);
  const change = residualImage(data, sub(x, n));
  return add(x, pseudoInverse(data, change, cg, ridge));
}

/**
 * The change that brings x at noise level sigma to the data at that level, y + sigma A z:
 * `A^H (A A^H + rho)^-1 (y + sigma A z - A x)`. Without noise in the data this is the pseudo-inverse;
 * with it, data are not followed below their noise.
 */
export function towardsNoisyData(
  data: DataTerm,
  x: Tensor,
  sigma: Tensor,
  z: Tensor,
  iterations: number,
): Tensor {
  const residual = residualImage(data, sub(x, mul(sigma, z)));
  return regularisedInverse(data, residual, rho(data, sigma), iterations);
}

/**
 * Gradient with respect to x of |y - A(D)|^2 / 2, through the denoiser: value and derivative are one
 * graph. It needs the forward model only, which need not be linear; steps have the derivative of the
 * operator's linear stand-in.
 * @param denoised D, made from `x`
 */
export function residualGradient(
  { y, operator }: Pick<DataTerm, "y" | "operator">,
  denoised: Tensor,
  x: Tensor,
): Tensor {
  const predicted = operator.forward(denoised);
  const measured = operator.nonlinear?.(denoised) ?? predicted;
  return vjp([predicted], [x], [sub(measured, y)])[0];
}

/**
 * Score of the data given x, `J^T A^H (sigma^2 A J A^H + sigma_y^2)^-1 (y - A D)` with J = dD/dx: x0 given
 * x is taken to be normal around D with the covariance that the denoiser itself states, sigma^2 J. Exact
 * for normal priors. Rozet et al., Learning diffusion priors from observations by expectation maximization,
 * NeurIPS 2024.
 * @param denoised D, made from `x` at the noise level `sigma`
 * @param options `iterations` of the inverse, each of which is a VJP; `ridge`, which is added to sigma_y^2 in
 *   units of sigma^2, for denoisers whose J is not quite symmetric. Default 0
 */
export function likelihoodScore(
  { operator, y, sigma: sigmaY }: Pick<DataTerm, "operator" | "y" | "sigma">,
  denoised: Tensor,
  { x, sigma }: { readonly x: Tensor; readonly sigma: Tensor },
  { iterations, ridge = 0 }: { readonly iterations: number; readonly ridge?: number },
): Tensor {
  const pulled = (r: Tensor) => vjp([denoised], [x], [operator.adjoint(r)])[0];
  const floor = add(mul(sigmaY, sigmaY), mul(mul(sigma, sigma), ridge));
  const covariance = (r: Tensor) =>
    add(operator.forward(mul(mul(sigma, sigma), pulled(r))), mul(floor, r));
  const predicted = operator.nonlinear?.(denoised) ?? operator.forward(denoised);
  return pulled(orthogonalisedGradients(covariance, sub(y, predicted), iterations, floor));
}

/**
 * The assumed variance of x0 given x, r^2 = sigma^2 s^2 / (sigma^2 + s^2), for images with the standard
 * deviation s in each component. Published with s = 1: sigma^2 / (1 + sigma^2).
 */
export function posteriorVariance(sigma: Tensor, sigmaData: number): Tensor {
  const variance = mul(sigma, sigma);
  return div(mul(variance, sigmaData ** 2), add(variance, sigmaData ** 2));
}
