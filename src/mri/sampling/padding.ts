/**
 * What the zeros at the ends of k-space mean: padding, or a side that was not acquired.
 *
 * Scanners and data sets pad k-space with zeros to a larger matrix (fastMRI's knees along the phase
 * encoding, Calgary-Campinas and SKM-TEA along the second one), and elliptical scans leave out its
 * corners. Nobody meant to measure there: such samples count neither as acquired nor as missing.
 * @module
 */
import { constant, mul, type Tensor } from "../../graph/mod.ts";
import { dftH, dftW } from "../physics/dft.ts";
import { type Extent, partialExtent } from "./partial_sampling.ts";
import type { SamplingMask } from "./sampling_mask.ts";

/**
 * Partial Fourier scans acquire 5/8, 6/8 or 7/8 of k-space, so that the short side reaches at most 3/4
 * as far as the long one. Above this part, an uneven margin is taken for padding.
 */
const MAX_PARTIAL_REACH = 0.8;

/** A margin of undersampled lines is padding where it is wider than so many of their largest gaps. */
const MARGIN_GAPS = 2;

/** A convex hull that covers this part of the plane is all of it: sparse points miss the edges. */
const WHOLE_PLANE = 0.97;

/** How the ends of an axis are taken. */
export interface Ends {
  /** Where the scan could sample; all else is padding. */
  readonly support: Extent;
  /** What was acquired, where one side is missing. */
  readonly partial?: Extent;
  /** Whether the ends are uneven, but not so much as partial Fourier makes them. */
  readonly isUnclear: boolean;
}

/**
 * Judges the ends of an axis that hold zeros: ends of like width are padding, and one that reaches
 * far less from the centre than the other is the missing side of partial Fourier.
 * @param extent samples that hold data, from first to after last
 * @param size samples of the axis
 * @param step the largest distance between lines that hold data; 1 where none is left out between
 * @param isPartial whether a header says that it is partial Fourier
 */
export function judgeEnds(
  extent: Extent,
  size: number,
  step: number,
  isPartial = false,
): Ends {
  const [first, end] = extent;
  const enough = step === 1 ? 1 : MARGIN_GAPS * step + 1;
  const support: Extent = [
    first >= enough ? first : 0,
    size - end >= enough ? end : size,
  ];
  if (!isPartial && partialExtent(extent, size, step) === undefined) {
    return { support, isUnclear: false };
  }
  const centre = Math.floor(size / 2);
  const [shorter, longer] = [centre - first, end - centre].sort((a, b) => a - b);
  if (!isPartial && shorter > MAX_PARTIAL_REACH * longer) return { support, isUnclear: true };
  const farther = Math.max(centre - support[0], support[1] - 1 - centre);
  const isPadded = support[0] > 0 && support[1] < size;
  return {
    support: isPadded ? [centre - farther, Math.min(size, centre + farther + 1)] : [0, size],
    partial: extent,
    isUnclear: false,
  };
}

/**
 * The points within the convex hull of those that hold data.
 * @param points `[height, width]`, 0 or 1, at least one of them 1
 * @returns the same layout; undefined where the hull is all but the whole plane
 */
export function hullSupport(
  points: Uint8Array,
  height: number,
  width: number,
): Uint8Array | undefined {
  const ends = Array.from({ length: height }, (_, y) => {
    const row = points.subarray(y * width, (y + 1) * width);
    return [row.indexOf(1), row.lastIndexOf(1)] as const;
  });
  const rows = [...ends.keys()].filter((y) => ends[y][0] >= 0);
  const left = lowerHull(rows.map((y) => [y, ends[y][0]]));
  const right = lowerHull(rows.map((y) => [y, -ends[y][1]]));
  const hull = new Uint8Array(points.length);
  let inside = 0;
  for (let y = rows[0]; y <= rows[rows.length - 1]; y++) {
    const from = Math.ceil(valueAt(left, y) - 1e-9), to = Math.floor(1e-9 - valueAt(right, y)) + 1;
    hull.fill(1, y * width + from, y * width + to);
    inside += to - from;
  }
  return inside >= WHOLE_PLANE * points.length ? undefined : hull;
}

type Point = readonly [number, number];

/** The lower convex hull of points in the order of their first coordinate (Andrew 1979). */
function lowerHull(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const [x, y] of points) {
    while (hull.length >= 2) {
      const [[x0, y0], [x1, y1]] = hull.slice(-2);
      if ((x1 - x0) * (y - y0) > (y1 - y0) * (x - x0)) break;
      hull.pop();
    }
    hull.push([x, y]);
  }
  return hull;
}

/** The height of a chain of points at x, which lies within it. */
function valueAt(chain: readonly Point[], x: number): number {
  const after = chain.findIndex(([each]) => each >= x);
  const [x1, y1] = chain[after];
  if (x1 === x) return y1;
  const [x0, y0] = chain[after - 1];
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

/**
 * Points and their mirror images about the centre of k-space: what partial Fourier is to restore.
 * @param width 1 for lines
 */
export function mirrored(points: Uint8Array, height: number, width: number): Uint8Array {
  const both = points.slice();
  points.forEach((inside, i) => {
    if (inside === 0) return;
    const y = 2 * Math.floor(height / 2) - Math.floor(i / width);
    const x = 2 * Math.floor(width / 2) - i % width;
    if (y >= 0 && y < height && x >= 0 && x < width) both[y * width + x] = 1;
  });
  return both;
}

/**
 * The image without what lies beyond the support of its k-space: padding stays zero, as in the
 * images that scanners and data sets make from padded k-space.
 * @param image complex `[..., 2, H, W]`
 */
export function limitToSupport(
  image: Tensor,
  { isLines, height, width, support }: SamplingMask,
): Tensor {
  if (support === undefined) return image;
  const inside = constant({
    data: Float32Array.from(support),
    shape: [height, isLines ? 1 : width],
  });
  if (isLines) return dftH(mul(dftH(image, "forward"), inside), "inverse");
  const kspace = dftW(dftH(image, "forward"), "forward");
  return dftW(dftH(mul(kspace, inside), "inverse"), "inverse");
}
