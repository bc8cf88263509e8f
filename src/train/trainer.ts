/**
 * The training step: loss, gradient, optimiser and average of the weights in one graph.
 * @module
 */
import {
  concat,
  type InputShapes,
  reshape,
  type Runtime,
  scalar,
  slice,
  type Tensor,
  vjp,
} from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
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

/** One step, with the loss of the batch and the Euclidean norm of the gradient before it. */
export interface TrainingStep {
  readonly state: TrainingState;
  readonly report: { readonly loss: number; readonly norm: number };
}

/** A compiled training step. */
export interface Trainer<I extends string> {
  /** @throws {Error} when the loss or the gradient is not finite */
  step(
    state: TrainingState,
    batch: Readonly<Record<I, NdArray>>,
    learningRate: number,
  ): Promise<TrainingStep>;
}

/** Compiles the training step of an objective. */
export async function compileTrainer<I extends string>(
  runtime: Runtime,
  { specs, inputs, loss }: Objective<I>,
  options: OptimizerOptions = {},
): Promise<Trainer<I>> {
  const vectors = <T>(value: (name: StateVector) => T) =>
    Object.fromEntries(STATE_VECTORS.map((name) => [name, value(name)])) as Record<StateVector, T>;
  const count = countParameters(specs);
  const shapes = { ...inputs, ...vectors(() => [count]), scalars: [STEP_SCALARS] };
  const program = await runtime.build<string, string>(shapes, (tensors) => {
    const scope = flatScope(specs, tensors.weights);
    const value = loss(scope, tensors as Record<I, Tensor>);
    const gradients = vjp([value], tensorsOf(specs, scope), [scalar(1)]);
    const gradient = concat(gradients.map((part) => reshape(part, [-1])), 0);
    const scalars = Array.from(
      { length: STEP_SCALARS },
      (_, i) => slice(tensors.scalars, 0, i, i + 1),
    );
    const current = vectors((name) => tensors[name]);
    const { norm, ...next } = adamwStep(specs, current, gradient, scalars, options);
    const renamed = STATE_VECTORS.map((name) => [`next_${name}`, next[name]]);
    return { loss: value, norm, ...Object.fromEntries(renamed) };
  });
  const vector = (data: Float32Array): NdArray => ({ data, shape: [data.length] });
  return {
    async step(state, batch, learningRate) {
      const step = state.step + 1;
      const scalars = vector(stepScalars(step, learningRate, options));
      const out = await program.run({
        ...batch,
        ...vectors((name) => vector(state[name])),
        scalars,
      });
      const report = { loss: out.loss.data[0], norm: out.norm.data[0] };
      if (!Number.isFinite(report.loss) || !Number.isFinite(report.norm)) {
        throw new Error(
          `Training diverged at step ${step}: loss ${report.loss}, gradient norm ${report.norm}`,
        );
      }
      return { state: { step, ...vectors((name) => out[`next_${name}`].data) }, report };
    },
  };
}
