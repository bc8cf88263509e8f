/** Validation of priors: their images, and the error of a denoiser by noise level. @module */
import {
  add,
  input,
  mul,
  reduceSum,
  Runtime,
  type Shape,
  sub,
  type Tensor,
  vjp,
} from "../graph/mod.ts";
import { type NdArray, ndarray, scalar, sizeOf, zeros } from "../ndarray.ts";
import {
  constantScope,
  type Denoiser,
  DENOISER_NETWORK,
  denoiserSpecs,
  unflatten,
} from "../nn/mod.ts";
import { type BatchSettings, BatchSource } from "./batch_source.ts";
import type { DenoisingBatch } from "./denoising_objective.ts";
import { trainedDenoiser } from "./denoising_objective.ts";
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
  const shapes = { clean: image, noise: image, sigma: [batch, 1, 1, 1] };
  const worker = new URL("./denoising_worker.ts", import.meta.url);
  return new BatchSource(worker, settings, () => shapes);
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
    const { target } = options;
    const denoise = trainedDenoiser(scope, DENOISER_NETWORK, { target, sigmaData });
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
  const parts = await source.first(batches);
  const joined = (name: "clean" | "noise") => {
    const all = zeros([BATCH * batches, 2, size, size]);
    parts.forEach(({ [name]: { data } }, i) => all.data.set(data, i * data.length));
    return all;
  };
  return { clean: joined("clean"), noise: joined("noise") };
}

/** Images with their own fixed noise, so that denoisers can be compared. */
export interface ValidationImages {
  /** `[N, 2, H, W]` on a scale of 1. */
  readonly clean: NdArray;
  /** Standard normal, of the same shape. */
  readonly noise: NdArray;
  /** Standard normal, of the same shape; the predicted error is measured with it. */
  readonly probe?: NdArray;
}

/** Quality at one noise level, means over images. PSNR is `-10 log10(mean |difference|^2)`, peak 1. */
export interface DenoiserQuality {
  readonly sigma: number;
  readonly noisy: number;
  readonly denoised: number;
  /** Root mean squared error of the real and imaginary part. */
  readonly actualError: number;
  /**
   * The same as the denoiser predicts it, NaN without a probe: the posterior variance is sigma^2
   * times the mean diagonal of its Jacobian (Tweedie's formula of second order), by Hutchinson's
   * estimator.
   */
  readonly predictedError: number;
}

/** Measures a denoiser at some noise levels. */
export async function measureDenoiser(
  runtime: Runtime,
  denoise: Denoiser,
  { clean, noise, probe }: ValidationImages,
  sigmas: readonly number[],
): Promise<DenoiserQuality[]> {
  const [count, ...image] = clean.shape;
  const size = sizeOf(image), shape = [1, ...image];
  const program = await compileErrors(runtime, denoise, shape, probe !== undefined);
  const part = ({ data }: NdArray, i: number) =>
    ndarray(data.subarray(i * size, (i + 1) * size), shape);
  const rows: DenoiserQuality[] = [];
  for (const sigma of sigmas) {
    let psnr = 0, squared = 0, trace = 0;
    for (let i = 0; i < count; i++) {
      const out = await program.run({
        clean: part(clean, i),
        noise: part(noise, i),
        ...(probe && { probe: part(probe, i) }),
        sigma: scalar(sigma),
      });
      const error = out.error.data[0] / size;
      psnr += complexPsnr(error) / count;
      squared += error / count;
      trace += (out.trace?.data[0] ?? NaN) / size / count;
    }
    rows.push({
      sigma,
      noisy: complexPsnr(sigma * sigma),
      denoised: psnr,
      actualError: Math.sqrt(squared),
      predictedError: sigma * Math.sqrt(Math.max(0, trace)),
    });
  }
  return rows;
}

/** PSNR from the mean squared error of a part: |difference|^2 of a complex pixel is twice that. */
const complexPsnr = (meanSquared: number) => -10 * Math.log10(2 * meanSquared);

/** Squared error, and with a probe the estimate of the trace of the denoiser's Jacobian. */
function compileErrors(runtime: Runtime, denoise: Denoiser, shape: Shape, withTrace: boolean) {
  const [clean, noise] = [input("clean", shape), input("noise", shape)];
  const sigma = input("sigma", [1, 1, 1, 1]);
  const x = add(clean, mul(sigma, noise));
  const result = denoise(x, sigma);
  const error = sub(result, clean);
  const inputs: Record<string, Tensor> = { clean, noise, sigma };
  const outputs: Record<string, Tensor> = { error: reduceSum(mul(error, error)) };
  if (withTrace) {
    const probe = inputs.probe = input("probe", shape);
    outputs.trace = reduceSum(mul(vjp([result], [x], [probe])[0], probe));
  }
  return runtime.compile(inputs, outputs);
}
