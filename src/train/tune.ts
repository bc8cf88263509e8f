/** Searching the settings of a sampler, for scripts. @module */
import { type DeviceRequest, Runtime } from "../graph/mod.ts";
import { type ModelChoice, openPrior } from "../nn/mod.ts";
import type { SimulationRequest } from "../recon/simulated.ts";
import { makeTrials, type TrialSource, tryDraw, type TuningRow } from "../recon/trials.ts";
import { DEFAULT_PRIOR, type Sampler, samplers, type Settings } from "../samplers/mod.ts";
import { requireKnown } from "../suggest.ts";

/** Options of `tune`. */
export interface TuneOptions {
  /** A sampler by name, or one of your own. */
  readonly sampler: string | Sampler;
  /** Validation data: images to simulate k-space from, or fully sampled k-space. Never test data. */
  readonly data: readonly TrialSource[];
  /** Specifications of masks, such as `equispaced:R=4,acs=24`; each slice is tried with each. */
  readonly masks: readonly string[];
  /** The prior. Default: the one that ships with Larmor. */
  readonly model?: ModelChoice;
  /** Draws of settings, the defaults included. Default 30. */
  readonly draws?: number;
  /** Posterior samples whose mean is measured. Default 1. */
  readonly samples?: number;
  /** Seed of the draws. Default 0. */
  readonly seed?: number;
  /** Settings that are not searched, with their values. */
  readonly fixed?: Settings;
  /** How k-space is simulated from images. Default: 8 coils, noise 0.02, seed 0. */
  readonly simulation?: Partial<SimulationRequest>;
  /** Device that the data are prepared on. Default `auto`. */
  readonly device?: DeviceRequest;
  /** Called after each draw. */
  readonly onDraw?: (row: TuningRow) => void;
  /** Stops the search between draws: the call throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Draws settings at random within the ranges that the sampler names, and tries them.
 * @returns all draws, the best first; `settings` of a row is what `reconstruct` takes
 * @throws {UsageError} for a sampler or a setting that is not there
 * @throws {InputError} when data or model cannot be read
 */
export async function tune(
  { sampler: choice, data, masks, draws = 30, samples = 1, seed = 0, fixed = {}, ...options }:
    TuneOptions,
): Promise<TuningRow[]> {
  const sampler = typeof choice === "string" ? samplerNamed(choice) : choice;
  for (const name of Object.keys(fixed)) {
    requireKnown(name, Object.keys(sampler.defaults), `Cannot tune the setting '${name}'`);
  }
  await using runtime = await Runtime.open(options.device);
  const { denoise } = await openPrior(options.model ?? DEFAULT_PRIOR);
  const simulation = { coils: 8, noise: 0.02, seed: 0, ...options.simulation };
  const trials = await makeTrials(runtime, data, masks, simulation);
  const rows: TuningRow[] = [];
  for (let draw = 0; draw < draws; draw++) {
    options.signal?.throwIfAborted();
    const row = await tryDraw({ sampler, denoise, trials, samples, seed, fixed }, draw);
    options.onDraw?.(row);
    rows.push(row);
  }
  return rows.sort((a, b) => (b.mean ?? -Infinity) - (a.mean ?? -Infinity));
}

function samplerNamed(name: string): Sampler {
  requireKnown(name, samplers.map(({ name }) => name), `Cannot tune the sampler '${name}'`);
  return samplers.find((sampler) => sampler.name === name)!;
}
