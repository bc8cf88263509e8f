/** The search of a trained generator: latent vectors side by side, and then its weights. @module */
import { InputError } from "../../errors.ts";
import {
  cast,
  concat,
  div,
  equal,
  mul,
  reduceMin,
  reduceSum,
  reshape,
  resize,
  type Runtime,
  type Shape,
  type Tensor,
} from "../../graph/mod.ts";
import { compileLoop, inputsOf, type LoopProgram, runLoop } from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import { complexOf } from "../../mri/physics/complex.ts";
import { type NdArray, ndarray, SCALAR, scalar, sizeOf } from "../../ndarray.ts";
import { constantScope, flatten, type ParameterSpec, type Scope, tensorsOf } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import type { Generator } from "../networks/generator.ts";
import { type CompiledSearch, stepSize } from "./contract.ts";
import { compileFit, filled, type Fit, fitCalls, fitState, misfit, residualOf } from "./fit.ts";

/** Settings of the search. */
export interface LatentSearch extends Readonly<Record<string, number>> {
  /** Steps of the latent vectors. */
  readonly steps: number;
  /** Latent vectors that are begun with. */
  readonly restarts: number;
  /** Largest step size of Adam. */
  readonly rate: number;
  /** lambda in units of the noise's variance. */
  readonly weight: number;
}

/** Latent vectors among what is searched. */
const latents = (count: number, latent: number): ParameterSpec => ({
  name: "z",
  shape: [count, latent, 1, 1],
  init: { kind: "normal", std: 1 },
});

/**
 * Compiles the search. With the settings `tuneSteps` and `tuneRate` the weights move after the latent vector.
 * @param name of the method, for messages
 * @throws {InputError} for colour pictures, which the generator cannot make
 */
export async function compileSearch(
  runtime: Runtime,
  name: string,
  measurement: Measurement,
  { latent, specs, parameters, image: picture, model }: Generator,
  settings: LatentSearch,
): Promise<CompiledSearch> {
  const { sets = 1, image: size } = measurement;
  if (sets !== 1) {
    throw new InputError(
      `Cannot search a picture of ${sets} channels: ${name} makes grey ones`,
    );
  }
  const { steps, restarts, rate, weight, tuneSteps = 0, tuneRate = 0 } = settings;
  const fit = (batch: number, searched: readonly ParameterSpec[], weights?: Scope): Fit => {
    const z = (scope: Scope) => tensorsOf(searched.slice(0, 1), scope)[0];
    return {
      ...{ measurement, batch, specs: searched, inputs: { lambda: SCALAR } },
      image: (scope) => sized(picture(weights ?? scope, z(scope)), size),
      penalty: (scope, { lambda }) => squaredNorm(z(scope), lambda),
    };
  };
  const many = latents(restarts, latent), all = [latents(1, latent), ...specs];
  const latentFit = fit(restarts, [many], constantScope(parameters));
  const search = await compileFit(runtime, latentFit);
  const tune = tuneSteps > 0 ? await compileFit(runtime, fit(1, all)) : undefined;
  const flat = flatten(specs, parameters);
  const weights = ndarray(flat, [flat.length]);
  const choose = await compileChoice(runtime, measurement, many, tune && flat.length);
  const total = steps + tuneSteps, count = restarts * latent;
  return {
    ...{ nfe: restarts * steps + tuneSteps, steps: total, settings, model },
    async solve({ y, inputs, sigma }, control = {}) {
      const calls = [
        ...fitCalls(search, steps, sigma, (step) => filled(count, stepSize(rate, step, steps))),
        { program: choose, step: steps, sigma },
      ];
      if (tune !== undefined) {
        calls.push(
          ...fitCalls(
            tune,
            tuneSteps,
            sigma,
            (step) => layerRates(all, stepSize(tuneRate, step, tuneSteps), step / tuneSteps),
          ),
        );
      }
      return await runLoop({
        ...{ method: name, steps: total, scale: 1, calls },
        fixed: { y, ...inputs, weights, keep: scalar(0), lambda: scalar(weight * sigma ** 2) },
        state: fitState(latentFit, (control.rng ?? new Rng(0)).normals(count)),
      }, control);
    },
  };
}

/** A grey picture as a complex image, interpolated to a size. */
const sized = (picture: Tensor, size: Shape): Tensor =>
  complexOf(resize(picture, [picture.shape[0], 1, ...size]));

/** lambda |z|^2 / 2 of all candidates, `[]`. */
function squaredNorm(z: Tensor, lambda: Tensor): Tensor {
  return reduceSum(mul(mul(z, z), mul(lambda, 0.5)));
}

/**
 * Compiles the choice of the candidate that fits best. What is searched from there on is its latent vector and
 * `weights` values of the network, where there are any.
 */
function compileChoice(
  runtime: Runtime,
  measurement: Measurement,
  { shape }: ParameterSpec,
  weights?: number,
): Promise<LoopProgram> {
  const [restarts, latent] = shape, count = [restarts * latent];
  const given = inputsOf({
    ...{ y: measurement.y, ...measurement.inputs, p: count, mean: count, square: count },
    ...{ x: [restarts, 2, ...measurement.image] },
    ...(weights === undefined ? {} : { weights: [weights] }),
  });
  const { p, mean, square, x, y } = given;
  const error = misfit(residualOf(measurement.operator(given, restarts), x, y));
  const best = cast(equal(error, reduceMin(error)), "float32");
  const share = div(best, reduceSum(best));
  const z = reduceSum(mul(share, reshape(p, shape)), [0]);
  const after: Record<string, Tensor> = { x: reduceSum(mul(share, x), [0], { keepDims: true }) };
  if (weights !== undefined) {
    after.p = concat([reshape(z, [latent]), given.weights], 0);
    after.mean = after.square = mul(after.p, 0);
  }
  return compileLoop(runtime, given, { p, mean, square, x }, after);
}

/** Step size of each value: the latent vector and the first layer move from the beginning, the last at the end. */
function layerRates(specs: readonly ParameterSpec[], rate: number, through: number): NdArray {
  const names = [...new Set(specs.map(({ name }) => layerOf(name)))];
  const values = specs.flatMap(({ name, shape }) => {
    const begins = names.indexOf(layerOf(name)) / names.length;
    return new Array<number>(sizeOf(shape)).fill(through >= begins ? rate : 0);
  });
  return ndarray(Float32Array.from(values), [values.length]);
}

/** Path of a parameter without its last part. */
const layerOf = (name: string): string => name.replace(/\.[^.]+$/, "");
