/** Conjugate gradients inside the graph. @module */
import { add, cast, cutAfter, div, greater, max, mul, sub, type Tensor } from "../../graph/mod.ts";
import { innerProduct } from "./operator.ts";

/** Smallest curvature and residual that are divided by: past convergence the steps become zero. */
const TINY = 1e-30;

/** Steps of a part, where graphs are cut: fewer take longer to run, more take longer to compile. */
const PART_STEPS = [4, 5, 3];

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
  const steps = PART_STEPS.find((count) => iterations > count && iterations % count === 0);
  for (let i = 0; i < iterations; i++) {
    if (steps !== undefined && i % steps === 0) cutAfter(state.x, state.r, state.p);
    state = cgStep(apply, state);
  }
  if (steps !== undefined) cutAfter(state.x);
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

/**
 * Solves A x = b for an A that is not quite Hermitian, such as one with the Jacobian of a network in it:
 * the x of each Krylov space whose residual is orthogonal to that space (the full orthogonalisation method,
 * Saad 1981), each element of the batch on its own. For a Hermitian A this is
 * {@link conjugateGradients}; it keeps all directions. It stops where a direction's curvature is below
 * what is known of A (Steihaug 1983).
 * @param floor smallest eigenvalue that A can have, above 0; half of it is believed
 */
export function orthogonalisedGradients(
  apply: (x: Tensor) => Tensor,
  b: Tensor,
  iterations: number,
  floor: Tensor | number,
): Tensor {
  const before: { readonly p: Tensor; readonly ap: Tensor; readonly inverse: Tensor }[] = [];
  let x = mul(b, 0), r = b;
  for (let i = 0; i < iterations; i++) {
    let p = r, ap = apply(r);
    for (const last of before) {
      const beta = mul(innerProduct(last.p, ap), last.inverse);
      p = sub(p, mul(beta, last.p));
      ap = sub(ap, mul(beta, last.ap));
    }
    const curvature = innerProduct(p, ap);
    const least = max(mul(innerProduct(p, p), mul(floor, 0.5)), TINY);
    const inverse = div(cast(greater(curvature, least), "float32"), max(curvature, least));
    const alpha = mul(innerProduct(p, r), inverse);
    x = add(x, mul(alpha, p));
    r = sub(r, mul(alpha, ap));
    before.push({ p, ap, inverse });
  }
  return x;
}
