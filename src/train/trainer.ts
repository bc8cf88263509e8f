/**
 * The training step: loss, gradient, optimiser and average of the weights in one graph.
 * @module
 */
import {
  concat,
  type InputShapes,
  type Program,
  reshape,
  type Runtime,
  scalar,
  slice,
  type Tensor,
  vjp,
} from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import type { Progress } from "./checkpoint.ts";
import {
  adamwStep,
  type OptimizerOptions,
  STATE_VECTORS,
  type StateVector,
  STEP_SCALARS,
  stepScalars,
} from "./optimizer.ts";
import {
  countParameters,
  flatScope,
  flatten,
  initialParameters,
  type Parameters,
  type ParameterSpec,
  type Scope,
  tensorsOf,
} from "../nn/parameters.ts";

/** The loss as a function of the weights and the arrays of a batch. */
export interface Objective<I extends string> {
  /** Parameters of the network, in the order of the flat vector. */
  readonly specs: readonly ParameterSpec[];
  /** Shapes of the arrays of a batch. */
  readonly inputs: InputShapes<I>;
  /** The loss, `[]`. */
  loss(scope: Scope, batch: Record<I, Tensor>): Tensor;
}

/** Steps done, weights and moments. */
export type TrainingState = Readonly<Record<StateVector, Float32Array> & { step: number }>;

/** The state before the first step. */
export function initialState(weights: Float32Array): TrainingState {
  const zeros = () => new Float32Array(weights.length);
  return { step: 0, weights, mean: zeros(), square: zeros(), average: weights.slice() };
}

/** The first weights of a run draw from this stream of its seed. */
const WEIGHTS_STREAM = 1;

/** A run before its first step, with random weights unless some are given. */
export function firstProgress(
  specs: readonly ParameterSpec[],
  seed: number,
  parameters: Parameters = initialParameters(specs, new Rng(seed, WEIGHTS_STREAM)),
): Progress {
  return { state: initialState(flatten(specs, parameters)), seconds: 0, history: [] };
}

/** Measurements of one step. */
export interface StepReport {
  /** Loss of the batch, before the step. */
  readonly loss: number;
  /** Euclidean norm of the gradient, before clipping. */
  readonly norm: number;
}

/** A compiled training step. */
export interface Trainer<I extends string> {
  /**
   * One step.
   * @throws {Error} when the loss or the gradient is not finite
   */
  step(
    state: TrainingState,
    batch: Readonly<Record<I, NdArray>>,
    learningRate: number,
  ): Promise<{ state: TrainingState; report: StepReport }>;
}

/** Compiles the training step of an objective. */
export async function compileTrainer<I extends string>(
  runtime: Runtime,
  { specs, inputs, loss }: Objective<I>,
  options: OptimizerOptions = {},
): Promise<Trainer<I>> {
  const count = countParameters(specs);
  const state = Object.fromEntries(STATE_VECTORS.map((name) => [name, [count]]));
  const shapes = { ...inputs, ...state, scalars: [STEP_SCALARS] } as Record<string, number[]>;
  const program = await runtime.build(shapes, (tensors): Record<string, Tensor> => {
    const scope = flatScope(specs, tensors.weights);
    const value = loss(scope, tensors as Record<I, Tensor>);
    const gradient = flatGradient(specs, scope, value);
    const scalars = Array.from(
      { length: STEP_SCALARS },
      (_, i) => slice(tensors.scalars, 0, i, i + 1),
    );
    const current = tensors as Record<StateVector, Tensor>;
    const next = adamwStep(specs, current, gradient, scalars, options);
    return {
      loss: value,
      norm: next.norm,
      ...Object.fromEntries(STATE_VECTORS.map((name) => [`next_${name}`, next[name]])),
    };
  });
  return { step: (state, batch, rate) => runStep(program, state, batch, rate, options) };
}

/** Gradient of the loss for all parameters, joined to one vector `[P]`. */
export function flatGradient(
  specs: readonly ParameterSpec[],
  scope: Scope,
  loss: Tensor,
): Tensor {
  const gradients = vjp([loss], tensorsOf(specs, scope), [scalar(1)]);
  return concat(gradients.map((gradient) => reshape(gradient, [-1])), 0);
}

async function runStep(
  program: Program,
  state: TrainingState,
  batch: Readonly<Record<string, NdArray>>,
  learningRate: number,
  options: OptimizerOptions,
): Promise<{ state: TrainingState; report: StepReport }> {
  const step = state.step + 1;
  const scalars = stepScalars(step, learningRate, options);
  const vector = (data: Float32Array): NdArray => ({ data, shape: [data.length] });
  const feeds: Record<string, NdArray> = { ...batch, scalars: vector(scalars) };
  for (const name of STATE_VECTORS) feeds[name] = vector(state[name]);
  const out = await program.run(feeds);
  const report = { loss: out.loss.data[0], norm: out.norm.data[0] };
  if (!Number.isFinite(report.loss) || !Number.isFinite(report.norm)) {
    throw new Error(
      `Training diverged at step ${step}: loss ${report.loss}, gradient norm ${report.norm}`,
    );
  }
  const next = Object.fromEntries(STATE_VECTORS.map((name) => [name, out[`next_${name}`].data]));
  return { state: { step, ...next as Record<StateVector, Float32Array> }, report };
}
