/** Figures of the image itself: how much of it the data determine, and how noisy it is. @module */
import type { NdArray } from "../../ndarray.ts";

/** From the median of the magnitude of normal numbers to their standard deviation. */
const MEDIAN_OF_NORMAL = 0.6745;

/** Pixels count as object where the sum of squares of the maps exceeds this. */
const INSIDE = 0.5;

/** Fewest pixels whose noise is told. */
const MIN_PIXELS = 100;

/** Sum of squares of maps `[S, C, 2, H, W]` at each pixel, for each set. */
function squares({ data, shape: [sets, coils, , height, width] }: NdArray): Float32Array[] {
  const plane = height * width;
  return Array.from({ length: sets }, (_, set) => {
    const sums = new Float32Array(plane);
    for (let part = 2 * coils * set; part < 2 * coils * (set + 1); part++) {
      for (let i = 0; i < plane; i++) sums[i] += data[part * plane + i] ** 2;
    }
    return sums;
  });
}

/** Real unknowns of images that the maps allow. */
export function unknowns(maps: NdArray): number {
  return 2 * squares(maps).reduce((all, set) => all + set.reduce((sum, v) => sum + v, 0), 0);
}

/**
 * Noise of an image within the object: the standard deviation that the median of the finest diagonal
 * differences of real and imaginary parts stands for (Donoho and Johnstone 1994, Biometrika 81:425), in
 * which smooth tissue and few edges have next to no part.
 * @param image `[2 S, H, W]`
 * @param maps `[S, C, 2, H, W]`
 * @returns 0 of an object that is too small to tell
 */
export function imageNoise({ data, shape: [, height, width] }: NdArray, maps: NdArray): number {
  const [inside] = squares(maps);
  const found: number[] = [];
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0; x + 1 < width; x += 2) {
      const at = y * width + x;
      const four = [at, at + 1, at + width, at + width + 1];
      if (four.some((i) => inside[i] < INSIDE)) continue;
      for (const start of [0, height * width]) {
        const [a, b, c, d] = four.map((i) => data[start + i]);
        found.push(Math.abs(a - b - c + d) / 2);
      }
    }
  }
  if (found.length < 2 * MIN_PIXELS / 4) return 0;
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)] / MEDIAN_OF_NORMAL;
}
