/**
 * AdamW with gradient clipping and a moving average of the weights, as a graph on flat vectors.
 * @module
 */
import { add, constantOf, div, min, mul, reduceL2, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { countParameters, type ParameterSpec } from "../nn/parameters.ts";
import { sizeOf } from "../ndarray.ts";

/** Constants of the optimiser. */
export const OPTIMIZER_DEFAULTS = {
  /** Decay of the mean gradient. */
  beta1: 0.9,
  /** Decay of the mean squared gradient; short runs must adapt quickly. */
  beta2: 0.99,
  /** Added to the root of the squared gradient. */
  epsilon: 1e-8,
  /** Weight decay of the kernels (not of biases), times the learning rate. */
  weightDecay: 0.01,
  /** Largest Euclidean norm of the whole gradient. */
  maxNorm: 1,
  /** Decay of the moving average of the weights after the first steps. */
  emaDecay: 0.998,
};
/** Constants that differ from {@link OPTIMIZER_DEFAULTS}. */
export type OptimizerOptions = Partial<typeof OPTIMIZER_DEFAULTS>;

/**
 * The vectors of a training state, each with one value per parameter: weights, mean gradient, mean
 * squared gradient, and the moving average of the weights, which becomes the model.
 */
export const STATE_VECTORS = ["weights", "mean", "square", "average"] as const;
/** Name of a vector of a training state. */
export type StateVector = typeof STATE_VECTORS[number];
/** State of the optimiser, each `[P]`. */
export type OptimizerState = Readonly<Record<StateVector, Tensor>>;

/** Number of values that {@link stepScalars} returns. */
export const STEP_SCALARS = 4;

/**
 * Scalars of a step: learning rate, bias corrections of both moments, decay of the average.
 * @param step from 1
 */
export function stepScalars(
  step: number,
  learningRate: number,
  options: OptimizerOptions = {},
): Float32Array {
  const { beta1, beta2, emaDecay } = { ...OPTIMIZER_DEFAULTS, ...options };
  // The average follows closely at first (as in TensorFlow's ExponentialMovingAverage).
  const keep = Math.min(emaDecay, step / (step + 9));
  return Float32Array.of(learningRate, 1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), keep);
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) on the clipped gradient, then of the
 * moving average of the weights.
 * @param gradient `[P]`
 * @param scalars `[STEP_SCALARS]` tensors, each `[1]`
 * @returns the next state, and the gradient's norm `[]` before clipping
 */
export function adamwStep(
  specs: readonly ParameterSpec[],
  state: OptimizerState,
  gradient: Tensor,
  [rate, correctMean, correctSquare, keep]: readonly Tensor[],
  options: OptimizerOptions = {},
): OptimizerState & { readonly norm: Tensor } {
  const { beta1, beta2, epsilon, weightDecay, maxNorm } = { ...OPTIMIZER_DEFAULTS, ...options };
  const norm = reduceL2(gradient);
  const clipped = mul(gradient, min(div(maxNorm, add(norm, 1e-12)), 1));
  const mean = blend(state.mean, clipped, beta1);
  const square = blend(state.square, mul(clipped, clipped), beta2);
  const size = add(sqrt(mul(square, correctSquare)), epsilon);
  const direction = div(mul(mean, correctMean), size);
  const decay = mul(decayMask(specs, weightDecay), state.weights);
  const weights = sub(state.weights, mul(rate, add(direction, decay)));
  const average = add(weights, mul(keep, sub(state.average, weights)));
  return { weights, mean, square, average, norm };
}

function blend(before: Tensor, now: Tensor, keep: number): Tensor {
  return add(mul(before, keep), mul(now, 1 - keep));
}

/** The decay of each value: that of kernels; biases and scales (one axis) have none. */
function decayMask(specs: readonly ParameterSpec[], decay: number): Tensor {
  const mask = new Float32Array(countParameters(specs));
  let start = 0;
  for (const { shape } of specs) {
    const end = start + sizeOf(shape);
    if (shape.length > 1) mask.fill(decay, start, end);
    start = end;
  }
  return constantOf(mask, [mask.length]);
}
