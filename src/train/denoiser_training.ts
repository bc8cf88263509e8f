/** What a denoiser is trained for, and how it is judged. @module */
import {
  add,
  div,
  mul,
  reduceMean,
  reduceSum,
  type Runtime,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { edmCoefficients } from "../nn/denoiser.ts";
import { countParameters, flatScope } from "../nn/parameters.ts";
import { residualUNet, type ResidualUNetConfig } from "../nn/residual_unet.ts";
import { denoiserSpecs, scopedDenoiser } from "../nn/residual_unet.ts";
import type { Objective } from "./trainer.ts";

/** One batch of denoising: `x = clean + sigma noise`. */
export type DenoisingBatch = "clean" | "noise" | "sigma";

/**
 * The loss of EDM (Karras et al. 2022, eq. 8): the squared error of D weighted so that every noise
 * level counts alike, which is the plain squared error of what the network gives.
 * @param shape `[N, 2, H, W]` of a batch
 */
export function denoisingObjective(
  config: ResidualUNetConfig,
  sigmaData: number,
  shape: readonly number[],
): Objective<DenoisingBatch> {
  return {
    specs: denoiserSpecs(config),
    inputs: { clean: shape, noise: shape, sigma: [shape[0], 1, 1, 1] },
    loss(scope, { clean, noise, sigma }) {
      const x = add(clean, mul(sigma, noise));
      const c = edmCoefficients(sigma, sigmaData);
      const given = residualUNet(scope, mul(c.in, x), c.noise, config);
      const error = sub(given, div(sub(clean, mul(c.skip, x)), c.out));
      return reduceMean(mul(error, error));
    },
  };
}

/** Validation images with their own fixed noise. */
export interface ValidationSet {
  /** `[N, 2, H, W]` on a scale of 1. */
  readonly clean: NdArray;
  /** Standard normal, of the same shape. */
  readonly noise: NdArray;
}

/** Compiled validation. */
export interface Validator {
  /** Mean over images of the PSNR in dB at a noise level: `-10 log10(mean |D - x0|^2)`, peak 1. */
  psnr(weights: Float32Array, sigma: number): Promise<number>;
}

/** Compiles validation for weights that change. */
export async function compileValidator(
  runtime: Runtime,
  config: ResidualUNetConfig,
  sigmaData: number,
  set: ValidationSet,
  batch = 8,
): Promise<Validator> {
  const specs = denoiserSpecs(config);
  const count = countParameters(specs);
  const shape = [batch, ...set.clean.shape.slice(1)];
  const program = await runtime.build(
    { weights: [count], clean: shape, noise: shape, sigma: [1, 1, 1, 1] },
    ({ weights, clean, noise, sigma }) => {
      const denoise = scopedDenoiser(flatScope(specs, weights), config, sigmaData);
      const result = denoise(add(clean, mul(sigma, noise)), sigma);
      return { error: squaredError(result, clean) };
    },
  );
  return {
    async psnr(weights, sigma) {
      const errors: number[] = [];
      for (const part of batches(set, batch)) {
        const { error } = await program.run({
          weights: ndarray(weights, [count]),
          sigma: ndarray(Float32Array.of(sigma), [1, 1, 1, 1]),
          ...part,
        });
        errors.push(...error.data);
      }
      return errors.reduce((sum, e) => sum - 10 * Math.log10(e), 0) / errors.length;
    },
  };
}

/** Mean over pixels of |a - b|^2 of each image, `[N]`. */
function squaredError(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  const [, , height, width] = difference.shape;
  return mul(reduceSum(mul(difference, difference), [1, 2, 3]), 1 / (height * width));
}

/**
 * Whole batches of a set.
 * @throws {RangeError} unless the number of images is a multiple of the batch
 */
function batches({ clean, noise }: ValidationSet, batch: number) {
  const [count, ...image] = clean.shape;
  if (count === 0 || count % batch !== 0) {
    throw new RangeError(`Cannot validate on ${count} images: a multiple of ${batch} is required`);
  }
  const size = batch * sizeOf(image);
  return Array.from({ length: count / batch }, (_, i) => {
    const part = ({ data }: NdArray) =>
      ndarray(data.subarray(i * size, (i + 1) * size), [batch, ...image]);
    return { clean: part(clean), noise: part(noise) };
  });
}
