/** A picture is degraded by a task, and restored by a sampler. @module */
import { InputError, UsageError } from "../../errors.ts";
import { add, mul, type Runtime, sub, type Tensor } from "../../graph/mod.ts";
import type { MethodOptions, RunControl } from "../../method/problem.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { regularisedInverse } from "../../mri/physics/proximal.ts";
import {
  asBatch,
  magnitudeOf,
  meanOf,
  type NdArray,
  ndarray,
  partOf,
  stack,
} from "../../ndarray.ts";
import { type ModelReference, openPrior } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import {
  compileSampler,
  DEFAULT_SAMPLES,
  intensityRange,
  positivity,
  type Projection,
  type Sampler,
} from "../../samplers/mod.ts";
import { samplerSettings } from "../../samplers/core/method.ts";
import { type Degradation, degradation, type DegradationSources } from "./degradation.ts";
import type { RestorationTask } from "./task.ts";

/** Noise of the data that samplers are told of where there is none, as a share of white. */
export const LEAST_NOISE = 0.004;

/** Constraints that the denoised picture can be projected on. */
export const CONSTRAINTS = {
  positive: "no value below black",
  range: "values from black to white",
  stored: "what a JPEG of it would store is what the given one stores",
} as const;

/** Name of a constraint. */
export type Constraint = keyof typeof CONSTRAINTS;

/** What is restored, and how. */
export interface RestorationRequest extends Pick<MethodOptions, "steps" | "weight" | "settings"> {
  /** What was done to the pictures. */
  readonly task: RestorationTask;
  /** Standard deviation of the noise of real and imaginary part, as a share of white. */
  readonly noise: number;
  /** Least noise that the sampler is told of, as a share of white. Default: {@link LEAST_NOISE}. */
  readonly sigma?: number;
  /** The sampler. */
  readonly sampler: Sampler;
  /** The prior. */
  readonly model: string;
  /** Posterior samples, whose mean is the picture. Default: 4 of samplers that draw. */
  readonly samples?: number;
  /** Constraints on the denoised picture, {@link CONSTRAINTS}. Default: none. */
  readonly project?: readonly Constraint[];
  /** Largest noise level at which they are applied, on the scale of bright tissue. Default: all. */
  readonly projectBelow?: number;
  /** Arrays of the files that the task names. */
  readonly files: DegradationSources["files"];
  /** Seed of all random numbers. */
  readonly seed: number;
}

/** What {@link restorePictures} gives; pictures `[slices, 2 S, H, W]` from 0 (black) to 1 (white). */
export interface Restored {
  /** What one would look at without a restoration. */
  readonly input: NdArray;
  /** The restored pictures. */
  readonly output: NdArray;
  /** Evaluations of the network for one picture. */
  readonly nfe: number;
  /** Settings of the sampler that were in force. */
  readonly settings: Readonly<Record<string, number>>;
  /** Posterior samples of a picture. */
  readonly samples: number;
  /** Noise that the sampler was told of, as a share of white. */
  readonly sigma: number;
  /** What pictures were divided by for the prior, whose bright tissue is 1. */
  readonly scale: number;
  /** The prior. */
  readonly model?: ModelReference;
  /** Share of the 8 x 8 blocks that a JPEG of the restored picture stores as they were given. */
  readonly sameBlocks?: number;
}

/**
 * Degrades pictures and restores them.
 * @param pictures `[slices, 2 S, H, W]` from 0 (black) to 1 (white); S is 1 (grey, complex) or 3 (colour)
 * @throws {InputError} when pictures, files or network do not fit
 */
export async function restorePictures(
  runtime: Runtime,
  pictures: NdArray,
  request: RestorationRequest,
  control: RunControl = {},
): Promise<Restored> {
  const { task, noise, sampler, files, seed } = request;
  const [slices, parts, height, width] = pictures.shape;
  const sources = { channels: parts / 2, size: [height, width] as const, files, seed };
  const seen = await observe(runtime, pictures, degradation(task, sources), noise, seed);
  const scale = scaleOf(task, seen, height * width);
  const { measurement, stored } = degradation(task, sources, scale);
  const { denoise, sigmaData, model } = await openPrior(request.model);
  const samples = request.samples ?? (sampler.random ? DEFAULT_SAMPLES : 1);
  const started = task.steps[0].name === "phase-retrieval"
    ? { ...sampler, start: { around: "zero", addNoise: true } as const }
    : sampler;
  const settings = samplerSettings(sampler, request, sigmaData);
  const compiled = await compileSampler(runtime, {
    sampler: started,
    settings,
    measurement,
    denoise,
    samples,
    projections: projectionsOf(request, stored, scale),
  });
  const sigma = Math.max(noise, request.sigma ?? LEAST_NOISE);
  const agreed = stored && noise === 0
    ? await compileAgreement(runtime, stored, pictures)
    : undefined;
  const images: NdArray[] = [];
  const same: number[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const y = scaled(asBatch(partOf(seen.data, slice)), 1 / scale);
    const problem = { y, inputs: {}, sigma: sigma / scale };
    const onProgress = (fraction: number) => control.onProgress?.((slice + fraction) / slices);
    const drawn = await compiled.run(problem, new Rng(seed, 3, slice), { ...control, onProgress });
    const mean = asBatch(meanOf(drawn));
    const found = agreed === undefined ? undefined : await agreed.run({ x: mean, y });
    images.push(scaled(found?.near ?? mean, scale));
    if (found !== undefined) same.push(blocksAlike(found.kept, found.given));
  }
  return {
    input: seen.views,
    output: flat(images),
    nfe: compiled.nfe(sigma / scale),
    settings,
    samples,
    sigma,
    scale,
    model,
    sameBlocks: same.length === 0 ? undefined : same.reduce((a, b) => a + b) / slices,
  };
}

const scaled = ({ data, shape }: NdArray, factor: number): NdArray =>
  ndarray(data.map((value) => value * factor), shape);

/** Arrays `[1, ...]` as one `[n, ...]`. */
const flat = (arrays: readonly NdArray[]): NdArray => {
  const { data, shape: [, ...rest] } = stack(arrays);
  return ndarray(data, [arrays.length, ...rest.slice(1)]);
};

/** Data and views of all pictures. */
async function observe(
  runtime: Runtime,
  pictures: NdArray,
  { observe, view, noiseShape }: Degradation,
  noise: number,
  seed: number,
) {
  const [slices, ...picture] = pictures.shape;
  const program = await runtime.build({ x: [1, ...picture], n: noiseShape }, ({ x, n }) => {
    const y = observe(x, mul(n, noise));
    return { y, seen: view(y) };
  });
  const data: NdArray[] = [], views: NdArray[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const size = noiseShape.reduce((product, side) => product * side, 1);
    const n = ndarray(new Rng(seed, 0, slice).normals(size), noiseShape);
    const { y, seen } = await program.run({ x: asBatch(partOf(pictures, slice)), n });
    data.push(y);
    views.push(seen);
  }
  return { data: flat(data), views: flat(views) };
}

/** Bright parts of a picture by the root of its mean square, where only that is known. */
const BRIGHT_PER_RMS = 2.5;
/** Part of the pixels (per cent) that is not brighter than bright tissue. */
const BRIGHT_PERCENTILE = 99;

/** The brightness of bright tissue, from the data alone. */
function scaleOf(
  { steps }: RestorationTask,
  { data, views }: { readonly data: NdArray; readonly views: NdArray },
  pixels: number,
): number {
  const known = steps[0].name !== "phase-retrieval";
  const scale = known ? percentile(magnitudes(views).data, BRIGHT_PERCENTILE) : BRIGHT_PER_RMS *
    Math.sqrt(data.data.reduce((sum, v) => sum + v * v, 0) / (pixels * data.shape[0]));
  if (scale > 0) return scale;
  throw new InputError(
    `Cannot restore the picture: bright pixels are required, found ${scale} at their 99th percentile`,
  );
}

/** Magnitudes `[slices S, H, W]` of pictures `[slices, 2 S, H, W]`. */
export function magnitudes({ data, shape: [slices, parts, ...size] }: NdArray): NdArray {
  const whole = { data, shape: [slices * parts / 2, 2, ...size] };
  return stack(Array.from({ length: slices * parts / 2 }, (_, i) => magnitudeOf(partOf(whole, i))));
}

/** Weight and iterations of the inverse of what was done before a picture was stored. */
const INVERSE = { ridge: 1e-4, iterations: 20 };

type Stored = NonNullable<Degradation["stored"]>;

/** The image that is nearest and stored with the given numbers, as far as blur and size allow. */
function storedAs({ codec, before }: Stored, x: Tensor, given: Tensor): Tensor {
  const small = before.forward(x);
  const moved = before.adjoint(sub(codec.project(small, given), small));
  const { ridge, iterations } = INVERSE;
  return add(x, regularisedInverse({ operator: before }, moved, ridge, iterations));
}

function compileAgreement(
  runtime: Runtime,
  stored: Stored,
  { shape: [, ...picture] }: NdArray,
) {
  const { codec, before } = stored;
  return runtime.build({ x: [1, ...picture], y: before.range }, ({ x, y }) => {
    const given = codec.encode(y);
    // Twice: the ridge leaves a ten-thousandth of what was to be moved.
    const near = storedAs(stored, storedAs(stored, x, given), given);
    return { near, kept: codec.encode(before.forward(near)), given };
  });
}

function projectionsOf(
  { project = [], projectBelow: below }: RestorationRequest,
  stored: Stored | undefined,
  scale: number,
): Projection[] {
  const made: Readonly<Record<Constraint, () => Projection>> = {
    positive: () => positivity,
    range: () => intensityRange(0, 1 / scale),
    stored() {
      if (stored !== undefined) {
        return { project: (x, { y }) => storedAs(stored, x, stored.codec.encode(y)) };
      }
      throw new UsageError(
        "Cannot project on what is stored: a task with jpeg and without inpaint is required",
      );
    },
  };
  return project.map((name) => ({ ...made[name](), below }));
}

/** Share of 8 x 8 blocks with the same numbers in all channels, of `[1, S, H, W]`. */
function blocksAlike(a: NdArray, b: NdArray): number {
  const [height, width] = a.shape.slice(-2);
  const across = width / 8, blocks = across * height / 8;
  const different = new Set<number>();
  a.data.forEach((value, i) => {
    if (value === b.data[i]) return;
    const row = Math.floor(i / width) % height;
    different.add(Math.floor(row / 8) * across + Math.floor(i % width / 8));
  });
  return 1 - different.size / blocks;
}
