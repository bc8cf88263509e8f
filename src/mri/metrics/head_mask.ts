/**
 * The head in an image: the region over which Larmor's tables compare, because the background of a
 * root-sum-of-squares image is noise.
 * @module
 */
import type { NdArray } from "../../ndarray.ts";
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
    const bright = Uint8Array.from(pixels, (value) => value > threshold ? 1 : 0);
    const head = mask.subarray(slice * size, (slice + 1) * size);
    head.set(fillHoles(largestComponent(bright, width), width));
  }
  return mask;
}

/**
 * Slices, rows and columns of a real volume `[S, H, W]`, or of one slice `[H, W]`.
 *
 * @param action what is being done, for the error
 * @throws {RangeError} for another rank or an empty volume
 */
export function volumeShape(
  action: string,
  { shape, data }: NdArray,
): readonly [slices: number, height: number, width: number] {
  if ((shape.length !== 2 && shape.length !== 3) || data.length === 0) {
    throw new RangeError(
      `Cannot ${action}: a volume [S, H, W] or a slice [H, W] is required, found [${shape}]`,
    );
  }
  const [width, height, slices = 1] = shape.toReversed();
  return [slices, height, width];
}

/** Keeps the largest 4-connected component of the pixels that are 1; destroys `pixels`. */
function largestComponent(pixels: Uint8Array, width: number): Uint8Array {
  let largest: number[] = [];
  for (let start = pixels.indexOf(1); start >= 0; start = pixels.indexOf(1, start + 1)) {
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

/** Clears the pixels that are 1 and 4-connected to a seed, the seeds included, and lists them. */
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
