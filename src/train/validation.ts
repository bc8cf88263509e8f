/** Validation images of priors. @module */
import { compileValidator, type ValidationSet } from "./denoiser_training.ts";
import type { Runtime } from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { DENOISER_NETWORK } from "../nn/mod.ts";
import { type Batch, BatchSource } from "./batches.ts";
import type { BatchSettings } from "./worker_loop.ts";
import type { TrainingSettings } from "./options.ts";
import { validationFolder, volumePaths } from "./volumes.ts";

/** Noise levels of the validations on the way. */
const SIGMAS = [0.02, 0.05, 0.1, 0.3, 1, 3];
/** Images of the validations on the way, in batches. */
const BATCHES = 3;
const BATCH = 8;
/** Smallest side of a validation image. */
const LEAST_SIZE = 96;
/** Seed of the validation images: the same for all runs. */
export const VALIDATION_SEED = 2026;

/** Arrays of a denoising batch. */
export type DenoisingArrays = "clean" | "noise" | "sigma";

/** Starts a worker that makes denoising batches. */
export function denoisingSource(settings: BatchSettings): BatchSource<DenoisingArrays> {
  const { batch, crop } = settings;
  const image = [batch, 2, crop, crop];
  return new BatchSource({
    worker: new URL("./denoising_worker.ts", import.meta.url),
    settings,
    shapes: () => ({ clean: image, noise: image, sigma: [batch, 1, 1, 1] }),
  });
}

/** PSNR on views of the validation volumes, if there are any. */
export async function priorValidation(
  runtime: Runtime,
  options: TrainingSettings,
  sigmaData: number,
) {
  const folder = await validationFolder(options);
  if (folder === undefined) return undefined;
  const set = await validationSet(await volumePaths(folder), Math.max(LEAST_SIZE, options.crop));
  const validator = await compileValidator(runtime, DENOISER_NETWORK, sigmaData, set, BATCH);
  return async (weights: Float32Array) => {
    const levels: Record<string, number> = {};
    for (const sigma of SIGMAS) levels[sigma] = await validator.psnr(weights, sigma);
    return levels;
  };
}

/**
 * Validation images: the same views and noise for every run.
 * @returns `[8 batches, 2, size, size]`
 */
export async function validationSet(
  paths: readonly string[],
  size: number,
  batches: number = BATCHES,
): Promise<ValidationSet> {
  using source = denoisingSource({ paths, batch: BATCH, crop: size, seed: VALIDATION_SEED });
  const parts: Batch<DenoisingArrays>[] = [];
  for (let step = 0; step < batches; step++) parts.push(await source.get(step));
  const shape = [BATCH * batches, 2, size, size];
  const joined = (arrays: readonly NdArray[]) => {
    const all = new Float32Array(sizeOf(shape));
    arrays.forEach(({ data }, i) => all.set(data, i * data.length));
    return ndarray(all, shape);
  };
  return {
    clean: joined(parts.map(({ clean }) => clean)),
    noise: joined(parts.map(({ noise }) => noise)),
  };
}
