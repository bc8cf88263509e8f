/**
 * The proximal optimised gradient method, for 1/2 |A x - y|^2 + g(x): FISTA with a worst case half
 * as large (Taylor, Hendrickx and Glineur 2017, SIAM J Optim 27:1283-1313; as algorithm POGM in Kim
 * and Fessler 2018, J Optim Theory Appl 178:240-263).
 *
 * With maps of unit sum of squares and an orthonormal Fourier transform |A| <= 1, so that the
 * Lipschitz constant L is 1 and needs no search.
 * @module
 */
import { add, constant, div, greater, mul, sqrt, sub, type Tensor, where } from "../graph/mod.ts";
import { conjugateGradients } from "../mri/cg.ts";
import { innerProduct, regularised } from "../mri/operator.ts";
import type { Given } from "./iteration.ts";
import { scalarInput } from "./shapes.ts";

/** CG-SENSE iterations that the method starts from. */
const WARM_START_STEPS = 6;
/** Weight of these, enough to keep noise out where the coils do not separate the aliases. */
const WARM_START_WEIGHT = 0.01;

/** What a proximal map is taken of. Images are `[1, 2, H, W]`, numbers `[1, 1, 1, 1]`. */
export interface PogmPoint {
  /** Gradient step w_k. */
  readonly w: Tensor;
  /** Extrapolated point z_k, of which x_k is the proximal map. */
  readonly z: Tensor;
  /** Momentum theta_k. */
  readonly theta: Tensor;
  /** Step size gamma_k, a factor on the weight of the proximal map. */
  readonly gamma: Tensor;
}

/** Variables of POGM. */
export interface PogmState extends PogmPoint {
  /** Estimate x_k. */
  readonly x: Tensor;
  /** Step along the gradient of f + g, by which a restart is decided. */
  readonly y: Tensor;
}

/** The state before the first iteration: a few iterations of CG-SENSE. */
export function pogmStart({ operator, b }: Given): PogmState {
  const normal = regularised(operator, WARM_START_WEIGHT);
  const x = conjugateGradients(normal, b, WARM_START_STEPS);
  const one = constant(scalarInput(1));
  return { x, w: x, z: x, y: x, theta: one, gamma: one };
}

/** The first half of an iteration; the caller then takes x = prox(z) with gamma times the weight. */
export function pogmPoint({ operator, b }: Given, state: PogmState): PogmPoint {
  const { x, w: wLast, z: zLast, theta: thetaLast, gamma: gammaLast } = state;
  const theta = mul(0.5, add(1, sqrt(add(1, mul(4, mul(thetaLast, thetaLast))))));
  const gamma = div(sub(add(mul(2, thetaLast), theta), 1), theta);
  const w = add(x, sub(b, operator.normal(x)));
  const momentum = div(sub(thetaLast, 1), theta);
  const nesterov = mul(momentum, sub(w, wLast));
  const optimised = mul(div(thetaLast, theta), sub(w, x));
  const correction = mul(div(momentum, gammaLast), sub(zLast, x));
  return { w, z: add(add(w, nesterov), add(optimised, correction)), theta, gamma };
}

/**
 * The second half: takes x = prox(z) and forgets the momentum where it points uphill (the gradient
 * restart of Kim and Fessler 2018, section 4.2; O'Donoghue and Candes 2015).
 */
export function pogmAccept(last: PogmState, point: PogmPoint, x: Tensor): PogmState {
  const y = add(point.w, div(sub(x, point.z), point.gamma));
  const uphill = greater(innerProduct(sub(last.x, y), sub(y, last.y)), 0);
  return { ...point, x, y, theta: where(uphill, 1, point.theta) };
}
