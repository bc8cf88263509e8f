/** Spread of posterior samples, and where it exceeds what the image shows. @module */
import { flood, headMask } from "../../mri/metrics/head_mask.ts";
import { windowMeans } from "../../mri/metrics/ssim_map.ts";
import type { NdArray } from "../../ndarray.ts";

/** A connected region of a slice. */
export interface SpreadRegion {
  /** Number of the slice in the file. */
  readonly slice: number;
  /** First row of its box. */
  readonly row: number;
  /** First column of its box. */
  readonly column: number;
  /** Rows of its box. */
  readonly rows: number;
  /** Columns of its box. */
  readonly columns: number;
  /** Its pixels. */
  readonly pixels: number;
}

/** Spread of the posterior samples. */
export interface Spread {
  /** Mean standard deviation over the head, relative to its mean magnitude. */
  readonly mean: number;
  /** Part of the head where the standard deviation exceeds the local contrast. */
  readonly above: number;
  /** The largest regions where it does. */
  readonly regions: readonly SpreadRegion[];
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
  const regions: SpreadRegion[] = [];
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
    regions.push(...components(exceeds, columns).map((box) => ({ slice: first + slice, ...box })));
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

/** Boxes of the 4-connected regions of pixels that are 1; destroys `pixels`. */
function components(pixels: Uint8Array, columns: number): Omit<SpreadRegion, "slice">[] {
  const boxes: Omit<SpreadRegion, "slice">[] = [];
  for (let start = pixels.indexOf(1); start >= 0; start = pixels.indexOf(1, start + 1)) {
    const found = flood(pixels, columns, [start]);
    if (found.length < MIN_PIXELS) continue;
    const ys = found.map((p) => Math.floor(p / columns)).toSorted((a, b) => a - b);
    const xs = found.map((p) => p % columns).toSorted((a, b) => a - b);
    boxes.push({
      row: ys[0],
      column: xs[0],
      rows: ys.at(-1)! - ys[0] + 1,
      columns: xs.at(-1)! - xs[0] + 1,
      pixels: found.length,
    });
  }
  return boxes;
}
