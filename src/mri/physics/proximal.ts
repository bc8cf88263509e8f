/** Least squares with a linear operator inside the graph: gradients, proximal steps, inverses. @module */
import { add, mul, sub, type Tensor } from "../../graph/mod.ts";
import { conjugateGradients, conjugateGradientsFrom } from "./cg.ts";
import { type LinearOperator, regularised } from "./operator.ts";

/** The data of least squares: |A x - y|^2. */
export interface LeastSquares {
  /** A */
  readonly operator: LinearOperator;
  /** A^H y, `[1, 2, H, W]` or one for each image. */
  readonly adjoint: Tensor;
  /** y, which an operator that is not linear needs. */
  readonly y?: Tensor;
}

/** A^H (y - A x), or A^H (y - h(x)) of an operator that is not linear. */
export function residualImage({ adjoint, operator, y }: LeastSquares, x: Tensor): Tensor {
  if (operator.nonlinear === undefined || y === undefined) return sub(adjoint, operator.normal(x));
  return operator.adjoint(sub(y, operator.nonlinear(x)));
}

/**
 * argmin |A x - y|^2 + rho |x - centre|^2, by conjugate gradients from the centre: the proximal map
 * of the data.
 * @param rho a number or `[N or 1, 1, 1, 1]`, above 0
 */
export function proximal(
  data: LeastSquares,
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
  data: LeastSquares,
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

/** (A^H A + weight I)^-1 b by conjugate gradients from zero. */
export function regularisedInverse(
  { operator }: Pick<LeastSquares, "operator">,
  b: Tensor,
  weight: Tensor | number,
  iterations: number,
): Tensor {
  return conjugateGradients(regularised(operator, weight), b, iterations);
}

/**
 * Tikhonov weights of |A x - y|^2 + weight |x|^2, by what its image is for. They suppose bright tissue of
 * about 1.
 */
export const TIKHONOV = {
  /**
   * An image to look at (`sense`). Found on validation slices, see `classical/weights.ts`: it grows with
   * the noise that the undersampling amplifies.
   */
  image: (sigma: number, acceleration: number): number => 0.3 * sigma * Math.sqrt(acceleration),
  /**
   * An image that an iteration starts from: about that of `image` at R=3, for operators of which no
   * acceleration is known. The floor keeps noiseless data from being inverted where no coil sees them.
   */
  start: { perSigma: 0.5, floor: 1e-3, iterations: 15 },
  /** A fit whose residual is looked at: so small that it leaves no residual of its own. */
  residual: { weight: 1e-4, iterations: 24 },
} as const;

/**
 * The regularised least-squares image that iterations start from.
 * @param sigma noise of the samples, `[1 or N, 1, 1, 1]`
 */
export function leastSquaresImage(data: LeastSquares, sigma: Tensor): Tensor {
  const { perSigma, floor, iterations } = TIKHONOV.start;
  return regularisedInverse(data, data.adjoint, add(mul(sigma, perSigma), floor), iterations);
}
