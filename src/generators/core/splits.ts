/** An untrained network that improves the image of total variation, fitted to the one scan by splits of its lines. @module */
import { add, type Runtime, type Tensor } from "../../graph/mod.ts";
import { inputsOf, runLoop } from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { type NdArray, scalar } from "../../ndarray.ts";
import { countParameters, parameterSpecs, type Scope } from "../../nn/mod.ts";
import { allOf, keptOf } from "../../mri/sampling/hold_back.ts";
import { Rng } from "../../rng.ts";
import { compileAround } from "./around.ts";
import { stepSize } from "./contract.ts";
import { compileFit, filled, type Fit, fitCalls, untrainedState } from "./fit.ts";
import type { HoldBack, UntrainedSettings } from "./untrained.ts";

/** Settings of the fit. */
export interface SplitSettings extends UntrainedSettings {
  /** Splits, M. */
  readonly splits: number;
  /** Weight of the network's image in the last step. */
  readonly pull: number;
}

/** Part of the time that the fit takes, about; the splits before it and the image after it take the rest. */
const FIT_SHARE = 0.6;

/**
 * Compiles
 * ```
 * for m = 1 ... M:  kept = the samples but for a random share
 *                   x_m = argmin |kept (A x - y)|^2 / 2 + weight TV(x)
 * x_0   = the same of all samples
 * theta = argmin sum_m |A (x_m + G(x_m; theta)) - y|^2, by Adam, one m a step
 * x     = argmin |A x - y|^2 / 2 + weight TV(x) + pull |x - x_0 - G(x_0; theta)|^2 / 2
 * ```
 * @param name of the method, for messages
 * @param network G, which gives 0 at first
 * @returns the image `[1, 2 S, H, W]`, with the weight of total variation
 */
export async function compileSplits(
  runtime: Runtime,
  name: string,
  measurement: Measurement,
  network: (scope: Scope, x: Tensor) => Tensor,
  { steps, rate, held: share, splits, pull }: SplitSettings,
  holdBack: HoldBack,
): Promise<(problem: Problem, weight: number, control?: RunControl) => Promise<NdArray>> {
  const { image: size, sets = 1 } = measurement, shape = [1, 2 * sets, ...size];
  const specs = parameterSpecs((scope) => network(scope, inputsOf({ start: shape }).start));
  const fit: Fit = {
    ...{ measurement, batch: 1, specs, inputs: { start: shape } },
    image: (scope, { start }) => add(start, network(scope, start)),
  };
  const step = await compileFit(runtime, fit), count = countParameters(specs);
  const heldShape = holdBack(share, new Rng(0)).shape;
  const around = await compileAround(runtime, name, measurement, heldShape);
  return async (problem, weight, control = {}) => {
    const { y, inputs, sigma } = problem, { rng = new Rng(0), onProgress, signal } = control;
    const starts: NdArray[] = [];
    for (let m = 0; m < splits; m++) {
      const kept = keptOf(holdBack(share, rng.split(0, m)));
      starts.push(await around.image(problem, kept, weight, { control }));
      onProgress?.((1 - FIT_SHARE) * (m + 1) / splits);
    }
    const whole = allOf(holdBack(share, rng.split(0)));
    const first = await around.image(problem, whole, weight, { control });
    const order = rng.split(1);
    const fitting = fitCalls(step, steps, sigma, (i) => filled(count, stepSize(rate, i, steps)))
      .map((call) => ({
        ...call,
        feeds: () => ({ ...call.feeds?.(), start: starts[order.integer(splits)] }),
      }));
    // One step more, of size 0: its image is that of x_0.
    const last = { rate: filled(count, 0), count: filled(1, steps), start: first };
    const found = await runLoop({
      ...{ method: name, steps, scale: 1 },
      fixed: { y, ...inputs, keep: scalar(0) },
      state: untrainedState(fit, rng.split(2)),
      calls: [...fitting, { program: step, step: steps, sigma, feeds: () => last }],
    }, { signal, onProgress: (done) => onProgress?.(1 - FIT_SHARE + 0.99 * FIT_SHARE * done) });
    return await around.image(problem, whole, weight, { network: found, pull, control });
  };
}
