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
import { conjugateGradients } from "../mri/cg.ts";
import { regularised } from "../mri/operator.ts";
import type { Given, State } from "./iteration.ts";
import { scalarInput } from "./shapes.ts";

/** CG-SENSE iterations that the method starts from. */
const WARM_START_STEPS = 6;
/** Weight of these, enough to keep noise out where the coils do not separate the aliases. */
const WARM_START_WEIGHT = 0.01;

/** Variables of POGM. Images are `[1, 2, H, W]`, numbers `[1, 1, 1, 1]`. */
export interface PogmState extends State {
  /** Estimate x_k. */
  readonly x: Tensor;
  /** Gradient step w_k. */
  readonly w: Tensor;
  /** Extrapolated point z_k, of which x_k is the proximal map. */
  readonly z: Tensor;
  /** Momentum theta_k. */
  readonly theta: Tensor;
  /** Step size gamma_k, a factor on the weight of the proximal map. */
  readonly gamma: Tensor;
}

/** The state before the first iteration: a few iterations of CG-SENSE. */
export function pogmStart({ operator, b }: Given): PogmState {
  const normal = regularised(operator, WARM_START_WEIGHT);
  const x = conjugateGradients(normal, b, WARM_START_STEPS);
  const one = constant(scalarInput(1));
  return { x, w: x, z: x, theta: one, gamma: one };
}

/**
 * One iteration without its last line, x_k = prox(z_k) with weight gamma_k, which the caller adds.
 */
export function pogmPoint(
  { operator, b }: Given,
  { x, w, z, theta, gamma }: PogmState,
): Omit<PogmState, "x"> {
  const thetaNext = mul(0.5, add(1, sqrt(add(1, mul(4, mul(theta, theta))))));
  const gammaNext = div(sub(add(mul(2, theta), thetaNext), 1), thetaNext);
  const wNext = add(x, sub(b, operator.normal(x)));
  const momentum = div(sub(theta, 1), thetaNext);
  const nesterov = mul(momentum, sub(wNext, w));
  const optimised = mul(div(theta, thetaNext), sub(wNext, x));
  const correction = mul(div(momentum, gamma), sub(z, x));
  return {
    w: wNext,
    z: add(add(wNext, nesterov), add(optimised, correction)),
    theta: thetaNext,
    gamma: gammaNext,
  };
}
