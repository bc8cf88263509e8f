/** Batches for the training of priors, and their validation images. @module */
import { Runtime } from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import {
  constantScope,
  DENOISER_NETWORK,
  denoiserSpecs,
  scopedDenoiser,
  unflatten,
} from "../nn/mod.ts";
import { type Batch, BatchSource } from "./batch_source.ts";
import type { BatchSettings } from "./batch_worker.ts";
import { measureDenoiser, type ValidationImages } from "./denoiser_quality.ts";
import type { DenoisingBatch } from "./denoising_objective.ts";
import type { TrainingSettings } from "./options.ts";
import { validationPaths } from "./volumes.ts";

/** Noise levels of the validations during training. */
const SIGMAS = [0.02, 0.05, 0.1, 0.3, 1, 3];
/** Images of these validations, in batches. */
const BATCHES = 3;
const BATCH = 8;
/** Smallest side of a validation image. */
const MIN_SIZE = 96;
/** Seed of the validation images: the same for all runs. */
export const VALIDATION_SEED = 2026;

/** Starts a worker that makes denoising batches. */
export function denoisingSource(settings: BatchSettings): BatchSource<DenoisingBatch> {
  const { batch, crop } = settings;
  const image = [batch, 2, crop, crop];
  return new BatchSource({
    worker: new URL("./denoising_worker.ts", import.meta.url),
    settings,
    shapes: () => ({ clean: image, noise: image, sigma: [batch, 1, 1, 1] }),
  });
}

/** PSNR on views of the validation volumes by noise level, if there are such volumes. */
export async function priorValidation(options: TrainingSettings, sigmaData: number) {
  const paths = await validationPaths(options);
  if (paths === undefined) return undefined;
  const images = await validationImages(paths, Math.max(MIN_SIZE, options.crop));
  const specs = denoiserSpecs(DENOISER_NETWORK);
  return async (weights: Float32Array) => {
    // Weights as constants run twice as fast; a runtime of its own releases their session.
    await using runtime = await Runtime.open("cpu", { threads: options.threads });
    const scope = constantScope(unflatten(specs, weights));
    const denoise = scopedDenoiser(scope, DENOISER_NETWORK, sigmaData);
    const quality = await measureDenoiser(runtime, denoise, images, SIGMAS);
    return Object.fromEntries(quality.map(({ sigma, denoised }) => [`${sigma}`, denoised]));
  };
}

/**
 * Validation images: the same views and noise for every run.
 * @returns `[8 batches, 2, size, size]`
 */
export async function validationImages(
  paths: readonly string[],
  size: number,
  batches: number = BATCHES,
): Promise<ValidationImages> {
  using source = denoisingSource({ paths, batch: BATCH, crop: size, seed: VALIDATION_SEED });
  const parts: Batch<DenoisingBatch>[] = [];
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
