/** How good a denoiser is, by noise level: its error, and the error that it predicts itself. @module */
import { add, input, mul, reduceSum, type Runtime, sub, vjp } from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import type { Denoiser } from "../nn/denoiser.ts";

/** Quality at one noise level. */
export interface DenoiserQuality {
  /** Noise level. */
  readonly sigma: number;
  /** PSNR of the noisy image, dB, peak 1, |difference|^2 of complex pixels. */
  readonly noisy: number;
  /** PSNR of the denoised image. */
  readonly denoised: number;
  /** Root of the mean squared error of the real and imaginary part. */
  readonly actualError: number;
  /**
   * The same as the denoiser predicts it: the posterior variance is sigma^2 times the mean of the
   * diagonal of its Jacobian (Tweedie's formula of second order), by Hutchinson's estimator.
   */
  readonly predictedError: number;
}

/**
 * Measures a denoiser.
 * @param clean `[N, 2, H, W]` on a scale of 1
 * @param noise standard normal, of the same shape
 * @param probe random signs or standard normal numbers, of the same shape
 */
export async function measureDenoiser(
  runtime: Runtime,
  denoise: Denoiser,
  images: { readonly clean: NdArray; readonly noise: NdArray; readonly probe: NdArray },
  sigmas: readonly number[],
): Promise<DenoiserQuality[]> {
  const [count, ...image] = images.clean.shape;
  const program = await compileMeasurement(runtime, denoise, [1, ...image]);
  const size = sizeOf(image);
  const part = ({ data }: NdArray, i: number) =>
    ndarray(data.subarray(i * size, (i + 1) * size), [1, ...image]);
  const rows: DenoiserQuality[] = [];
  for (const sigma of sigmas) {
    let psnr = 0, squared = 0, trace = 0;
    for (let i = 0; i < count; i++) {
      const out = await program.run({
        clean: part(images.clean, i),
        noise: part(images.noise, i),
        probe: part(images.probe, i),
        sigma: ndarray(Float32Array.of(sigma), [1, 1, 1, 1]),
      });
      psnr += complexPsnr(out.error.data[0] / size) / count;
      squared += out.error.data[0] / size / count;
      trace += out.trace.data[0] / size / count;
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

/** PSNR in dB from the mean squared error of a part: |difference|^2 of a pixel is twice that. */
const complexPsnr = (meanSquared: number) => -10 * Math.log10(2 * meanSquared);

/** Squared error, and the probe's estimate of the trace of the denoiser's Jacobian. */
function compileMeasurement(runtime: Runtime, denoise: Denoiser, shape: readonly number[]) {
  const inputs = {
    clean: input("clean", shape),
    noise: input("noise", shape),
    probe: input("probe", shape),
    sigma: input("sigma", [1, 1, 1, 1]),
  };
  const x = add(inputs.clean, mul(inputs.sigma, inputs.noise));
  const result = denoise(x, inputs.sigma);
  const [product] = vjp([result], [x], [inputs.probe]);
  const error = sub(result, inputs.clean);
  return runtime.compile(inputs, {
    error: reduceSum(mul(error, error)),
    trace: reduceSum(mul(product, inputs.probe)),
  });
}
