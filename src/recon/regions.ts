/** Connected regions of a slice, as reports name them. @module */
import { flood } from "../mri/metrics/head_mask.ts";

/** A connected region of a slice. */
export interface Region {
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

/** The 4-connected regions of at least `least` pixels that are 1, each as places; destroys `pixels`. */
export function connected(pixels: Uint8Array, columns: number, least: number): number[][] {
  const found: number[][] = [];
  for (let start = pixels.indexOf(1); start >= 0; start = pixels.indexOf(1, start + 1)) {
    const region = flood(pixels, columns, [start]);
    if (region.length >= least) found.push(region);
  }
  return found;
}

/** The box of a region. */
export function boxOf(
  region: readonly number[],
  { slice, columns }: { readonly slice: number; readonly columns: number },
): Region {
  const ys = region.map((p) => Math.floor(p / columns)).toSorted((a, b) => a - b);
  const xs = region.map((p) => p % columns).toSorted((a, b) => a - b);
  return {
    slice,
    row: ys[0],
    column: xs[0],
    rows: ys.at(-1)! - ys[0] + 1,
    columns: xs.at(-1)! - xs[0] + 1,
    pixels: region.length,
  };
}
