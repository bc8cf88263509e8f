/** The quality of a denoiser by noise level: its error, and the error that it predicts itself. @module */
import { add, input, mul, reduceSum, type Runtime, sub, type Tensor, vjp } from "../graph/mod.ts";
import { type NdArray, ndarray, scalar, sizeOf } from "../ndarray.ts";
import type { Denoiser } from "../nn/denoiser.ts";

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
  /** Noise level. */
  readonly sigma: number;
  /** PSNR of the noisy image in dB. */
  readonly noisy: number;
  /** PSNR of the denoised image in dB. */
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
function compileErrors(
  runtime: Runtime,
  denoise: Denoiser,
  shape: readonly number[],
  withTrace: boolean,
) {
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
