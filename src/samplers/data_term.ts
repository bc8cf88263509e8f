/** What samplers do with the data: gradients, proximal steps, projections. @module */
import { add, div, max, mul, reshape, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { conjugateGradients, conjugateGradientsFrom } from "../mri/cg.ts";
import { innerProduct, regularised } from "../mri/operator.ts";
import type { DataTerm } from "./contract.ts";

/** A^H (y - A x) */
export function residualImage({ adjoint, operator }: DataTerm, x: Tensor): Tensor {
  return sub(adjoint, operator.normal(x));
}

/**
 * argmin |A x - y|^2 + rho |x - centre|^2, by conjugate gradients from the centre: the proximal map
 * of the data.
 * @param rho a number or `[N or 1, 1, 1, 1]`, above 0
 */
export function proximal(
  data: DataTerm,
  centre: Tensor,
  rho: Tensor | number,
  iterations: number,
): Tensor {
  // For the correction u = x - centre: (A^H A + rho) u = A^H (y - A centre).
  const apply = regularised(data.operator, rho);
  return add(centre, conjugateGradients(apply, residualImage(data, centre), iterations));
}

/**
 * {@link proximal} as its correction `u = x - centre`, begun at the correction of an earlier, similar
 * problem: few iterations then go on where that one stopped.
 * @param centre `[N, 2, H, W]`
 * @param start correction to begin with, of the same shape; zero at first
 */
export function proximalCorrection(
  data: DataTerm,
  centre: Tensor,
  rho: Tensor | number,
  iterations: number,
  start: Tensor,
): Tensor {
  const apply = regularised(data.operator, rho);
  // A^H (y - A centre) - (A^H A + rho) u, with one application of A^H A.
  const r = sub(residualImage(data, add(centre, start)), mul(start, rho));
  return conjugateGradientsFrom(apply, start, r, iterations);
}

/** Smallest rho of {@link balance}, for data without noise. */
const LEAST_RHO = 1e-8;

/** rho = weight sigma_y^2 / sigma^2: what an image of deviation sigma weighs against the data. */
export function balance(data: DataTerm, sigma: Tensor, weight: number): Tensor {
  const ratio = div(data.sigma, sigma);
  return max(mul(mul(ratio, ratio), weight), LEAST_RHO);
}

/** (A^H A + weight I)^-1 b by conjugate gradients from zero. */
export function regularisedInverse(
  { operator }: Pick<DataTerm, "operator">,
  b: Tensor,
  weight: Tensor | number,
  iterations: number,
): Tensor {
  return conjugateGradients(regularised(operator, weight), b, iterations);
}

/** Ridge that keeps pseudo-inverses finite, relative to the unit norm of the maps. */
const RIDGE = 1e-4;

/**
 * A^+ r for a residual's A^H r, by conjugate gradients: the smallest change of the image that explains
 * the residual. With a small ridge, so that what coils barely see is left alone.
 * @param ridge added to that, for data with noise: directions with s^2 below it count as not measured
 */
export function pseudoInverse(
  data: DataTerm,
  b: Tensor,
  iterations: number,
  ridge?: Tensor,
): Tensor {
  return regularisedInverse(data, b, ridge === undefined ? RIDGE : add(ridge, RIDGE), iterations);
}

/** Keeps the norm's derivative finite at zero. */
const TINY = 1e-20;

/** |y - A x| of each element, `[N, 1, 1, 1]`. */
export function residualNorm({ samples, operator }: DataTerm, x: Tensor): Tensor {
  const difference = sub(operator.forward(x), samples);
  const square = innerProduct(difference, difference);
  return reshape(sqrt(add(square, TINY)), [x.shape[0], 1, 1, 1]);
}

/** A^H (w y) for weights w of the samples. */
export function weightedAdjoint(data: DataTerm, weights: Tensor | number): Tensor {
  return data.operator.adjoint(mul(data.samples, weights));
}
