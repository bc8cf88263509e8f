/**
 * Which part of k-space was acquired: whole phase-encode lines, or points of a plane of two phase
 * encodings.
 *
 * The centre of n lines is line floor(n / 2), where the centred Fourier transform puts zero frequency;
 * `acs` centred lines are lines floor(n / 2) - floor(acs / 2) and the acs - 1 after it.
 * @module
 */
import { InputError } from "../../errors.ts";
import { sha256 } from "../../host.ts";
import type { NdArray } from "../../ndarray.ts";
import type { Extent, PartialSampling } from "./partial_sampling.ts";

/** Calibration lines that coil maps take at least: the side of ESPIRiT's kernel. */
export const MIN_CALIBRATION = 6;

/** Content of a {@link SamplingMask}. */
export interface MaskContent {
  /** Whether whole phase-encode lines are kept. */
  readonly isLines: boolean;
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, or second phase encodings of a plane, W. */
  readonly width: number;
  /** 0 or 1: for each of H lines, or for each point of a plane, `[H, W]` in C order. */
  readonly values: Uint8Array;
  /** Origin of the mask: a specification, `file` or `data`. */
  readonly spec: string;
  /** Calibration lines (see {@link SamplingMask.acs}). Default: the most that the mask has. */
  readonly acs?: number;
  /** First calibration line. Default: so that they are centred. */
  readonly acsStart?: number;
  /** Which part of k-space was sampled, where it is partial. */
  readonly partial?: PartialSampling;
  /**
   * 1 where the scan could sample, laid out as `values`; what lies beyond is padding, which counts
   * neither as acquired nor as missing. Default: everywhere.
   */
  readonly support?: Uint8Array;
  /** Readout samples that hold data, from first to after last, where others do not. */
  readonly columns?: Extent;
}

/** A sampling mask, and what follows from it. */
export class SamplingMask implements MaskContent {
  readonly isLines: boolean;
  readonly height: number;
  readonly width: number;
  readonly values: Uint8Array;
  readonly spec: string;
  /**
   * Calibration lines: contiguous fully sampled lines at the centre, or where these are fewer than
   * {@link MIN_CALIBRATION} a longer run beside it; the side of the fully sampled centred square of a
   * plane.
   */
  readonly acs: number;
  /** First calibration line. */
  readonly acsStart: number;
  /** Set for partial Fourier and asymmetric echoes; see `restorePartial`. */
  readonly partial?: PartialSampling;
  readonly support?: Uint8Array;
  readonly columns?: Extent;
  /** Number of lines (or points) that are kept. */
  readonly kept: number;
  /** Number of lines (or points) that the scan could sample: all but padding. */
  readonly size: number;
  /** Lines of k-space that the rows of y hold: the acquired ones, or all H of a plane. */
  readonly lines: readonly number[];
  #key?: string;

  /** Makes a mask from its values. @throws {InputError} when nothing is kept */
  constructor(content: MaskContent) {
    const { isLines, height, width, values, spec, acs, partial, support, columns } = content;
    this.isLines = isLines;
    this.height = height;
    this.width = width;
    this.values = values;
    this.spec = spec;
    this.partial = partial;
    this.support = support;
    this.columns = columns;
    this.kept = countOf(values);
    this.size = countOf(support ?? values.map(() => 1));
    if (this.kept === 0) {
      throw new InputError(
        `Cannot use a mask of ${values.length} ${isLines ? "lines" : "points"}: ` +
          "at least one that is kept is required, found none",
      );
    }
    const all = Array.from({ length: height }, (_, line) => line);
    this.lines = isLines ? all.filter((line) => values[line] === 1) : all;
    this.acs = acs ?? this.#centredRun();
    this.acsStart = content.acsStart ?? centredStart(height, this.acs);
    if (acs !== undefined || this.acs >= MIN_CALIBRATION) return;
    const { start, count } = this.longestRun;
    if (count < MIN_CALIBRATION || distanceFrom(Math.floor(height / 2), start, count) > count) {
      return;
    }
    this.acs = count;
    this.acsStart = start;
  }

  /** The mask with some of its content replaced. */
  with(changes: Partial<MaskContent>): SamplingMask {
    const start = "acs" in changes ? { acsStart: undefined } : {};
    return new SamplingMask({ ...this, ...start, ...changes });
  }

  /** Rows of y: K acquired lines, or H. */
  get rows(): number {
    return this.lines.length;
  }

  /** Shape of y, `[1, C, 2, rows, W]`. */
  yShape(coils: number): [number, number, number, number, number] {
    return [1, coils, 2, this.rows, this.width];
  }

  /** All lines (or points) but padding divided by those kept, the calibration lines included. */
  get acceleration(): number {
    return this.size / this.kept;
  }

  /** Whether nothing but padding is left out. */
  get isFull(): boolean {
    return this.kept === this.size;
  }

  /** Whether the sample of a line and column was acquired. */
  keeps(line: number, column: number): boolean {
    return this.values[this.isLines ? line : line * this.width + column] === 1;
  }

  /** 1 where samples were acquired, 0 elsewhere: `[H, 1]` of lines, `[H, W]` of a plane. */
  grid(): NdArray {
    return {
      data: Float32Array.from(this.values),
      shape: [this.height, this.isLines ? 1 : this.width],
    };
  }

  /** The calibration region: `count` lines from line `start`, and of a plane columns from `left`. */
  get calibration(): { readonly start: number; readonly left: number; readonly count: number } {
    return {
      start: this.acsStart,
      left: centredStart(this.width, this.acs),
      count: this.acs,
    };
  }

  /** Whether the calibration region holds the centre of k-space. */
  get isCalibrationCentred(): boolean {
    return distanceFrom(Math.floor(this.height / 2), this.acsStart, this.acs) === 0;
  }

  /** The longest run of lines that were all acquired, the one nearest to the centre of equal ones. */
  get longestRun(): { readonly start: number; readonly count: number } {
    const centre = Math.floor(this.height / 2);
    let longest = { start: centre, count: 0 };
    let start = 0;
    for (let line = 0; this.isLines && line <= this.height; line++) {
      if (this.values[line] === 1) continue;
      const run = { start, count: line - start };
      const isNearer = distanceFrom(centre, start, run.count) <
        distanceFrom(centre, longest.start, longest.count);
      if (run.count > longest.count || (run.count === longest.count && isNearer)) longest = run;
      start = line + 1;
    }
    return longest;
  }

  /** Whether a sample belongs to the calibration region. */
  inCalibration(line: number, column: number): boolean {
    const { start, left, count } = this.calibration;
    return line >= start && line < start + count &&
      (this.isLines || (column >= left && column < left + count));
  }

  /** Equal for masks that keep the same samples: the key of compiled graphs. */
  get key(): string {
    const { isLines, height, width, acs, acsStart, partial, columns, values, support } = this;
    this.#key ??= JSON.stringify([isLines, height, width, acs, acsStart, partial, columns]) +
      sha256().update(values).update(support ?? "").digest();
    return this.#key;
  }

  /** The largest number of centred lines (side of a centred square) all of which are kept. */
  #centredRun(): number {
    const { isLines, height, width } = this;
    const largest = isLines ? height : Math.min(height, width);
    for (let side = 1; side <= largest; side++) {
      // A centred square contains all smaller ones, so its first or last row and column decide.
      const [top, left] = [centredStart(height, side), isLines ? 0 : centredStart(width, side)];
      const across = isLines ? 1 : side;
      for (let i = 0; i < side; i++) {
        for (const edge of [0, side - 1]) {
          if (i < across && !this.keeps(top + edge, left + i)) return side - 1;
          if (!isLines && !this.keeps(top + i, left + edge)) return side - 1;
        }
      }
    }
    return largest;
  }
}

const countOf = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0);

/** How far the nearest of `count` lines is from the centre. */
const distanceFrom = (centre: number, start: number, count: number): number =>
  Math.max(0, start - centre, centre - (start + count - 1));

/** First of `count` centred values out of `size`. */
export const centredStart = (size: number, count: number): number =>
  Math.floor(size / 2) - Math.floor(count / 2);
