/** The methods that restore pictures, and how those that search a network find one. @module */
import { UsageError } from "../../errors.ts";
import { type GeneratorMethod, generatorMethods } from "../../generators/mod.ts";
import type { Runtime } from "../../graph/mod.ts";
import { Rng } from "../../rng.ts";
import { type Sampler, samplers } from "../../samplers/mod.ts";
import { requireKnown } from "../../suggest.ts";
import { dirac } from "./dirac.ts";
import { type Finder, type ScaledTask, STREAM } from "./finder.ts";
import type { RestorationRequest } from "./restore.ts";

/** A method that restores pictures. */
export type RestorationMethod = Sampler | GeneratorMethod;

/** All of them, in the order that `--help` lists them. */
export const restorationMethods: readonly RestorationMethod[] = [
  ...samplers,
  dirac,
  ...generatorMethods,
];

/**
 * Compiles the search of a network for a task.
 * @throws {UsageError} for what the method does not take
 * @throws {InputError} when its network cannot be read or does not fit
 */
export async function compileSearchFinder(
  runtime: Runtime,
  method: GeneratorMethod,
  request: RestorationRequest,
  { measurement, sigma, scale }: ScaledTask,
): Promise<Finder> {
  refuse(method, request);
  const { steps, weight, settings: changed, model: named, seed } = request;
  const options = { steps, weight, settings: changed, model: named };
  const { nfe, settings, model, solve } = await method.compile(runtime, measurement, options);
  return {
    ...{ nfe, settings, samples: 1, model },
    async find(y, slice, control) {
      const rng = new Rng(seed, STREAM.samples, slice);
      const problem = { y, inputs: {}, sigma: sigma / scale };
      return { image: await solve(problem, { ...control, rng }) };
    },
  };
}

/** @throws {UsageError} for what the method does not take */
function refuse(
  { name, defaults, weightRole, defaultModel }: GeneratorMethod,
  { samples = 1, project = [], blind, weight, model, settings = {} }: RestorationRequest,
): void {
  const cases: readonly (readonly [boolean, string, string])[] = [
    [samples > 1, `draw ${samples} samples with ${name}`, "a sampler"],
    [project.length > 0, `project the picture of ${name}`, "a sampler"],
    [blind !== undefined, `estimate the kernel with ${name}`, "a sampler"],
    [
      weight !== undefined && weightRole === undefined,
      `weigh the prior of ${name}`,
      "a method with a weight",
    ],
    [
      model !== undefined && defaultModel === undefined,
      `use the model ${model} with ${name}`,
      "a method with a trained network",
    ],
  ];
  const found = cases.find(([wrong]) => wrong);
  if (found !== undefined) throw new UsageError(`Cannot ${found[1]}: ${found[2]} is required`);
  for (const key of Object.keys(settings)) {
    requireKnown(key, Object.keys(defaults), `Cannot set ${key} of ${name}`);
  }
}
