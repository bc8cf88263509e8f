/**
 * How close a magnitude image is to its reference: PSNR, SSIM and NMSE as fastMRI defines them (Zbontar
 * et al. 2018, arXiv:1811.08839), over the whole volume and over the head, in float64.
 *
 * The data range of PSNR and SSIM is the maximum of the reference over the whole volume, also where a
 * metric is restricted to a region.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import { headMask, volumeShape } from "./head_mask.ts";
import { SSIM_WINDOW, ssimMap } from "./ssim_map.ts";

export { headMask };

/** How the numbers of {@link measure} are defined, as recon.json states it. */
export const METRICS_CONVENTION: string =
  "magnitude against RSS; data range = maximum of the reference volume; " +
  "PSNR and NMSE over all pixels of the volume or its head; " +
  "SSIM 7x7 uniform window, sample covariance, averaged without a border of 3 pixels, or over the head; " +
  "head = largest 4-connected component of RSS > 0.15 x its 99th percentile per slice, holes filled";

/** The metrics of one region. */
export interface RegionMetrics {
  /** Peak signal-to-noise ratio in dB; null when the images are identical there (it would be infinite). */
  readonly psnr: number | null;
  /** Mean structural similarity, at most 1. */
  readonly ssim: number;
  /** Squared error divided by the squared norm of the reference; 0 when identical. */
  readonly nmse: number;
}

/** What {@link measure} gives: finite numbers and null only, so that it survives JSON. */
export interface Metrics {
  /** How the numbers are defined. */
  readonly convention: string;
  /** Over all pixels. */
  readonly whole: RegionMetrics;
  /** Over the head, see {@link headMask}. */
  readonly head: RegionMetrics;
}

/**
 * Measures an image against its reference over the whole volume and over the head.
 *
 * @param image magnitude, `[S, H, W]` or `[H, W]`, H and W at least 7
 * @param reference root-sum-of-squares of the fully sampled coils, of the same shape
 * @throws {RangeError} when shapes differ or the image is smaller than the SSIM window
 * @throws {InputError} when the reference has no positive value, or a value is NaN or infinite
 */
export function measure(image: NdArray, reference: NdArray): Metrics {
  return {
    convention: METRICS_CONVENTION,
    whole: measureRegion(image, reference),
    head: measureRegion(image, reference, headMask(reference)),
  };
}

/**
 * The metrics of one region.
 *
 * @param image magnitude, `[S, H, W]` or `[H, W]`, H and W at least 7
 * @param reference of the same shape
 * @param region 0 or 1 for each pixel. Default: all
 * @param range data range, for a slice that of its volume. Default: the maximum of the reference
 * @throws as {@link measure}, and RangeError when the region is empty
 */
export function measureRegion(
  image: NdArray,
  reference: NdArray,
  region?: Uint8Array,
  range?: number,
): RegionMetrics {
  const decibel = psnr(image, reference, region, range);
  return {
    psnr: decibel === Infinity ? null : decibel,
    ssim: ssim(image, reference, region, range),
    nmse: nmse(image, reference, region),
  };
}

/**
 * Peak signal-to-noise ratio in dB: 10 log10(max(reference)^2 / mean squared error), the mean over all
 * pixels of the volume, or over `region`. Infinity for identical images. Arguments and errors as
 * {@link measureRegion}; any size.
 */
export function psnr(
  image: NdArray,
  reference: NdArray,
  region?: Uint8Array,
  range?: number,
): number {
  const { range: peak } = comparable("PSNR", image, reference, region, range);
  const { error, count } = squares(image, reference, region);
  return 10 * Math.log10(peak ** 2 * count / error);
}

/**
 * Normalised mean squared error: |image - reference|^2 / |reference|^2 over the volume, or over `region`.
 * Arguments and errors as {@link measureRegion}; any size.
 * @throws {InputError} when the reference is zero there
 */
export function nmse(image: NdArray, reference: NdArray, region?: Uint8Array): number {
  comparable("NMSE", image, reference, region);
  const { error, signal } = squares(image, reference, region);
  if (signal === 0) {
    throw new InputError("Cannot measure NMSE: a nonzero reference is required, found zeros only");
  }
  return error / signal;
}

/**
 * Mean structural similarity (Wang et al. 2004) with the defaults of scikit-image: 7 x 7 uniform window,
 * sample covariance, K1 = 0.01, K2 = 0.03, slice by slice.
 *
 * Without a region it averages the pixels whose window lies inside the image, as scikit-image does; with
 * one it averages the map over that region, windows at the edge of the image being completed by reflection. Arguments and errors as
 * {@link measureRegion}.
 */
export function ssim(
  image: NdArray,
  reference: NdArray,
  region?: Uint8Array,
  range?: number,
): number {
  const checked = comparable("SSIM", image, reference, region, range);
  const [slices, height, width] = checked.shape;
  if (Math.min(height, width) < SSIM_WINDOW) {
    throw new RangeError(
      `Cannot measure SSIM: an image of at least ${SSIM_WINDOW} x ${SSIM_WINDOW} is required, ` +
        `found ${height} x ${width}`,
    );
  }
  const size = height * width, border = (SSIM_WINDOW - 1) / 2;
  let sum = 0, count = 0;
  for (let slice = 0; slice < slices; slice++) {
    const start = slice * size;
    const of = ({ data }: NdArray) => data.subarray(start, start + size);
    ssimMap(of(image), of(reference), width, checked.range).forEach((similarity, pixel) => {
      const x = pixel % width, y = Math.floor(pixel / width);
      const inside = Math.min(x, y, width - 1 - x, height - 1 - y) >= border;
      if (region ? region[start + pixel] === 0 : !inside) return;
      sum += similarity;
      count++;
    });
  }
  return sum / count;
}

/** Sums of squares over a region: of the error, of the reference; and the number of pixels. */
function squares(image: NdArray, reference: NdArray, region?: Uint8Array) {
  let error = 0, signal = 0, count = 0;
  for (let i = 0; i < reference.data.length; i++) {
    if (region !== undefined && region[i] === 0) continue;
    const truth = reference.data[i], difference = image.data[i] - truth;
    error += difference * difference;
    signal += truth * truth;
    count++;
  }
  return { error, signal, count };
}

/**
 * Checks what every metric requires; gives the shape and the data range.
 * @throws {RangeError} when shapes differ or the region is empty
 * @throws {InputError} when the data range is not positive, or a value is NaN or infinite
 */
export function comparable(
  metric: string,
  image: NdArray,
  reference: NdArray,
  region?: Uint8Array,
  given?: number,
): { shape: readonly [number, number, number]; range: number } {
  const shape = volumeShape(`measure ${metric}`, reference);
  const refuse = (
    Kind: typeof RangeError | typeof InputError,
    required: string,
    found: unknown,
  ) => {
    throw new Kind(`Cannot measure ${metric}: ${required} required, found ${found}`);
  };
  if (`${image.shape}` !== `${reference.shape}`) {
    const required = `an image of the reference's shape [${reference.shape}] is`;
    refuse(RangeError, required, `[${image.shape}]`);
  }
  const pixels = reference.data.length;
  if (region !== undefined && (region.length !== pixels || !region.includes(1))) {
    const ones = region.filter((value) => value === 1).length;
    const required = `a region of ${pixels} pixels, at least one of them 1, is`;
    refuse(RangeError, required, `${region.length} pixels of which ${ones} are 1`);
  }
  for (const [name, { data }] of Object.entries({ image, reference })) {
    const found = data.find((value) => !Number.isFinite(value));
    if (found !== undefined) refuse(InputError, "finite values are", `${found} in the ${name}`);
  }
  const range = given ?? reference.data.reduce((most, value) => Math.max(most, value), -Infinity);
  if (range <= 0) refuse(InputError, "a reference with a positive maximum is", range);
  return { shape, range };
}
