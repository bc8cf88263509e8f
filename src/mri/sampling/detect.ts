/** Which samples a scan acquired, as the zeros of its k-space show. @module */
import { InputError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import type { Warning } from "../../warning.ts";
import { type Ends, hullSupport, judgeEnds, mirrored } from "./padding.ts";
import type { Extent, PartialSampling } from "./partial_sampling.ts";
import { SamplingMask } from "./sampling_mask.ts";

/** Part of the points of acquired lines that must be zero for the mask to be one of the plane. */
const PLANE_ZEROS = 0.02;

/** What is known beside the samples. */
export interface DetectOptions {
  /** Lines that the scan could sample, from first to after last, where a header says so. */
  readonly encoded?: Extent;
  /** Where a header says that k-space is partial. */
  readonly partial?: PartialSampling;
}

/** What was acquired, and what had to be assumed to tell it. */
export interface Detected {
  readonly mask: SamplingMask;
  readonly warnings: readonly Warning[];
}

/** {@link detectSampling} without the warnings. */
export const detectMask = (kspace: NdArray, options?: DetectOptions): SamplingMask =>
  detectSampling(kspace, options).mask;

/**
 * The mask that the zeros of k-space show: lines, or points of the plane where many points between the
 * first and the last column of the acquired lines are zero. Zeros at the ends are padding or partial
 * Fourier; see {@link judgeEnds}.
 * @param kspace one slice, `[C, 2, H, W]`, both axes transformed
 * @throws {RangeError} for another shape
 * @throws {InputError} when all of k-space is zero
 */
export function detectSampling(kspace: NdArray, options: DetectOptions = {}): Detected {
  const [, parts, height, width] = kspace.shape;
  if (kspace.shape.length !== 4 || parts !== 2) {
    throw new RangeError(
      `Cannot find the acquired samples: k-space [C, 2, H, W] is required, found [${kspace.shape}]`,
    );
  }
  const points = acquiredPoints(kspace);
  const lines = new Uint8Array(height), columns = new Uint8Array(width);
  points.forEach((kept, i) => {
    if (kept === 0) return;
    lines[Math.floor(i / width)] = 1;
    columns[i % width] = 1;
  });
  const [from, to] = extentOf(columns);
  const isPlane = count(points) < (1 - PLANE_ZEROS) * count(lines) * (to - from);
  const { encoded, partial: declared } = options;
  const step = encoded || isPlane ? 1 : largestStep(lines);
  const rowEnds = judgeEnds(encoded ?? extentOf(lines), height, step, declared?.rows !== undefined);
  const columnEnds = judgeEnds([from, to], width, 1, declared?.columns !== undefined);
  const partial = declared ?? partialOf({
    // What a header says that the scan could sample may be wider than what it did sample.
    rows: rowEnds.partial && extentOf(lines),
    columns: columnEnds.partial,
  });
  const base = { height, width, spec: "data", partial };
  const warnings = [
    ...unclear("lines", rowEnds, height),
    ...unclear("columns", columnEnds, width),
  ];
  if (isPlane) {
    const support = planeSupport(points, height, width, partial !== undefined);
    return {
      mask: new SamplingMask({ ...base, isLines: false, values: points, support }),
      warnings,
    };
  }
  const mask = new SamplingMask({
    ...base,
    isLines: true,
    values: lines,
    support: within(rowEnds.support, height),
    columns: to - from === width ? undefined : [from, to],
  });
  return { mask, warnings };
}

/** 1 where any coil holds a sample, `[H, W]`. */
function acquiredPoints({ data, shape: [coils, , height, width] }: NdArray): Uint8Array {
  const size = height * width;
  const points = new Uint8Array(size);
  for (let start = 0; start < 2 * coils * size; start += size) {
    for (let i = 0; i < size; i++) if (data[start + i] !== 0) points[i] = 1;
  }
  if (points.includes(1)) return points;
  throw new InputError(
    "Cannot find the acquired samples: nonzero k-space is required, found zeros",
  );
}

/** The points themselves where next to none within their hull is missing, else their hull. */
function planeSupport(points: Uint8Array, height: number, width: number, isPartial: boolean) {
  const hull = hullSupport(points, height, width);
  if (isPartial) return hull && mirrored(hull, height, width);
  const inside = hull === undefined ? points.length : count(hull);
  return count(points) >= (1 - PLANE_ZEROS) * inside ? points : hull;
}

function within([first, end]: Extent, size: number): Uint8Array | undefined {
  return end - first === size ? undefined : new Uint8Array(size).fill(1, first, end);
}

function unclear(
  name: string,
  { isUnclear, support: [first, end] }: Ends,
  size: number,
): Warning[] {
  if (!isUnclear) return [];
  return [{
    code: "padding-assumed",
    message:
      `Only k-space ${name} ${first} to ${end - 1} of ${size} hold data, farther on one side ` +
      "of the centre than on the other; the rest is taken for padding, not for partial Fourier",
    ...(name === "lines" &&
      { hint: "If it is partial Fourier, say so: --mask partial:fraction=NUMBER" }),
  }];
}

const count = (values: Uint8Array) => values.reduce((sum, kept) => sum + kept, 0);

/** First value that is 1 and the one after the last. */
export const extentOf = (values: Uint8Array): Extent => [
  values.indexOf(1),
  values.lastIndexOf(1) + 1,
];

/** The largest distance between lines that follow each other. */
export function largestStep(lines: Uint8Array): number {
  const acquired = [...lines.keys()].filter((line) => lines[line] === 1);
  return Math.max(1, ...acquired.slice(1).map((line, i) => line - acquired[i]));
}

/** Without the axes along which nothing is missing; undefined where there is none. */
function partialOf({ rows, columns }: PartialSampling): PartialSampling | undefined {
  return rows || columns ? { ...(rows && { rows }), ...(columns && { columns }) } : undefined;
}
