/**
 * Sampling masks: which phase-encode lines, or points of a plane of two phase encodings, were acquired.
 *
 * The centre of n lines is line floor(n / 2), where the centred Fourier transform puts zero frequency;
 * `acs` centred lines are lines floor(n / 2) - floor(acs / 2) and the acs - 1 after it.
 * @module
 */
import { InputError, UsageError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import type { GeneratedMaskSpec } from "./mask_spec.ts";
import { lopsided, type PartialSampling } from "./partial_sampling.ts";
import { poissonDisc } from "./poisson.ts";

export { type GeneratedMaskSpec, type MaskSpec, parseMaskSpec } from "./mask_spec.ts";

/** Which part of k-space was acquired. */
export interface SamplingMask {
  /** Whether whole phase-encode lines are kept, or points of a plane of two phase encodings. */
  readonly kind: "lines" | "plane";
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, or second phase encodings of a plane, W. */
  readonly width: number;
  /** 0 or 1: for each of H lines, or for each point of a plane, `[H, W]` in C order. */
  readonly values: Uint8Array;
  /** What the mask was made from: a specification, `file` or `data`. */
  readonly spec: string;
  /** All lines (or points) divided by those kept, the calibration lines included. */
  readonly acceleration: number;
  /**
   * Calibration lines: contiguous fully sampled lines at the centre; the side of the fully sampled
   * centred square of a plane. What the specification asks for, otherwise the most that the mask has.
   */
  readonly acs: number;
  /** Set where one side of the centre is left out, not only thinned: see `restorePartial`. */
  readonly partial?: PartialSampling;
}

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
  const kind = spec.kind === "poisson" ? "plane" : "lines";
  const end = values.lastIndexOf(1) + 1;
  const rows = spec.kind === "partial" ? lopsided([values.indexOf(1), end], height, 1) : undefined;
  const partial = rows === undefined ? {} : { partial: { rows } };
  const mask = describe({ kind, height, width, values, spec: spec.text, ...partial });
  return "acs" in spec && mask.acceleration > 1 ? { ...mask, acs } : mask;
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
  return describe({ kind: "lines", height: kept.length, width, values: kept, spec });
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
  return describe({ kind: "plane", height, width, values: kept, spec });
}

/**
 * The lines of which any sample of any coil is not zero.
 *
 * @param kspace one slice, `[C, 2, H, W]`, the readout transformed or not
 * @returns 0 or 1 for each of H lines
 * @throws {RangeError} for another shape
 * @throws {InputError} when all of k-space is zero
 */
export function detectMask(kspace: NdArray): Uint8Array {
  const [coils, parts, height, width] = kspace.shape;
  if (kspace.shape.length !== 4 || parts !== 2) {
    throw new RangeError(
      `Cannot find the acquired lines: k-space [C, 2, H, W] is required, found [${kspace.shape}]`,
    );
  }
  const lines = new Uint8Array(height);
  for (let plane = 0; plane < coils * parts; plane++) {
    for (let line = 0; line < height; line++) {
      if (lines[line] === 1) continue;
      const start = (plane * height + line) * width;
      if (kspace.data.subarray(start, start + width).some((value) => value !== 0)) lines[line] = 1;
    }
  }
  if (!lines.includes(1)) {
    throw new InputError(
      "Cannot find the acquired lines: nonzero k-space is required, found zeros",
    );
  }
  return lines;
}

/**
 * Where the calibration lines are: `count` lines from line `start` (for a plane, rows of the square;
 * its columns start at floor(W / 2) - floor(count / 2)). `count` is 0 when there are none.
 */
export function calibrationLines(mask: SamplingMask): { start: number; count: number } {
  return { start: centredStart(mask.height, mask.acs), count: mask.acs };
}

/** Fills in what follows from the values. */
function describe(mask: Omit<SamplingMask, "acceleration" | "acs">): SamplingMask {
  const kept = mask.values.reduce((sum, value) => sum + value, 0);
  if (kept === 0) {
    throw new InputError(
      `Cannot use a mask of ${mask.values.length} ${mask.kind === "lines" ? "lines" : "points"}: ` +
        `at least one that is kept is required, found none`,
    );
  }
  return { ...mask, acceleration: mask.values.length / kept, acs: centredRun(mask) };
}

/** The largest number of centred lines (side of a centred square) all of which are kept. */
function centredRun({ kind, height, width, values }: Omit<SamplingMask, "acceleration" | "acs">) {
  const most = kind === "plane" ? Math.min(height, width) : height;
  const columns = kind === "plane" ? width : 1;
  for (let run = 0; run < most; run++) {
    // A centred square contains all smaller ones, so each adds only its last rows and columns.
    const top = centredStart(height, run + 1),
      left = columns > 1 ? centredStart(width, run + 1) : 0;
    for (let y = top; y <= top + run; y++) {
      const row = values.subarray(
        y * columns + left,
        y * columns + left + Math.min(run + 1, columns),
      );
      if (row.includes(0)) return run;
    }
  }
  return most;
}

function centredStart(size: number, count: number): number {
  return Math.floor(size / 2) - Math.floor(count / 2);
}

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
