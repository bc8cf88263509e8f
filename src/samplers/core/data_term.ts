/** What samplers do with the data: gradients, proximal steps, projections. @module */
import { add, div, max, mul, reshape, sqrt, sub, type Tensor } from "../../graph/mod.ts";
import { innerProduct } from "../../mri/physics/operator.ts";
import {
  proximal,
  proximalCorrection,
  regularisedInverse,
  residualImage,
} from "../../mri/physics/proximal.ts";
import type { DataTerm } from "./contract.ts";

export { proximal, proximalCorrection, regularisedInverse, residualImage };

/** Smallest rho of {@link balance}, for data without noise. */
const LEAST_RHO = 1e-8;

/** rho = weight sigma_y^2 / sigma^2: what an image of deviation sigma weighs against the data. */
export function balance(data: DataTerm, sigma: Tensor, weight: number): Tensor {
  const ratio = div(data.sigma, sigma);
  return max(mul(mul(ratio, ratio), weight), LEAST_RHO);
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
export function residualNorm({ y, operator }: DataTerm, x: Tensor): Tensor {
  const difference = sub(operator.forward(x), y);
  const square = innerProduct(difference, difference);
  return reshape(sqrt(add(square, TINY)), [x.shape[0], 1, 1, 1]);
}
