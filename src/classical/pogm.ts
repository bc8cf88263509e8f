/**
 * The proximal optimised gradient method, for 1/2 |A x - y|^2 + g(x): FISTA with a worst case half
 * as large (Taylor, Hendrickx and Glineur 2017, SIAM J Optim 27:1283-1313; as algorithm POGM in Kim
 * and Fessler 2018, J Optim Theory Appl 178:240-263).
 *
 * With maps of unit sum of squares and an orthonormal Fourier transform |A| <= 1, so that the
 * Lipschitz constant L is 1 and needs no search.
 * @module
 */
import { add, constant, div, mul, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { conjugateGradients } from "../mri/physics/cg.ts";
import { regularised } from "../mri/physics/operator.ts";
import type { LinearProblem } from "./iteration.ts";
import { scalar } from "../ndarray.ts";

/** CG-SENSE iterations that the method starts from. */
const WARM_START_STEPS = 6;

/** What a proximal map is taken of. Images are `[1, 2, H, W]`, numbers `[1, 1, 1, 1]`. */
export interface PogmPoint {
  /** Gradient step w_k. */
  readonly w: Tensor;
  /** Extrapolated point z_k, of which x_k is the proximal map. */
  readonly z: Tensor;
  /** Momentum theta_k. */
  readonly theta: Tensor;
  /** Step size gamma_k, a factor on the weight of the proximal map; tends to 3. */
  readonly gamma: Tensor;
}

export interface PogmState extends PogmPoint {
  /** Estimate x_k. */
  readonly x: Tensor;
}

/** The state before the first iteration: a few iterations of CG-SENSE with the method's weight. */
export function pogmStart({ operator, adjoint, weight }: LinearProblem): PogmState {
  const x = conjugateGradients(regularised(operator, weight), adjoint, WARM_START_STEPS);
  const one = constant(scalar(1));
  return { x, w: x, z: x, theta: one, gamma: one };
}

/** An iteration but for its last line, x_k = prox(z_k) with gamma_k times the weight. */
export function pogmPoint({ operator, adjoint }: LinearProblem, last: PogmState): PogmPoint {
  const theta = mul(0.5, add(1, sqrt(add(1, mul(4, mul(last.theta, last.theta))))));
  const gamma = div(sub(add(mul(2, last.theta), theta), 1), theta);
  const w = add(last.x, sub(adjoint, operator.normal(last.x)));
  const momentum = div(sub(last.theta, 1), theta);
  const nesterov = mul(momentum, sub(w, last.w));
  const optimised = mul(div(last.theta, theta), sub(w, last.x));
  const correction = mul(div(momentum, last.gamma), sub(last.z, last.x));
  return { w, z: add(add(w, nesterov), add(optimised, correction)), theta, gamma };
}
