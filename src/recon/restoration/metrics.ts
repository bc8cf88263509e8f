/** How pictures compare with the given ones. @module */
import type { Runtime } from "../../graph/mod.ts";
import { haarpsi } from "../../mri/metrics/haarpsi.ts";
import { measureRegion } from "../../mri/metrics/metrics.ts";
import { spectralDistance } from "../../mri/metrics/spectral_distance.ts";
import type { NdArray } from "../../ndarray.ts";
import type { PictureMetrics } from "./report.ts";

/** Metrics over all slices and channels `[slices, channels, H, W]`. */
export async function pictureMetrics(
  runtime: Runtime,
  image: NdArray,
  given: NdArray,
): Promise<PictureMetrics> {
  const planes = ({ data, shape: [slices, channels, ...size] }: NdArray) => ({
    data,
    shape: [slices * channels, ...size],
  });
  const [found, wanted] = [planes(image), planes(given)];
  const { psnr, ssim } = measureRegion(found, wanted);
  const spectrum = await spectralDistance(runtime, found, wanted);
  return { psnr, ssim, haarpsi: haarpsi(found, wanted), spectrum };
}
