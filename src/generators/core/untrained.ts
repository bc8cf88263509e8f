/** An untrained network is fitted to the data of one image, and stopped by samples held back. @module */
import { variation } from "../../classical/tv.ts";
import {
  input,
  lessOrEqual,
  min,
  mul,
  reduceSum,
  type Runtime,
  type Shape,
  sub,
  type Tensor,
  where,
} from "../../graph/mod.ts";
import {
  compileLoop,
  inputsOf,
  type LoopCall,
  type LoopProgram,
  runLoop,
} from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { type NdArray, ndarray, SCALAR, scalar, sizeOf, zeros } from "../../ndarray.ts";
import { countParameters, parameterSpecs, type Scope } from "../../nn/mod.ts";
import { keptOf } from "../../mri/sampling/hold_back.ts";
import { Rng } from "../../rng.ts";
import { stepSize } from "./contract.ts";
import {
  compileFit,
  filled,
  type Fit,
  fitCalls,
  misfit,
  residualOf,
  untrainedState,
} from "./fit.ts";

/** A network that makes one image of a fixed input. */
export interface UntrainedNetwork {
  /** Shape of its input for an image of H and W. */
  inputShape(size: Shape): Shape;
  /** How the input is drawn, one number after the other. */
  draw(rng: Rng): number;
  /** The image `[1, channels, H, W]`. */
  image(scope: Scope, z: Tensor, size: Shape, channels: number): Tensor;
}

/** Settings of a fit. */
export interface UntrainedSettings extends Readonly<Record<string, number>> {
  /** Steps of Adam. */
  readonly steps: number;
  /** Its largest step size. */
  readonly rate: number;
  /** Part of the samples that is held back. */
  readonly held: number;
}

/** Chooses samples to hold back: 1 for these, 0 for others, broadcast to y. */
export type HoldBack = (share: number, rng: Rng) => NdArray;

/** A fit, compiled. */
export interface UntrainedFit {
  /**
   * The average image `[1, 2 S, H, W]` that agreed best with the samples held back, and which these are.
   * @param weight of the total variation of the network's image. Default: 0
   */
  fit(
    problem: Problem,
    control?: RunControl,
    weight?: number,
  ): Promise<{ image: NdArray; held: NdArray }>;
}

/** How much of the average image is kept at a step. */
const KEEP = 0.97;
/** Steps between two looks at the samples held back. */
const EVERY = 10;
/** Larger than any misfit. */
const WORST = 1e30;

/**
 * Compiles the fit:
 * ```
 * theta = Adam(theta, gradient of |kept (A G(z; theta) - y)|^2 / 2 + weight TV(G(z; theta)))
 * x     = average of the last images G(z; theta)
 * best  = the x of the least |held (A x - y)|
 * ```
 * @param name of the method, for messages
 */
export async function compileUntrained(
  runtime: Runtime,
  name: string,
  measurement: Measurement,
  network: UntrainedNetwork,
  { steps, rate, held: share }: UntrainedSettings,
  holdBack: HoldBack,
): Promise<UntrainedFit> {
  const { image: size, sets = 1 } = measurement;
  const zShape = network.inputShape(size);
  const image = (scope: Scope, z: Tensor) => network.image(scope, z, size, 2 * sets);
  const specs = parameterSpecs((scope) => image(scope, input("z", zShape)));
  const heldShape = holdBack(share, new Rng(0)).shape;
  const fit: Fit = {
    ...{ measurement, batch: 1, specs, inputs: { z: zShape, kept: heldShape, weight: SCALAR } },
    image: (scope, { z }) => image(scope, z),
    penalty: (_scope, { weight }, x) => reduceSum(mul(weight, variation(x))),
  };
  const step = await compileFit(runtime, fit);
  const judge = await compileJudge(runtime, measurement, heldShape);
  const count = countParameters(specs);
  return {
    async fit({ y, inputs, sigma }, control = {}, weight = 0) {
      const rng = control.rng ?? new Rng(0);
      const held = holdBack(share, rng.split(0));
      const draws = rng.split(1);
      const z = ndarray(
        Float32Array.from({ length: sizeOf(zShape) }, () => network.draw(draws)),
        zShape,
      );
      const fitting = fitCalls(step, steps, sigma, (i) => filled(count, stepSize(rate, i, steps)));
      const x = zeros([1, 2 * sets, ...size]);
      const found = await runLoop({
        ...{ method: name, steps, scale: 1 },
        fixed: {
          y,
          ...inputs,
          z,
          kept: keptOf(held),
          held,
          keep: scalar(KEEP),
          weight: scalar(weight),
        },
        state: { ...untrainedState(fit, rng.split(2)), best: x, error: scalar(WORST) },
        calls: [...judged(fitting, judge.look), { program: judge.take, step: steps, sigma }],
      }, control);
      return { image: found, held };
    },
  };
}

/** The calls with a look at the samples held back after some of them, and after the last. */
function judged(calls: readonly LoopCall[], look: LoopProgram): LoopCall[] {
  return calls.flatMap((call) =>
    call.step % EVERY === 0 || call.step === calls.length
      ? [call, { ...call, program: look, feeds: undefined }]
      : [call]
  );
}

/** Compiles `look`, which keeps the average image if it is the best so far, and `take`, which takes the best. */
async function compileJudge(runtime: Runtime, measurement: Measurement, held: Shape) {
  const { y, inputs, image, sets = 1 } = measurement, shape = [1, 2 * sets, ...image];
  const given = inputsOf({ y, ...inputs, x: shape, best: shape, held, error: SCALAR });
  const { x, best, error } = given;
  const residual = residualOf(measurement.operator(given, 1), x, given.y);
  const found = misfit(residual, given.held);
  const before = { x, best, error };
  return {
    look: await compileLoop(runtime, given, before, {
      best: where(lessOrEqual(found, error), x, best),
      error: min(found, error),
    }),
    take: await compileLoop(runtime, given, before, { x: sub(best, 0) }),
  };
}
