/** The image around that of a network: data, total variation, and the network's image. @module */
import { tvIteration, type TvState } from "../../classical/tv.ts";
import { add, div, mul, reduceSum, type Runtime, type Tensor } from "../../graph/mod.ts";
import { compileLoop, inputsOf, type LoopCall, runLoop } from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { type NdArray, SCALAR, scalar, zeros } from "../../ndarray.ts";
import { allOf, keptOf, pairedGain } from "../../mri/sampling/hold_back.ts";
import { residualOf } from "./fit.ts";

/** Iterations, as many as those of `tv`, and how many are one graph. */
const ITERATIONS = 40, UNROLLED = 5;

/** Weights of the network's image that are tried; without it the result is that of `tv`. */
export const PULLS: readonly number[] = [0.005, 0.02, 0.05, 0.1, 0.2];
/** Standard errors by which a pull must lower the error: few lines are held back, and chance misleads. */
const SURE = 3;

/** The last step of the untrained methods, compiled. */
export interface Around {
  /**
   * The image `[1, 2 S, H, W]` around that of a network, from the samples that are kept.
   * @param kept 1 for these, 0 for others
   * @param weight of total variation
   * @param around the network's image and its weight. Default of the weight: 0, the image of `tv`
   */
  image(
    problem: Problem,
    kept: NdArray,
    weight: number,
    around?: {
      readonly network?: NdArray;
      readonly pull?: number;
      readonly control?: RunControl;
    },
  ): Promise<NdArray>;
  /**
   * The image around the network's, with the pull that agrees best with the samples held
   * back, or without any where none is better by more than chance. These samples were left out for the
   * choice; the image is of all.
   * @param held 1 for samples held back, 0 for others
   * @param weight of total variation
   */
  solve(
    problem: Problem,
    network: { readonly image: NdArray; readonly held: NdArray },
    weight: number,
    control?: RunControl,
  ): Promise<{ image: NdArray; pull: number }>;
}

/**
 * Compiles
 * ```
 * x = argmin 1/2 |A x - y|^2 + weight TV(x) + pull / 2 |x - network|^2
 * ```
 * by the iteration of `tv`. Divided by 1 + pull its quadratic part has the norm that POGM requires.
 */
export async function compileAround(
  runtime: Runtime,
  name: string,
  measurement: Measurement,
  held: NdArray["shape"],
): Promise<Around> {
  const { y, inputs, image, sets = 1 } = measurement, shape = [1, 2 * sets, ...image];
  const given = inputsOf({
    ...{ y, ...inputs, kept: held, network: shape, pull: SCALAR, weight: SCALAR },
  });
  const operator = measurement.operator(given, 1);
  const part = div(1, add(1, given.pull));
  const problem = {
    operator: {
      ...operator,
      normal: (x: Tensor) =>
        mul(part, add(operator.adjoint(mul(given.kept, operator.forward(x))), mul(given.pull, x))),
    },
    adjoint: mul(
      part,
      add(operator.adjoint(mul(given.kept, given.y)), mul(given.pull, given.network)),
    ),
    weight: mul(part, given.weight),
  };
  const variables = ({ ...state }: TvState) => state as unknown as Record<string, Tensor>;
  const first = variables(tvIteration.start(problem));
  const start = await compileLoop(runtime, given, {}, { ...first, adjoint: problem.adjoint });
  const before = inputsOf(
    Object.fromEntries(Object.entries(first).map(([key, { shape }]) => [key, shape])),
  );
  const { adjoint } = inputsOf({ adjoint: shape });
  let state = before as unknown as TvState;
  for (let i = 0; i < UNROLLED; i++) state = tvIteration.step({ ...problem, adjoint }, state);
  const step = await compileLoop(
    runtime,
    { ...given, ...before, adjoint },
    before,
    variables(state),
  );
  const judge = await compileMisfit(runtime, measurement, held);
  const calls = (sigma: number): LoopCall[] => [
    { program: start, step: 0, sigma },
    ...Array.from(
      { length: ITERATIONS / UNROLLED },
      (_, i): LoopCall => ({ program: step, step: (i + 1) * UNROLLED, sigma }),
    ),
  ];
  const solved: Around["image"] = (
    { y, inputs, sigma },
    kept,
    weight,
    { network = zeros(shape), pull = 0, control } = {},
  ) =>
    runLoop({
      ...{ method: name, steps: ITERATIONS, state: {}, calls: calls(sigma) },
      fixed: { y, ...inputs, kept, network, pull: scalar(pull), weight: scalar(weight) },
    }, { signal: control?.signal });
  return {
    image: solved,
    async solve(problem, { image, held }, weight, control) {
      const { y, inputs } = problem;
      const rows = Array.from({ length: held.shape[0] }, (_, row) => row).filter((row) =>
        held.data[row * held.shape[1]] > 0 || held.shape[1] > 1
      );
      const errorsAt = async (pull: number): Promise<number[]> => {
        const x = await solved(problem, keptOf(held), weight, { network: image, pull, control });
        const { errors } = await judge.run({ y, ...inputs, x, held });
        return rows.map((row) => errors.data[row]);
      };
      const without = await errorsAt(0);
      let best = { pull: 0, gain: 0 };
      for (const pull of PULLS) {
        const { gain, gainError } = pairedGain(without, await errorsAt(pull));
        if (gain > best.gain && gain > SURE * gainError) best = { pull, gain };
      }
      const { pull } = best;
      return {
        image: await solved(problem, allOf(held), weight, { network: image, pull, control }),
        pull,
      };
    },
  };
}

/** Squared misfit of an image on the samples held back, in each row of y. */
function compileMisfit(runtime: Runtime, measurement: Measurement, held: NdArray["shape"]) {
  const { y, inputs, image, sets = 1 } = measurement;
  const shapes = { y, ...inputs, held, x: [1, 2 * sets, ...image] };
  return runtime.build<string, "errors">(shapes, ({ x, y, held, ...arrays }) => {
    const residual = residualOf(measurement.operator(arrays, 1), x, y);
    return { errors: reduceSum(mul(held, mul(residual, residual)), [0, 1, 2, 4]) };
  });
}
