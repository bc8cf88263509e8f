/**
 * The loop that all iterative methods share: a graph that starts, a graph that holds several
 * unrolled iterations, and the calls between which progress is told and a signal is heard.
 * @module
 */
import type { Program, Runtime, Shape, Tensor } from "../graph/mod.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { LinearOperator } from "../mri/physics/operator.ts";
import type { Problem, RunControl, SamplingGeometry, Solver } from "../method/problem.ts";
import { type NdArray, onlyOf, SCALAR, scalar } from "../ndarray.ts";

/** Iterations in one graph: enough that a call costs nothing, few enough to stop soon. */
const UNROLLED = 5;

/** What an iteration knows of the problem, as symbolic tensors. */
export interface Given {
  /** A, from images `[1, 2, H, W]` to samples. */
  readonly operator: LinearOperator;
  /** A^H y, `[1, 2, H, W]`. */
  readonly b: Tensor;
  /** Regularisation weight, `[1, 1, 1, 1]`. */
  readonly weight: Tensor;
}

/** Variables of an iteration: tensors by name. */
export interface State {
  /** Estimate, `[1, 2, H, W]`. */
  readonly x: Tensor;
}

const variables = (state: State) => Object.entries<Tensor>({ ...state });

/** An iterative method. */
export interface Iteration<S extends State> {
  /** Variables before the first iteration. */
  start(given: Given): S;
  /** One iteration. */
  step(given: Given, state: S): S;
}

/** How often to iterate, and with what weight. */
export interface IterationOptions {
  /** Iterations. */
  readonly steps: number;
  /** The weight for a problem. */
  weightOf(problem: Problem): number;
}

type Arrays = Readonly<Record<string, NdArray>>;

/** Names of outputs differ from those of the inputs they are fed back to. */
const next = (name: string) => `${name}Next`;

/**
 * Compiles an iteration for a geometry.
 * @throws {RangeError} when `steps` is not a positive whole number
 */
export async function iterativeSolver<S extends State>(
  runtime: Runtime,
  geometry: SamplingGeometry,
  iteration: Iteration<S>,
  { steps, weightOf }: IterationOptions,
): Promise<Solver> {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(
      `Cannot iterate ${steps} times: a positive whole number of steps is required`,
    );
  }
  const { program: start, shapes } = await compileStart(runtime, geometry, iteration);
  const calls = callLengths(steps);
  const programs = new Map<number, Program>();
  for (const length of new Set(calls)) {
    programs.set(length, await compileSteps(runtime, geometry, iteration, shapes, length));
  }
  return {
    nfe: 0,
    steps,
    async solve(problem, control: RunControl = {}) {
      const { y, inputs } = problem;
      const weight = scalar(weightOf(problem));
      control.signal?.throwIfAborted();
      const { b, ...first } = await start.run({ y, ...inputs, weight });
      let state: Arrays = first;
      let done = 0;
      for (const length of calls) {
        control.signal?.throwIfAborted();
        const results = await programs.get(length)!.run({ ...inputs, weight, b, ...state });
        state = Object.fromEntries(Object.keys(shapes).map((name) => [name, results[next(name)]]));
        control.onProgress?.((done += length) / steps);
      }
      return onlyOf(state.x);
    },
  };
}

/** Steps of each call: as few calls as `UNROLLED` allows, of at most two lengths. */
function callLengths(steps: number): number[] {
  const calls = Math.ceil(steps / UNROLLED);
  const shorter = Math.floor(steps / calls);
  return Array.from({ length: calls }, (_, i) => i < steps % calls ? shorter + 1 : shorter);
}

async function compileStart<S extends State>(
  runtime: Runtime,
  geometry: SamplingGeometry,
  iteration: Iteration<S>,
): Promise<{ program: Program; shapes: Record<string, Shape> }> {
  let shapes: Record<string, Shape> = {};
  const { y, inputs, operator: operatorOf } = mriMeasurement(geometry);
  const program: Program = await runtime.build<string, string>(
    { y, ...inputs, weight: SCALAR },
    ({ y, weight, ...arrays }) => {
      const operator = operatorOf(arrays, 1);
      const b = operator.adjoint(y);
      const state = iteration.start({ operator, b, weight });
      shapes = Object.fromEntries(variables(state).map(([name, { shape }]) => [name, shape]));
      return { b, ...Object.fromEntries(variables(state)) };
    },
  );
  return { program, shapes };
}

function compileSteps<S extends State>(
  runtime: Runtime,
  geometry: SamplingGeometry,
  iteration: Iteration<S>,
  shapes: Readonly<Record<string, Shape>>,
  count: number,
): Promise<Program> {
  const { image, inputs, operator } = mriMeasurement(geometry);
  const known = { ...inputs, weight: SCALAR, b: [1, 2, ...image], ...shapes };
  return runtime.build<string, string>(known, ({ weight, b, ...tensors }) => {
    const first = Object.fromEntries(Object.keys(shapes).map((name) => [name, tensors[name]]));
    const given: Given = { operator: operator(tensors, 1), b, weight };
    let state = first as unknown as S;
    for (let i = 0; i < count; i++) state = iteration.step(given, state);
    return Object.fromEntries(variables(state).map(([name, value]) => [next(name), value]));
  });
}
