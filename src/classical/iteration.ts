/** Iterative methods: a graph that starts, and graphs of several unrolled iterations. @module */
import type { Tensor } from "../graph/mod.ts";
import {
  compileLoop,
  evenParts,
  inputsOf,
  type LoopCall,
  type LoopProgram,
  runLoop,
} from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, Problem, SamplingGeometry } from "../method/problem.ts";
import type { LinearOperator } from "../mri/physics/operator.ts";
import { onlyOf, SCALAR, scalar } from "../ndarray.ts";

/** Iterations in one graph: enough that a call costs nothing, few enough to stop soon. */
const UNROLLED = 5;

/** The problem of an iteration, as symbolic tensors. */
export interface LinearProblem {
  /** A, from images `[1, 2, H, W]` to samples. */
  readonly operator: LinearOperator;
  /** A^H y, `[1, 2, H, W]`. */
  readonly adjoint: Tensor;
  /** Regularisation parameter, `[1, 1, 1, 1]`. */
  readonly weight: Tensor;
}

/** Variables of an iteration: tensors by name. */
export interface State {
  /** Estimate, `[1, 2, H, W]`. */
  readonly x: Tensor;
}

export interface Iteration<S extends State> {
  /** Variables before the first iteration. */
  start(problem: LinearProblem): S;
  step(problem: LinearProblem, state: S): S;
}

/** A method that iterates. `weightOf` gives the regularisation parameter for a problem. */
export function iterativeMethod<S extends State>(
  about: Omit<Method, "needsMaps" | "prepare">,
  { iteration, steps: usual, weightOf }: {
    readonly iteration: Iteration<S>;
    readonly steps: number;
    weightOf(problem: Problem, geometry: SamplingGeometry): number;
  },
): Method {
  return {
    ...about,
    needsMaps: true,
    async prepare(runtime, geometry, { steps = usual, weight = 1 } = {}) {
      if (!Number.isInteger(steps) || steps < 1) {
        throw new RangeError(
          `Cannot iterate ${steps} times: a positive whole number of steps is required`,
        );
      }
      const measurement = mriMeasurement(geometry);
      const given = inputsOf({ y: measurement.y, ...measurement.inputs, weight: SCALAR });
      const operator = measurement.operator(given, 1);
      const linear = { operator, weight: given.weight };
      const adjoint = operator.adjoint(given.y);
      const first = { adjoint, ...variables(iteration.start({ ...linear, adjoint })) };
      const start = await compileLoop(runtime, given, {}, first);
      const before = inputsOf(
        Object.fromEntries(Object.entries<Tensor>(first).map(([name, { shape }]) => [name, shape])),
      );
      const programs = new Map<number, LoopProgram>();
      const lengths = evenParts(steps, UNROLLED);
      for (const length of new Set(lengths)) {
        const { adjoint, ...rest } = before;
        let state = rest as unknown as S;
        for (let i = 0; i < length; i++) state = iteration.step({ ...linear, adjoint }, state);
        const inputs = { ...given, ...before };
        programs.set(length, await compileLoop(runtime, inputs, before, variables(state)));
      }
      return {
        nfe: 0,
        steps,
        async solve(problem, control) {
          const { y, inputs, sigma } = problem;
          const fixed = { y, ...inputs, weight: scalar(weight * weightOf(problem, geometry)) };
          let step = 0;
          const iterations = lengths.map((length): LoopCall => ({
            program: programs.get(length)!,
            step: step += length,
            sigma,
          }));
          const calls = [{ program: start, step: 0, sigma }, ...iterations];
          return onlyOf(
            await runLoop({ method: about.name, steps, fixed, state: {}, calls }, control),
          );
        },
      };
    },
  };
}

const variables = (state: State): Record<string, Tensor> =>
  Object.fromEntries(Object.entries<Tensor>({ ...state }));
