/** Sampling masks from formulas, files and data. @module */
import { InputError, UsageError } from "../../errors.ts";
import { Rng } from "../../rng.ts";
import { extentOf, largestStep } from "./detect.ts";
import type { GeneratedMaskSpec } from "./mask_spec.ts";
import { partialExtent, type PartialSampling } from "./partial_sampling.ts";
import { poissonDisc } from "./poisson.ts";
import { centredStart, SamplingMask } from "./sampling_mask.ts";

export { type GeneratedMaskSpec, type MaskSpec, maskText, parseMaskSpec } from "./mask_spec.ts";
export { detectMask, detectSampling } from "./detect.ts";
export { SamplingMask } from "./sampling_mask.ts";

/**
 * Makes a mask.
 *
 * `equispaced` keeps lines 0, R, 2R, ... and the centred lines. `random` keeps the centred lines, and
 * each other line with the probability (n / R - acs) / (n - acs), so that n / R are expected (as
 * RandomMaskFunc of fastMRI; Zbontar et al. 2018). `poisson` is {@link poissonDisc}. `partial` keeps the
 * first round(fraction x n) lines.
 *
 * Without `acs` there are 0.32 n / R calibration lines, as fastMRI has them (8 % at R=4, 4 % at R=8), but
 * 16 at least and half of n / R at most; the square of `poisson` has a side of 24, or n / (2 sqrt R).
 *
 * @param spec from `parseMaskSpec`; a mask file is read by `io` and given to {@link maskFromLines}
 * @param height phase-encode lines
 * @param width readout samples, or second phase encodings for `poisson`
 * @throws {UsageError} when the lines are fewer than acs, or R is out of reach with that many
 *   calibration lines
 * @throws {InputError} when no line is kept
 */
export function makeMask(spec: GeneratedMaskSpec, height: number, width: number): SamplingMask {
  const acs = "acs" in spec && spec.acs !== undefined ? spec.acs : defaultAcs(spec, height, width);
  const lines = spec.kind === "poisson" ? Math.min(height, width) : height;
  if (acs > lines) {
    throw new UsageError(
      `Cannot make mask '${spec.text}' for ${height} x ${width}: acs of at most ${lines} is required, ` +
        `found ${acs}`,
    );
  }
  const values = generate(spec, acs, height, width);
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
    acs: ("acceleration" in spec || "acs" in spec) && values.includes(0) ? acs : undefined,
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

/** The extent of acquired lines, where they are partial Fourier. */
function partialRows(lines: Uint8Array): PartialSampling | undefined {
  const rows = partialExtent(extentOf(lines), lines.length, largestStep(lines));
  return rows && { rows };
}

/** Calibration lines for every n lines of the field of view over R. */
const FASTMRI_ACS = 0.32;
const LEAST_ACS = 16;
const SQUARE_ACS = 24;

function defaultAcs(spec: GeneratedMaskSpec, height: number, width: number): number {
  if (!("acceleration" in spec)) return 0;
  const { kind, acceleration } = spec;
  const side = Math.floor(Math.min(height, width) / (2 * Math.sqrt(acceleration)));
  if (kind === "poisson") return Math.min(SQUARE_ACS, side);
  const kept = height / acceleration;
  return Math.min(Math.max(LEAST_ACS, Math.round(FASTMRI_ACS * kept)), Math.floor(kept / 2));
}

function generate(
  spec: GeneratedMaskSpec,
  acs: number,
  height: number,
  width: number,
): Uint8Array {
  const values = new Uint8Array(height);
  switch (spec.kind) {
    case "full":
      return values.fill(1);
    case "equispaced":
      for (let line = 0; line < height; line += spec.acceleration) values[line] = 1;
      return withCentre(values, acs);
    case "random":
      return withCentre(randomLines(spec, acs, height), acs);
    case "poisson":
      return poissonDisc(height, width, { ...spec, acs });
    case "partial": {
      const beyondCentre = Math.floor(height / 2) + 1;
      values.fill(1, 0, Math.max(beyondCentre, Math.round(spec.fraction * height)));
      return withCentre(values, acs);
    }
  }
}

function withCentre(values: Uint8Array, acs: number): Uint8Array {
  const start = centredStart(values.length, acs);
  return values.fill(1, start, start + acs);
}

/** Lines kept at random, so that with the centred ones lines / R are expected. */
function randomLines(
  { text, acceleration, seed }: GeneratedMaskSpec & { readonly kind: "random" | "poisson" },
  acs: number,
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
