/** The spread of posterior samples beside their error, where the truth is known. @module */
import { magnitudeOf, meanOf, type NdArray, partOf } from "../../ndarray.ts";

/** A pixel of samples whose truth is known; all of magnitudes. */
export interface PixelSpread {
  /** Variance of the samples. */
  readonly variance: number;
  /** Variance of the first half of the samples, and of the second. */
  readonly halves: readonly [number, number];
  /** Squared error of the mean of the complex samples. */
  readonly squaredError: number;
  /** Samples below the truth: of N samples of the posterior, each number from 0 to N is as likely. */
  readonly rank: number;
}

/** A bin of pixels of like deviation. */
export interface SpreadBin {
  /** Standard deviation, root mean square. */
  readonly deviation: number;
  /** Error of the mean, root mean square. */
  readonly error: number;
  /** Error over what it is on average for samples of the posterior: deviation sqrt(1 + 1 / N). */
  readonly ratio: number;
}

/**
 * The pixels of a region.
 * @param samples complex, `[N, 2, H, W]`, N at least 4
 * @param truth magnitude, `[H, W]`
 * @param region 1 where a pixel counts, `[H, W]`
 */
export function pixelSpreads(
  samples: NdArray,
  truth: NdArray,
  region: Uint8Array,
): PixelSpread[] {
  const [count] = samples.shape;
  if (count < 4) throw new RangeError(`Cannot halve ${count} samples: at least 4 are required`);
  const mean = magnitudeOf(meanOf(samples)).data;
  const each = Array.from({ length: count }, (_, n) => magnitudeOf(partOf(samples, n)).data);
  const half = Math.floor(count / 2);
  return [...region.keys()].filter((i) => region[i] === 1).map((i) => {
    const values = each.map((magnitude) => magnitude[i]);
    return {
      variance: varianceOf(values),
      halves: [varianceOf(values.slice(0, half)), varianceOf(values.slice(half))],
      squaredError: (mean[i] - truth.data[i]) ** 2,
      rank: values.filter((value) => value < truth.data[i]).length,
    };
  });
}

/**
 * Bins of equal counts, from the smallest deviation to the largest. Few samples tell a pixel's deviation
 * roughly, so a bin of small deviations has those that came out too small by chance, and its ratio is too
 * large. Where `independent`, pixels are sorted by the first half of the samples and the deviation of a bin
 * is that of the second half, which chance did not choose.
 */
export function spreadBins(
  pixels: readonly PixelSpread[],
  { bins, samples, independent }: {
    readonly bins: number;
    readonly samples: number;
    readonly independent: boolean;
  },
): SpreadBin[] {
  const by = ({ variance, halves }: PixelSpread) => independent ? halves[0] : variance;
  const sorted = pixels.toSorted((a, b) => by(a) - by(b));
  return Array.from({ length: bins }, (_, b) => {
    const at = (edge: number) => Math.round(edge * sorted.length / bins);
    const part = sorted.slice(at(b), at(b + 1));
    const root = (of: (pixel: PixelSpread) => number) =>
      Math.sqrt(part.reduce((sum, pixel) => sum + of(pixel), 0) / part.length);
    const deviation = root(({ variance, halves }) => independent ? halves[1] : variance);
    const error = root(({ squaredError }) => squaredError);
    return { deviation, error, ratio: error / (deviation * Math.sqrt(1 + 1 / samples)) };
  });
}

/**
 * How often each rank from 0 to N was found, relative to how often it should be: 1 for samples of the
 * posterior; more at both ends where samples spread too little. Talts, Betancourt, Simpson, Vehtari and
 * Gelman, Validating Bayesian inference algorithms with simulation-based calibration, 2018.
 */
export function rankFrequencies(pixels: readonly PixelSpread[], samples: number): number[] {
  const found = new Array<number>(samples + 1).fill(0);
  for (const { rank } of pixels) found[rank] += (samples + 1) / pixels.length;
  return found;
}

/** Unbiased variance. */
function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
