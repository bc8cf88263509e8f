/** Conjugate gradients inside the graph. @module */
import { add, div, max, mul, sub, type Tensor } from "../../graph/mod.ts";
import { innerProduct } from "./operator.ts";

/** Smallest curvature and residual that are divided by: past convergence the steps become zero. */
const TINY = 1e-30;

/** Where an iteration of conjugate gradients stands. */
export interface CgState {
  readonly x: Tensor;
  /** Residual b - A x. */
  readonly r: Tensor;
  /** Search direction. */
  readonly p: Tensor;
}

/**
 * Solves A x = b for a Hermitian positive definite A by a fixed number of conjugate gradient steps
 * (Hestenes and Stiefel 1952), each element of the batch on its own.
 *
 * On planar complex tensors the real inner product is the real part of the Hermitian one, and for
 * Hermitian A the inner products that the method needs are real: no conjugation is left out.
 * @param apply A, from `[N, 2, H, W]` to the same
 * @param b right-hand side `[N, 2, H, W]`
 */
export function conjugateGradients(
  apply: (x: Tensor) => Tensor,
  b: Tensor,
  iterations: number,
): Tensor {
  return conjugateGradientsFrom(apply, mul(b, 0), b, iterations);
}

/** {@link conjugateGradients} from an estimate `x0` whose residual `r` = b - A x0 is known. */
export function conjugateGradientsFrom(
  apply: (x: Tensor) => Tensor,
  x0: Tensor,
  r: Tensor,
  iterations: number,
): Tensor {
  let state: CgState = { x: x0, r, p: r };
  for (let i = 0; i < iterations; i++) state = cgStep(apply, state);
  return state.x;
}

/** One step of conjugate gradients. */
export function cgStep(apply: (x: Tensor) => Tensor, { x, r, p }: CgState): CgState {
  const rr = innerProduct(r, r);
  const ap = apply(p);
  const alpha = div(rr, max(innerProduct(p, ap), TINY));
  const rNext = sub(r, mul(alpha, ap));
  const beta = div(innerProduct(rNext, rNext), max(rr, TINY));
  return { x: add(x, mul(alpha, p)), r: rNext, p: add(rNext, mul(beta, p)) };
}
