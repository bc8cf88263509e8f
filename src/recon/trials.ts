/**
 * Slices with a known reference, undersampled and calibrated once, and the random search for the
 * settings of a sampler on them.
 * @module
 */
import { DivergenceError, InputError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { openImage } from "../io/open.ts";
import type { KspaceFile } from "../io/types.ts";
import { makeMask, parseMaskSpec } from "../mri/sampling/masks.ts";
import { measure, type Metrics } from "../mri/metrics/metrics.ts";
import { readKspace } from "./open.ts";
import { Preparation } from "./prepare.ts";
import type { Problem, SamplingGeometry } from "../method/problem.ts";
import { jointMagnitude, meanOf, type NdArray, ndarray } from "../ndarray.ts";
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
import { simulatedKspace, type SimulationRequest } from "./simulated.ts";

export interface Trial {
  readonly slice: string;
  readonly mask: string;
  readonly geometry: SamplingGeometry;
  readonly problem: Problem;
  /** Root sum of squares of the fully sampled data `[H, W]`, on the scale of the problem. */
  readonly reference: NdArray;
}

/** Where a trial's k-space comes from. */
export interface TrialSource {
  /** NIfTI volume (k-space is simulated), a file of fully sampled k-space, or such k-space itself. */
  readonly from: string | KspaceFile;
  /** Slice; the middle one by default. */
  readonly slice?: number;
}

/** Undersamples and calibrates slices, once for each mask; simulates k-space of images only. */
export async function makeTrials(
  runtime: Runtime,
  sources: readonly TrialSource[],
  masks: readonly string[],
  simulation: SimulationRequest,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const source of sources) {
    const { from } = source;
    using opened = typeof from === "string"
      ? await openTrial(runtime, from, simulation)
      : undefined;
    const file = opened ?? from as KspaceFile;
    const index = source.slice ?? Math.floor(file.slices / 2);
    const kspace = await file.readSlice(index);
    for (const mask of masks) {
      const name = `${file.path.slice(file.path.lastIndexOf("/") + 1)} slice ${index}`;
      trials.push({ slice: name, ...await makeTrial(runtime, file, kspace, mask) });
    }
  }
  return trials;
}

async function openTrial(
  runtime: Runtime,
  path: string,
  simulation: SimulationRequest,
): Promise<KspaceFile> {
  if (!/\.nii(\.gz)?$/.test(path)) return await readKspace(path, { runtime });
  return await simulatedKspace(runtime, await openImage(path), simulation);
}

async function makeTrial(
  runtime: Runtime,
  { coils, height, width, path }: KspaceFile,
  kspace: NdArray,
  text: string,
): Promise<Omit<Trial, "slice">> {
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") {
    const required = "a formula such as equispaced:R=4,acs=24 is required, found a file";
    throw new InputError(`Cannot try ${text} on ${path}: ${required}`);
  }
  const mask = makeMask(spec, height, width);
  const preparation = new Preparation(runtime, { coils, mask, full: true });
  const source = { kind: "espirit", sets: "auto" } as const; // as `recon` does
  const { problem, reference, scale } = await preparation.slice(kspace, source);
  const scaled = reference!.data.map((value) => value / scale);
  return {
    mask: text,
    geometry: { coils, sets: problem.inputs.maps.shape[0], height, width, mask },
    problem,
    reference: ndarray(scaled, [height, width]),
  };
}

export function scoreTrial({ reference }: Trial, image: NdArray): Metrics {
  return measure(jointMagnitude(image), reference);
}

/** One set of settings, and how good it was. */
export interface TuningRow {
  /** Method that was tuned. */
  readonly method: string;
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

export interface TuningTask {
  readonly sampler: Sampler;
  readonly denoise: Denoiser;
  readonly trials: readonly Trial[];
  readonly samples: number;
  readonly seed: number;
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

export async function tryDraw(task: TuningTask, draw: number): Promise<TuningRow> {
  await using runtime = await Runtime.open("cpu"); // of its own: its sessions are of no use to others
  const { sampler, denoise, trials, samples } = task;
  const settings = drawnSettings(task, draw);
  const psnr: (number | null)[] = [];
  let seconds = 0;
  for (const trial of trials) {
    const measurement = mriMeasurement(trial.geometry);
    const compiling = { sampler, settings, measurement, denoise, samples };
    const compiled = await compileSampler(runtime, compiling);
    const modelSigma = await compileModelSigma(runtime, trial.geometry);
    const start = performance.now();
    try {
      const sigma = await modelSigma(trial.problem);
      const image = meanOf(await compiled.run({ ...trial.problem, sigma }, new Rng(0)));
      seconds += (performance.now() - start) / 1000;
      psnr.push(scoreTrial(trial, image).head.psnr);
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      psnr.push(null);
    }
  }
  const mean = psnr.reduce(
    (sum, value) => sum === null || value === null ? null : sum + value / psnr.length,
    0,
  );
  return { method: sampler.name, draw, settings, psnr, mean, seconds };
}
