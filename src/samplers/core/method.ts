/** A sampler as a reconstruction method. @module */
import type { Runtime } from "../../graph/mod.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../../method/problem.ts";
import { meanOf } from "../../ndarray.ts";
import { openPrior } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import type { Sampler, Settings } from "./contract.ts";
import { compileModelSigma } from "../../method/model_sigma.ts";
import { requireValues } from "../../method/settings.ts";
import { checkedSettings } from "./compile.ts";
import { compileSampler } from "./run.ts";

/** The prior that samplers use when none is named. */
export const DEFAULT_PRIOR = "prior-brain";

/** Posterior samples whose mean is the image, when no number is asked for. */
export const DEFAULT_SAMPLES = 4;

/** Noise of a usual scan, for the NFE of a plan: schedules depend on it little. */
const TYPICAL_SIGMA = 0.02;

/** The method that a sampler is, with a prior from a model folder. */
export function samplerMethod(sampler: Sampler): Method {
  return {
    name: sampler.name,
    summary: sampler.summary,
    citation: sampler.citation,
    weightRole: sampler.weightRole,
    needsMaps: true,
    samples: sampler.random,
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
  const { denoise, sigmaData, sigma: trained, model } = await openPrior(
    options.model ?? DEFAULT_PRIOR,
  );
  const samples = options.samples ?? (sampler.random ? DEFAULT_SAMPLES : 1);
  const settings = samplerSettings(sampler, options, sigmaData);
  const compiled = await compileSampler(runtime, {
    sampler,
    settings,
    measurement: mriMeasurement(geometry),
    denoise,
    trained,
    samples,
  });
  const modelSigma = await compileModelSigma(runtime, geometry);
  const sample: NonNullable<Solver["sample"]> = async (problem, control = {}) => {
    const sigma = await modelSigma(problem);
    control.onModelSigma?.(sigma);
    return await compiled.run({ ...problem, sigma }, control.rng ?? new Rng(0), control);
  };
  return {
    nfe: compiled.nfe(TYPICAL_SIGMA),
    steps: compiled.steps(TYPICAL_SIGMA),
    samples,
    settings,
    model,
    sample,
    solve: async (problem, control) => meanOf(await sample(problem, control)),
  };
}

/**
 * A sampler's settings with what the user asks for.
 * @param sigmaData standard deviation of images, where the model says it
 * @throws {UsageError} for a setting that the sampler does not have, or a value that makes no sense
 */
export function samplerSettings(
  sampler: Sampler,
  { steps, weight = 1, settings: changed }: MethodOptions,
  sigmaData?: number,
): Settings {
  const known: Settings = "sigmaData" in sampler.defaults && sigmaData !== undefined
    ? { sigmaData }
    : {};
  const settings = checkedSettings(sampler, { ...known, ...changed });
  requireValues(sampler.name, changed ?? {});
  return {
    ...settings,
    ...(steps === undefined ? {} : { steps }),
    ...(settings.weight === undefined ? {} : { weight: settings.weight * weight }),
  };
}
