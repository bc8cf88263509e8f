/**
 * What is done about the noise of the coils of a slice before anything else: dead coils are named, bad
 * ones left out, and unequal or correlated noise is whitened, from the slice's own samples or from a
 * noise scan.
 *
 * Correlations are believed only where columns of the image show air. In the corners of k-space sharp
 * signal passes all tests (it did on planes of validation volumes), so there only coils whose noise is
 * far from that of the others are weighed, by their variances.
 * @module
 */
import type { Runtime } from "../graph/mod.ts";
import type { Noise } from "../mri/calibration/noise.ts";
import {
  coilVariances,
  largestCorrelation,
  type Matrix,
  whitening,
} from "../mri/calibration/noise_covariance.ts";
import type { NdArray } from "../ndarray.ts";
import type { Warning } from "../warning.ts";
import { NoiseSamples, type NoiseSamplesOptions } from "./noise_samples.ts";

/** The covariance of the coils' noise, as a noise scan gives it. */
export interface NoiseCovariance {
  /** Of real and imaginary parts: `2C x 2C`, in the order (coil, re/im). */
  readonly covariance: readonly (readonly number[])[];
  /** Where it comes from: the path of the noise scan. */
  readonly source: string;
}

/** How noise is whitened: by what the data show, not at all, or by a covariance that is known. */
export type Whitening = "auto" | "off" | NoiseCovariance;

/** Energy below this part of the largest coil's is none: a dead coil. */
const DEAD = 1e-8;

/** Noise is whitened from the data where its variances differ by more than this ... */
const UNEQUAL = 1.5;

/** ... or two coils are correlated by more than this: below both there is next to nothing to gain ... */
const CORRELATED = 0.2;

/** ... and only what exceeds chance by so many standard errors counts. */
const STANDARD_ERRORS = 4;

/**
 * Fewer samples than this are those of a narrow strip, which beside a sharp object holds signal: 104
 * samples passed for variances that differ by 3 and a correlation of 0.57. There only variances that
 * differ by more than {@link FAR} are believed.
 */
const NARROW = 200;

/** See {@link NARROW}. */
const FAR = 5;

/**
 * A coil with this many times the noise variance of the median coil is named, takes no part in the
 * reference, and is left out by methods without maps, which cannot weigh it ...
 */
const LOUD = 25;

/** ... and with this many times by all: the little that its data say drowns in the errors of its map. */
const DROWNED = 2.5e4;

/** Noise below this part of bright tissue is not worth whitening. */
const CLEAN = 1e-4;

/** What was done about the coils of a slice. */
export interface CoilTreatment {
  /** Coils that were left out, from 0. */
  readonly leftOut: readonly number[];
  /** What whitened the noise: `data`, a file's name, or null. */
  readonly whitened: string | null;
  /** Largest over smallest noise variance of the coils that are used; null where unknown. */
  readonly varianceRatio: number | null;
  /** Largest correlation of the noise of two coils; null where unknown. */
  readonly correlation: number | null;
}

/** A treatment with the matrices that carry it out. */
export interface CoilMatrices extends CoilTreatment {
  /** Acts on coils stacked as (coil, re/im), `[2C, 2C]`; none where nothing is to be done. */
  readonly matrix?: NdArray;
  /** From the treated coils back to those of the file, `[2C, 2C]`. */
  readonly back?: NdArray;
  /** 1 for coils that make the reference, 0 for loud ones `[C, 1, 1, 1]`; absent where all do. */
  readonly kept?: NdArray;
  readonly warnings: readonly Warning[];
}

/** Measures and treats the noise of the coils; compiles when it is first needed. */
export class CoilNoise {
  readonly #samples: NoiseSamples;

  constructor(
    runtime: Runtime,
    private readonly options: NoiseSamplesOptions & { readonly whiten: Whitening },
  ) {
    this.#samples = new NoiseSamples(runtime, options);
  }

  /**
   * Measures the noise of a slice and says what is to be done.
   * @param samples as acquired, `[C, 2, K, W]`
   * @param corners energies of the regions of k-space
   * @param combines whether coils may be combined, and not only left out
   */
  async treat(
    samples: NdArray,
    { corners }: Readonly<Record<string, NdArray>>,
    { noise, sigma }: { readonly noise: Noise; readonly sigma: number },
    combines: boolean,
  ): Promise<CoilMatrices> {
    const { whiten } = this.options;
    const dead = deadCoils(corners);
    const nothing = { leftOut: dead, whitened: null, varianceRatio: null, correlation: null };
    const warnings = dead.map((coil) => this.#deadWarning(coil));
    if (whiten === "off") return { ...nothing, warnings };
    if (whiten !== "auto") {
      const { covariance, source } = whiten;
      return this.#whitened(covariance, { source, dead, warnings, combines });
    }
    const found = sigma > CLEAN ? await this.#samples.measure(samples, noise, dead) : undefined;
    if (found === undefined) return { ...nothing, warnings };
    const { ratio, correlation } = figuresOf(found.covariance, dead);
    const error = STANDARD_ERRORS / Math.sqrt(found.samples);
    const isNarrow = found.samples < NARROW;
    const least = found.isAir
      ? Math.max(isNarrow ? FAR : UNEQUAL, (1 + error) / (1 - error))
      : LOUD;
    const isCorrelated = found.isAir && !isNarrow && correlation > Math.max(CORRELATED, error);
    if (!(ratio > least) && !isCorrelated) {
      return { ...nothing, varianceRatio: ratio, correlation, warnings };
    }
    const covariance = found.isAir ? found.covariance : diagonal(found.covariance);
    return this.#whitened(covariance, { source: "data", dead, warnings, combines });
  }

  #whitened(
    covariance: Matrix,
    { source, dead, warnings, combines }: {
      readonly source: string;
      readonly dead: readonly number[];
      readonly warnings: readonly Warning[];
      readonly combines: boolean;
    },
  ): CoilMatrices {
    const variances = coilVariances(covariance);
    const live = variances.filter((_, coil) => !dead.includes(coil));
    const median = live.toSorted((a, b) => a - b)[Math.floor(live.length / 2)];
    const loud = [...variances.keys()].filter((coil) => variances[coil] > LOUD * median);
    const drowned = loud.filter((coil) => !combines || variances[coil] > DROWNED * median);
    const leftOut = [...new Set([...dead, ...drowned])].toSorted((a, b) => a - b);
    const isOut = (i: number) => leftOut.includes(Math.floor(i / 2));
    const used = covariance.map((row, i) =>
      row.map((value, j) => isOut(i) || isOut(j) ? 0 : combines ? value : i === j ? median : 0)
    );
    const { matrix, back } = whitening(used, median);
    const isNeeded = combines || loud.length > 0;
    const { ratio, correlation } = figuresOf(covariance, leftOut);
    return {
      leftOut,
      whitened: combines ? source : null,
      varianceRatio: ratio,
      correlation,
      ...(isNeeded && { matrix: arrayOf(matrix), back: arrayOf(back) }),
      ...(loud.length > 0 && { kept: this.#keptCoils(loud) }),
      warnings: [
        ...warnings,
        ...loud.map((coil) =>
          this.#noisyWarning(coil, variances[coil] / median, drowned.includes(coil))
        ),
      ],
    };
  }

  #keptCoils(loud: readonly number[]): NdArray {
    const { coils } = this.options;
    const data = Float32Array.from({ length: coils }, (_, i) => loud.includes(i) ? 0 : 1);
    return { data, shape: [coils, 1, 1, 1] };
  }

  #deadWarning(coil: number): Warning {
    return {
      code: "dead-coil",
      message: `Coil ${coil} of 0 to ${this.options.coils - 1} holds no signal and is left out`,
      hint: "Check the coil and its plug",
    };
  }

  #noisyWarning(coil: number, ratio: number, isOut: boolean): Warning {
    const what = isOut ? "is left out" : "counts by its own noise and is left out of the reference";
    return {
      code: "noisy-coil",
      message: `Coil ${coil} of 0 to ${this.options.coils - 1} ${what}: its noise variance is ` +
        `${Number(ratio.toPrecision(3))} times that of the median coil`,
      hint: "--whiten off takes all coils as they are",
    };
  }
}

/** Coils without energy in any region, `[C, count]`. */
function deadCoils({ data, shape: [coils, count] }: NdArray): number[] {
  const totals = Array.from(
    { length: coils },
    (_, coil) => data.subarray(coil * count, (coil + 1) * count).reduce((sum, v) => sum + v, 0),
  );
  const largest = Math.max(...totals);
  return [...totals.keys()].filter((coil) => totals[coil] <= DEAD * largest);
}

/** Largest ratio of variances and largest correlation, of the coils that are not left out. */
function figuresOf(covariance: Matrix, leftOut: readonly number[]) {
  const used = (i: number) => !leftOut.includes(Math.floor(i / 2));
  const kept = covariance.filter((_, i) => used(i)).map((row) => row.filter((_, j) => used(j)));
  const variances = coilVariances(kept);
  const ratio = Math.max(...variances) / Math.max(Math.min(...variances), Number.MIN_VALUE);
  return { ratio: Math.min(ratio, 1e6), correlation: largestCorrelation(kept) };
}

const diagonal = (matrix: Matrix) =>
  matrix.map((row, i) => row.map((value, j) => i === j ? value : 0));

function arrayOf(matrix: Matrix): NdArray {
  return { data: Float32Array.from(matrix.flat()), shape: [matrix.length, matrix.length] };
}
