/** The optimiser of samplers that minimise. @module */
import { add, div, mul, pow, sqrt, sub, type Tensor } from "../graph/mod.ts";

/** Decay of the mean and of the square of the gradient, as in the official code of RED-diff. */
const BETA = { mean: 0.9, square: 0.99 };
/** Added to the root of the square (Kingma and Ba 2015). */
const EPSILON = 1e-8;

/** What Adam keeps from step to step; mean and square are zero at first. */
export interface AdamState {
  /** What is optimised. */
  readonly x: Tensor;
  /** Running mean of the gradient. */
  readonly mean: Tensor;
  /** Running mean of its square. */
  readonly square: Tensor;
}

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1).
 * @param count number of the step, from 1
 * @param rate step size
 */
export function adam(
  { x, mean: m, square: v }: AdamState,
  gradient: Tensor,
  { count, rate }: { readonly count: Tensor; readonly rate: Tensor | number },
): AdamState {
  const mean = add(mul(m, BETA.mean), mul(gradient, 1 - BETA.mean));
  const square = add(mul(v, BETA.square), mul(mul(gradient, gradient), 1 - BETA.square));
  const unbiased = (average: Tensor, beta: number) => div(average, sub(1, pow(beta, count)));
  const size = add(sqrt(unbiased(square, BETA.square)), EPSILON);
  return { x: sub(x, mul(rate, div(unbiased(mean, BETA.mean), size))), mean, square };
}
