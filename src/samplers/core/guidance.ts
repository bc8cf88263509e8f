/** What the samplers that follow the gradient of the likelihood share. @module */
import { add, div, max, mul, sub, type Tensor, vjp } from "../../graph/mod.ts";
import type { DataTerm } from "./contract.ts";
import { regularisedInverse, residualImage } from "./data_term.ts";

/** Smallest variance that is divided by, for the last step. */
const TINY = 1e-8;

/**
 * Smallest ridge: past convergence, conjugate gradients in float32 multiply the rounding of what is not
 * measured by one over the ridge.
 */
const LEAST_RATIO = 1e-4;

/**
 * The variance that x0 is taken to have once x is known, r^2 = sigma^2 s^2 / (sigma^2 + s^2), for images
 * of deviation s in each component. Published with s = 1: sigma^2 / (1 + sigma^2).
 */
export function posteriorVariance(sigma: Tensor, sigmaData: number): Tensor {
  const variance = mul(sigma, sigma);
  return div(mul(variance, sigmaData ** 2), add(variance, sigmaData ** 2));
}

/** sigma_y^2 / variance, above 0 for data without noise: the weight of an image of that variance against the data. */
export function noiseRatio(data: DataTerm, variance: Tensor): Tensor {
  return max(div(mul(data.sigma, data.sigma), max(variance, TINY)), LEAST_RATIO);
}

/**
 * Gradient with respect to x of |y - A(D)|^2 / 2, through the denoiser: value and derivative are one
 * graph. It needs the forward model only, which need not be linear.
 * @param denoised D, made from `x`
 */
export function residualGradient(
  { y, operator }: Pick<DataTerm, "y" | "operator">,
  denoised: Tensor,
  x: Tensor,
): Tensor {
  const predicted = operator.forward(denoised);
  return vjp([predicted], [x], [sub(predicted, y)])[0];
}

/**
 * What brings x at noise level sigma to the data at that level, y + sigma A z:
 * `A^H (A A^H + rho)^-1 (y + sigma A z - A x)` with rho = sigma_y^2 / sigma^2. Without noise in the
 * data this is the pseudo-inverse; with it, data are not followed below their noise.
 */
export function towardsNoisyData(
  data: DataTerm,
  x: Tensor,
  sigma: Tensor,
  z: Tensor,
  iterations: number,
): Tensor {
  const residual = residualImage(data, sub(x, mul(sigma, z)));
  return regularisedInverse(data, residual, noiseRatio(data, mul(sigma, sigma)), iterations);
}
