/** A sampler as a reconstruction method. @module */
import type { Runtime } from "../../graph/mod.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../../method/problem.ts";
import { meanOf } from "../../ndarray.ts";
import { openPrior } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import type { Sampler, Settings } from "./contract.ts";
import { compileSampler } from "./driver.ts";
import { compileModelSigma } from "../../method/model_sigma.ts";

/** The prior that samplers use when none is named. */
export const DEFAULT_PRIOR = "prior-brain";

/** Posterior samples whose mean is the image, when no number is asked for. */
export const DEFAULT_SAMPLES = 4;

/** The method that a sampler is, with a prior from a model folder. */
export function samplerMethod(sampler: Sampler): Method {
  return {
    name: sampler.name,
    summary: sampler.summary,
    citation: sampler.citation,
    needsMaps: true,
    samples: sampler.random !== false,
    defaultModel: DEFAULT_PRIOR,
    settings: sampler.defaults,
    prepare: (runtime, geometry, options) => prepareSampler(runtime, geometry, sampler, options),
  };
}

async function prepareSampler(
  runtime: Runtime,
  geometry: SamplingGeometry,
  sampler: Sampler,
  options: MethodOptions = {},
): Promise<Solver> {
  const { denoise, model } = await openPrior(options.model ?? DEFAULT_PRIOR);
  const samples = options.samples ?? (sampler.random === false ? 1 : DEFAULT_SAMPLES);
  const settings = samplerSettings(sampler, options);
  const compiled = await compileSampler(runtime, {
    sampler,
    settings,
    measurement: mriMeasurement(geometry),
    denoise,
    samples,
  });
  const modelSigma = await compileModelSigma(runtime, geometry);
  const sample: NonNullable<Solver["sample"]> = async (problem, control = {}) => {
    const sigma = await modelSigma(problem);
    control.onModelSigma?.(sigma);
    return await compiled.run({ ...problem, sigma }, control.rng ?? new Rng(0), control);
  };
  const typical = 0.02; // noise of a usual scan: plans depend on it little
  return {
    nfe: compiled.nfe(typical),
    steps: compiled.steps(typical),
    samples,
    settings,
    model,
    sample,
    solve: async (problem, control) => meanOf(await sample(problem, control)),
  };
}

/** A sampler's settings with what the user asks for. */
export function samplerSettings(
  sampler: Sampler,
  { steps, weight = 1, settings = {} }: MethodOptions,
): Settings {
  const { defaults } = sampler;
  return {
    ...defaults,
    ...settings,
    ...(steps === undefined ? {} : { steps }),
    weight: (settings.weight ?? defaults.weight) * weight,
  };
}
