/** Random search for the settings of a sampler. @module */
import { DivergenceError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { meanOf } from "../ndarray.ts";
import type { Denoiser } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  compileModelSigma,
  compileSampler,
  mriMeasurement,
  type Range,
  type Sampler,
  type Settings,
} from "../samplers/mod.ts";
import { scoreTrial, type Trial } from "./trials.ts";

/** One set of settings, and how good it was. */
export interface TuningRow {
  /** Number of the draw; 0 is the sampler's defaults. */
  readonly draw: number;
  /** Settings. */
  readonly settings: Settings;
  /** PSNR over the head of each trial, dB; null where sampling diverged. */
  readonly psnr: readonly (number | null)[];
  /** Mean of them; null where sampling diverged. */
  readonly mean: number | null;
  /** Seconds for all trials, compiling left out. */
  readonly seconds: number;
}

/** What {@link tryDraw} needs. */
export interface TuningTask {
  /** The sampler. */
  readonly sampler: Sampler;
  /** The prior. */
  readonly denoise: Denoiser;
  /** The problems. */
  readonly trials: readonly Trial[];
  /** Posterior samples whose mean is judged. */
  readonly samples: number;
  /** Seed of the draws. */
  readonly seed: number;
  /** Settings that are not searched, with their values. */
  readonly fixed: Settings;
}

/** Settings of a draw: each range on its own; draw 0 is the defaults. Later draws do not depend on earlier ones. */
export function drawnSettings(
  { sampler, seed, fixed }: Pick<TuningTask, "sampler" | "seed" | "fixed">,
  draw: number,
): Settings {
  if (draw === 0) return { ...sampler.defaults, ...fixed };
  const rng = new Rng(seed, draw);
  const drawn = Object.entries(sampler.ranges).map(([name, range], i) =>
    [name, drawFrom(range, rng.split(i))] as const
  );
  return { ...sampler.defaults, ...Object.fromEntries(drawn), ...fixed };
}

function drawFrom({ low, high, log = false, integer = false }: Range, rng: Rng): number {
  const u = rng.uniform();
  const value = log ? low * (high / low) ** u : low + (high - low) * u;
  return integer ? Math.round(value) : Number(value.toPrecision(3));
}

/** Tries one draw on all trials. */
export async function tryDraw(task: TuningTask, draw: number): Promise<TuningRow> {
  await using runtime = await Runtime.open("cpu"); // of its own: its sessions are of no use to others
  const settings = drawnSettings(task, draw);
  const psnr: (number | null)[] = [];
  let seconds = 0;
  for (const trial of task.trials) {
    const { value, time } = await tryTrial(runtime, task, settings, trial);
    psnr.push(value);
    seconds += time;
  }
  const finite = psnr.filter((value) => value !== null);
  const mean = finite.length < psnr.length
    ? null
    : finite.reduce((sum, value) => sum + value, 0) / finite.length;
  return { draw, settings, psnr, mean, seconds };
}

async function tryTrial(
  runtime: Runtime,
  { sampler, denoise, samples }: TuningTask,
  settings: Settings,
  trial: Trial,
): Promise<{ value: number | null; time: number }> {
  const { geometry, problem } = trial;
  const measurement = mriMeasurement(geometry);
  const compiled = await compileSampler(runtime, {
    sampler,
    settings,
    measurement,
    denoise,
    samples,
  });
  const modelSigma = await compileModelSigma(runtime, geometry);
  const start = performance.now();
  try {
    const sigma = await modelSigma(problem);
    const image = meanOf(await compiled.run({ ...problem, sigma }, new Rng(0)));
    const time = (performance.now() - start) / 1000;
    return { value: scoreTrial(trial, image).head.psnr, time };
  } catch (error) {
    if (error instanceof DivergenceError) return { value: null, time: 0 };
    throw error;
  }
}
