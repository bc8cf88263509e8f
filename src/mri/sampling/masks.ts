/** Sampling masks from formulas, files and data. @module */
import { InputError, UsageError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import type { GeneratedMaskSpec } from "./mask_spec.ts";
import { type Extent, partialExtent, type PartialSampling } from "./partial_sampling.ts";
import { poissonDisc } from "./poisson.ts";
import { centredStart, SamplingMask } from "./sampling_mask.ts";

export { type GeneratedMaskSpec, type MaskSpec, maskText, parseMaskSpec } from "./mask_spec.ts";
export { SamplingMask } from "./sampling_mask.ts";

/**
 * Makes a mask.
 *
 * `equispaced` keeps lines 0, R, 2R, ... and the centred lines. `random` keeps the centred lines, and
 * each other line with the probability (n / R - acs) / (n - acs), so that n / R are expected (as
 * RandomMaskFunc of fastMRI; Zbontar et al. 2018). `poisson` is {@link poissonDisc}. `partial` keeps the
 * first round(fraction x n) lines.
 *
 * @param spec from `parseMaskSpec`; a mask file is read by `io` and given to {@link maskFromLines}
 * @param height phase-encode lines
 * @param width readout samples, or second phase encodings for `poisson`
 * @throws {UsageError} when the lines are fewer than acs, or R is out of reach with that many
 *   calibration lines
 * @throws {InputError} when no line is kept
 */
export function makeMask(spec: GeneratedMaskSpec, height: number, width: number): SamplingMask {
  const acs = "acs" in spec ? spec.acs ?? 0 : 0;
  const lines = spec.kind === "poisson" ? Math.min(height, width) : height;
  if (acs > lines) {
    throw new UsageError(
      `Cannot make mask '${spec.text}' for ${height} x ${width}: acs of at most ${lines} is required, ` +
        `found ${acs}`,
    );
  }
  const values = generate(spec, height, width);
  if (!values.includes(1)) {
    throw new InputError(
      `Cannot make mask '${spec.text}' for ${height} lines: at least one line is required, found none`,
      { hint: "Lower R, or take calibration lines (acs) or another seed" },
    );
  }
  return new SamplingMask({
    isLines: spec.kind !== "poisson",
    height,
    width,
    values,
    spec: spec.text,
    acs: "acs" in spec && values.includes(0) ? acs : undefined,
    partial: spec.kind === "partial" ? partialRows(values) : undefined,
  });
}

/**
 * A mask of phase-encode lines that came from a file or from the data.
 *
 * @param values one number per line, kept where it is not 0
 * @param width readout samples
 * @param spec what to call it
 * @throws {InputError} when no line is kept
 */
export function maskFromLines(
  values: ArrayLike<number>,
  width: number,
  spec: "file" | "data" = "file",
): SamplingMask {
  const kept = Uint8Array.from(values, (value) => value === 0 ? 0 : 1);
  const partial = partialRows(kept);
  const height = kept.length;
  return new SamplingMask({ isLines: true, height, width, values: kept, spec, partial });
}

/**
 * A mask of points in the plane of two phase encodings that came from a file or from the data.
 *
 * @param values one number per point, `[height, width]` in C order, kept where it is not 0
 * @throws {InputError} when no point is kept, or the number of values is not height x width
 */
export function maskFromPlane(
  values: ArrayLike<number>,
  height: number,
  width: number,
  spec: "file" | "data" = "file",
): SamplingMask {
  if (values.length !== height * width) {
    throw new InputError(
      `Cannot use a mask for ${height} x ${width} points: ${height * width} values are required, ` +
        `found ${values.length}`,
    );
  }
  const kept = Uint8Array.from(values, (value) => value === 0 ? 0 : 1);
  return new SamplingMask({ isLines: false, height, width, values: kept, spec });
}

/** Part of the points of acquired lines that must be zero for the mask to be one of the plane. */
const PLANE_ZEROS = 0.02;

/**
 * The mask that the zeros of k-space show: lines, or points of the plane where many points between the
 * first and the last column of the acquired lines are zero. Columns that are empty in all lines are
 * padding, or an asymmetric echo where only one end of the readout has them.
 * @param kspace one slice, `[C, 2, H, W]`, both axes transformed
 * @throws {RangeError} for another shape
 * @throws {InputError} when all of k-space is zero
 */
export function detectMask({ data, shape }: NdArray): SamplingMask {
  const [coils, parts, height, width] = shape;
  if (shape.length !== 4 || parts !== 2) {
    throw new RangeError(
      `Cannot find the acquired samples: k-space [C, 2, H, W] is required, found [${shape}]`,
    );
  }
  const size = height * width;
  const points = new Uint8Array(size);
  for (let start = 0; start < 2 * coils * size; start += size) {
    for (let i = 0; i < size; i++) if (data[start + i] !== 0) points[i] = 1;
  }
  const lines = new Uint8Array(height), columns = new Uint8Array(width);
  points.forEach((kept, i) => {
    if (kept === 0) return;
    lines[Math.floor(i / width)] = 1;
    columns[i % width] = 1;
  });
  const count = (values: Uint8Array) => values.reduce((sum, kept) => sum + kept, 0);
  if (count(points) === 0) {
    throw new InputError(
      "Cannot find the acquired samples: nonzero k-space is required, found zeros",
    );
  }
  const extent = extentOf(columns);
  const inLines = count(lines) * (extent[1] - extent[0]);
  if (count(points) < (1 - PLANE_ZEROS) * inLines) {
    return maskFromPlane(points, height, width, "data");
  }
  const mask = maskFromLines(lines, width, "data");
  const echo = partialExtent(extent, width, 1);
  return echo === undefined ? mask : mask.with({ partial: { ...mask.partial, columns: echo } });
}

/** The extent of acquired lines, where they are partial Fourier. */
function partialRows(lines: Uint8Array): PartialSampling | undefined {
  const acquired = [...lines.keys()].filter((line) => lines[line] === 1);
  const gaps = acquired.slice(1).map((line, i) => line - acquired[i]);
  const rows = partialExtent(extentOf(lines), lines.length, Math.max(1, ...gaps));
  return rows && { rows };
}

/** First value that is 1 and the one after the last. */
const extentOf = (values: Uint8Array): Extent => [values.indexOf(1), values.lastIndexOf(1) + 1];

function generate(spec: GeneratedMaskSpec, height: number, width: number): Uint8Array {
  const values = new Uint8Array(height);
  switch (spec.kind) {
    case "full":
      return values.fill(1);
    case "equispaced":
      for (let line = 0; line < height; line += spec.acceleration) values[line] = 1;
      return withCentre(values, spec.acs);
    case "random":
      return withCentre(randomLines(spec, height), spec.acs);
    case "poisson":
      return poissonDisc(height, width, spec);
    case "partial": {
      const beyondCentre = Math.floor(height / 2) + 1;
      values.fill(1, 0, Math.max(beyondCentre, Math.round(spec.fraction * height)));
      return withCentre(values, spec.acs ?? 0);
    }
  }
}

function withCentre(values: Uint8Array, acs: number): Uint8Array {
  const start = centredStart(values.length, acs);
  return values.fill(1, start, start + acs);
}

/** Lines kept at random, so that with the centred ones lines / R are expected. */
function randomLines(
  { text, acceleration, acs, seed }: GeneratedMaskSpec & { readonly kind: "random" | "poisson" },
  lines: number,
): Uint8Array {
  if (acs * acceleration > lines) {
    throw new UsageError(
      `Cannot make mask '${text}' for ${lines} lines: with acs=${acs} ` +
        `R of at most ${(lines / acs).toFixed(2)} is required, found ${acceleration}`,
    );
  }
  const probability = acs === lines ? 1 : (lines / acceleration - acs) / (lines - acs);
  const rng = new Rng(seed);
  return Uint8Array.from({ length: lines }, () => rng.uniform() < probability ? 1 : 0);
}
