/**
 * The head in an image: the region over which Larmor's tables compare, because the background of a
 * root-sum-of-squares image is noise.
 * @module
 */
import type { NdArray } from "../../ndarray.ts";
import { volumeShape } from "./volume.ts";
import { percentile } from "./percentile.ts";

/** A pixel is bright when it exceeds this fraction of the slice's 99th percentile. */
const THRESHOLD = 0.15;
const PERCENTILE = 99;

/**
 * The head in each slice: the largest connected component of RSS > 0.15 x its 99th percentile (of that
 * slice, linear as numpy.percentile), holes filled.
 *
 * Pixels are connected through their edges (4-connectivity), both for the component and for the
 * background around it, as the defaults of scipy.ndimage.label and binary_fill_holes. Of two components of
 * one size the one that comes first in C order is taken. A slice of zeros has no head.
 *
 * @param rss root-sum-of-squares magnitude, `[S, H, W]` or `[H, W]`
 * @returns 1 in the head and 0 elsewhere, in the order of `rss`
 * @throws {RangeError} for another rank
 */
export function headMask(rss: NdArray): Uint8Array {
  const [slices, height, width] = volumeShape("find the head", rss);
  const size = height * width;
  const mask = new Uint8Array(slices * size);
  for (let slice = 0; slice < slices; slice++) {
    const pixels = rss.data.subarray(slice * size, (slice + 1) * size);
    const threshold = THRESHOLD * percentile(pixels, PERCENTILE);
    const bright = new Uint8Array(size);
    for (let pixel = 0; pixel < size; pixel++) bright[pixel] = pixels[pixel] > threshold ? 1 : 0;
    const head = mask.subarray(slice * size, (slice + 1) * size);
    head.set(fillHoles(largestComponent(bright, width), width));
  }
  return mask;
}

/** Keeps the largest 4-connected component of the pixels that are 1; destroys `pixels`. */
function largestComponent(pixels: Uint8Array, width: number): Uint8Array {
  let largest: number[] = [];
  for (let start = 0; start < pixels.length; start++) {
    if (pixels[start] === 0) continue;
    const component = flood(pixels, width, [start]);
    if (component.length > largest.length) largest = component;
  }
  const out = new Uint8Array(pixels.length);
  for (const pixel of largest) out[pixel] = 1;
  return out;
}

/** Sets to 1 what the background cannot reach from the edge of the image through pixel edges. */
function fillHoles(component: Uint8Array, width: number): Uint8Array {
  const background = component.map((value) => 1 - value);
  const height = component.length / width;
  const edge: number[] = [];
  for (let x = 0; x < width; x++) edge.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) edge.push(y * width, y * width + width - 1);
  flood(background, width, edge);
  return component.map((value, pixel) => value | background[pixel]);
}

/**
 * Clears the pixels that are 1 and 4-connected to a seed, the seeds included, and lists them.
 * @param pixels 0 or 1 in C order; changed
 * @param width columns
 */
export function flood(pixels: Uint8Array, width: number, seeds: readonly number[]): number[] {
  const visited: number[] = [];
  const visit = (pixel: number) => {
    if (pixels[pixel] !== 1) return; // also beyond the first and the last row
    pixels[pixel] = 0;
    visited.push(pixel);
  };
  seeds.forEach(visit);
  for (let i = 0; i < visited.length; i++) {
    const pixel = visited[i], x = pixel % width;
    if (x > 0) visit(pixel - 1);
    if (x < width - 1) visit(pixel + 1);
    visit(pixel - width);
    visit(pixel + width);
  }
  return visited;
}
