/** A picture is degraded by a task, and restored by a method. @module */
import { InputError } from "../../errors.ts";
import { mul, type Runtime } from "../../graph/mod.ts";
import type { MethodOptions, RunControl } from "../../method/problem.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { asBatch, magnitudeOf, type NdArray, ndarray, partOf, stack } from "../../ndarray.ts";
import type { ModelReference } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import { type Degradation, degradation, type DegradationSources } from "./degradation.ts";
import { BLIND_NOISE } from "./blind.ts";
import { compileFinder } from "./finder.ts";
import { laidOn } from "./phases.ts";
import type { RestorationMethod } from "./search_finder.ts";
import { blocksAlike, compileAgreement, type Constraint } from "./stored.ts";
import type { RestorationTask } from "./task.ts";

/** Noise of the data that methods are told of where there is none, as a share of white. */
export const LEAST_NOISE = 0.004;

/** What is restored, and how. */
export interface RestorationRequest extends Pick<MethodOptions, "steps" | "weight" | "settings"> {
  /** What was done to the pictures. */
  readonly task: RestorationTask;
  /** Standard deviation of the noise of real and imaginary part, as a share of white. */
  readonly noise: number;
  /** Least noise that the method is told of, as a share of white. Default: {@link LEAST_NOISE}. */
  readonly sigma?: number;
  /** The method. */
  readonly method: RestorationMethod;
  /** Its network. Default: that of the method. */
  readonly model?: string;
  /** Posterior samples, whose mean is the picture. Default: 4 of samplers that draw, 8 with JPEG. */
  readonly samples?: number;
  /** Constraints on the denoised picture, {@link CONSTRAINTS}. Default: none. */
  readonly project?: readonly Constraint[];
  /** Largest noise level at which they are applied, on the scale of bright tissue. Default: all. */
  readonly projectBelow?: number;
  /** Arrays of the files that the task names. */
  readonly files: DegradationSources["files"];
  /** Seed of all random numbers. */
  readonly seed: number;
  /** Sides of the kernel, where the method is not told the blur and the kernel is estimated. */
  readonly blind?: number;
  /** Whether pictures are known to be real and not negative, which phase retrieval starts from. */
  readonly positive?: boolean;
}

/** What {@link restorePictures} gives; pictures `[slices, 2 S, H, W]` from 0 (black) to 1 (white). */
export interface Restored {
  /** What one would look at without a restoration. */
  readonly input: NdArray;
  /** The restored pictures. */
  readonly output: NdArray;
  /** Evaluations of the network for one picture. */
  readonly nfe: number;
  /** Settings of the method that were in force. */
  readonly settings: Readonly<Record<string, number>>;
  /** Posterior samples of a picture. */
  readonly samples: number;
  /** Noise that the method was told of, as a share of white. */
  readonly sigma: number;
  /** What pictures were divided by for the prior, whose bright tissue is 1. */
  readonly scale: number;
  /** The prior. */
  readonly model?: ModelReference;
  /** Estimated kernels `[slices, N, N]`, where they were not known. */
  readonly kernels?: NdArray;
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
  const { task, noise, files, seed } = request;
  const [slices, parts, height, width] = pictures.shape;
  const sources = { channels: parts / 2, size: [height, width] as const, files, seed };
  const seen = await observe(runtime, pictures, degradation(task, sources), noise, seed);
  const scale = scaleOf(task, seen, height * width);
  const scaledTask = degradation(task, sources, scale);
  const least = request.blind === undefined ? LEAST_NOISE : BLIND_NOISE;
  const sigma = Math.max(noise, request.sigma ?? least);
  const finder = await compileFinder(runtime, request, { ...scaledTask, scale, sigma });
  const { stored } = scaledTask;
  const agreed = stored && noise === 0
    ? await compileAgreement(runtime, stored, pictures)
    : undefined;
  const images: NdArray[] = [], kernels: NdArray[] = [];
  const same: number[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const y = scaled(asBatch(partOf(seen.data, slice)), 1 / scale);
    const onProgress = (fraction: number) => control.onProgress?.((slice + fraction) / slices);
    const { image, kernel } = await finder.find(y, slice, { ...control, onProgress });
    const found = agreed === undefined ? undefined : await agreed.run({ x: image, y });
    const restored = scaled(found?.near ?? image, scale);
    const given = asBatch(partOf(pictures, slice));
    images.push(finder.placeless ? await laidOn(runtime, restored, given) : restored);
    if (kernel !== undefined) kernels.push(kernel);
    if (found !== undefined) same.push(blocksAlike(found.kept, found.given));
  }
  const { nfe, settings, samples, model } = finder;
  return {
    input: seen.views,
    output: flat(images),
    ...{ nfe, settings, samples, sigma, scale, model },
    kernels: kernels.length === 0 ? undefined : stack(kernels),
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
