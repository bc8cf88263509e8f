/** Spread of posterior samples, and where it exceeds what the image shows. @module */
import { headMask } from "../../mri/metrics/head_mask.ts";
import { windowMeans } from "../../mri/metrics/ssim_map.ts";
import type { NdArray } from "../../ndarray.ts";
import { boxOf, connected, type Region } from "../regions.ts";

/** Spread of the posterior samples. */
export interface Spread {
  /** Mean standard deviation over the head, relative to its mean magnitude. */
  readonly mean: number;
  /** Part of the head where the standard deviation exceeds the local contrast. */
  readonly above: number;
  /** The largest regions where it does. */
  readonly regions: readonly Region[];
}

/** Most regions that are listed. */
const MAX_REGIONS = 5;

/** Regions of fewer pixels are not listed. */
const MIN_PIXELS = 10;

/**
 * Figures of the spread. The head is that of the reconstruction; the local contrast of a pixel is the
 * standard deviation of the magnitude over the 7 x 7 pixels about it.
 * @param magnitude `[S, rows, columns]`
 * @param std of the same shape
 * @param first number of the first slice in the file
 */
export function spreadFigures(magnitude: NdArray, std: NdArray, first: number): Spread {
  const [slices, rows, columns] = magnitude.shape;
  const size = rows * columns;
  const head = headMask(magnitude);
  let deviation = 0, signal = 0, inside = 0, above = 0;
  const regions: Region[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const part = ({ data }: NdArray) => data.subarray(slice * size, (slice + 1) * size);
    const contrast = localContrast(part(magnitude), columns);
    const exceeds = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      if (head[slice * size + i] === 0) continue;
      inside++;
      deviation += part(std)[i];
      signal += part(magnitude)[i];
      exceeds[i] = part(std)[i] > contrast[i] ? 1 : 0;
      above += exceeds[i];
    }
    const found = connected(exceeds, columns, MIN_PIXELS);
    regions.push(...found.map((region) => boxOf(region, { slice: first + slice, columns })));
  }
  regions.sort((a, b) => b.pixels - a.pixels);
  return {
    mean: signal > 0 ? deviation / signal : 0,
    above: inside > 0 ? above / inside : 0,
    regions: regions.slice(0, MAX_REGIONS),
  };
}

/** Standard deviation over the window about each pixel. */
function localContrast(pixels: Float32Array, columns: number): Float64Array {
  const values = Float64Array.from(pixels);
  const mean = windowMeans(values, columns);
  const squares = windowMeans(values.map((value) => value * value), columns);
  return squares.map((square, i) => Math.sqrt(Math.max(0, square - mean[i] ** 2)));
}
