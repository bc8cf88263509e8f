/** Figures of how far an image explains its data, from the energies of the residual. @module */
import type { ConsistencyEnergies, ResidualEnergies } from "./consistency.ts";

/** Residual on the acquired samples, in units of the noise that was assumed. */
export interface ResidualFigures {
  /**
   * Reduced chi-square |y - A x|^2 / (N sigma^2) over the N measured real numbers. The truth leaves 1 (the
   * discrepancy principle of Morozov, 1966), an image that follows the noise less, down to (N - p) / N for
   * least squares with p unknowns; an image that departs from the data leaves more.
   */
  readonly chiSquare: number;
  /** What no image explains, over its expectation: noise, maps, motion. Null where all is explained. */
  readonly unexplained: number | null;
  /**
   * Distance from least squares in the data, over what noise makes it for the truth: 0 for least squares,
   * 1 for the truth or a posterior sample.
   */
  readonly dataDistance: number;
}

/** The same over all of k-space, and by parts of it. */
export interface ConsistencyFigures extends ResidualFigures {
  /** The same by distance from the centre of k-space. */
  readonly bands: readonly ConsistencyBand[];
}

/** The same of a part of k-space, by distance from its centre as parts of the largest distance. */
export interface ConsistencyBand extends ResidualFigures {
  /** Inner edge, 0 at the centre. */
  readonly from: number;
  /** Outer edge, 1 at the corners. */
  readonly to: number;
}

/** A band with what the verdict needs beside. */
export interface JudgedBand extends ConsistencyBand {
  /** Real numbers that were measured there. */
  readonly count: number;
  /** Part of white noise that no image explains: the chi-square of least squares. */
  readonly residualFraction: number;
  /** Part of white noise that a fit takes up. */
  readonly fitFraction: number;
  /** Root of the power of the samples over that of the assumed noise. */
  readonly snr: number;
}

/** The figures of one slice, with those that only the verdict needs. */
export interface SliceConsistency extends ConsistencyFigures {
  /** The same by distance from the centre of k-space. */
  readonly bands: readonly JudgedBand[];
  /** Variance of the noise in the outer part of k-space over the assumed one; null where unknown. */
  readonly noise: number | null;
  /** Variance of the noise in the noisiest coil over that in the least noisy one. */
  readonly coilRatio: number;
  /** Largest correlation of the noise between coils. */
  readonly correlation: number;
  /** Noise of the image, relative to bright tissue. */
  readonly imageNoise?: number;
  /** The same over the noise of the samples, which is that of a fully sampled image. */
  readonly amplification?: number;
  /**
   * Unknowns of the image over the numbers that were measured; only of methods without a prior, which
   * cannot fill in what the data leave open.
   */
  readonly undetermined?: number;
}

/** Where a fit takes up all but this part of the noise, nothing is left to judge the data by. */
const MIN_RESIDUAL_FRACTION = 0.05;

/**
 * Below this, in units of bright tissue, data count as free of noise: maps in float32 leave 3e-5 in the
 * outer k-space of drawn objects.
 */
export const MIN_SIGMA = 1e-4;

/**
 * Data whose noise was found below {@link MIN_SIGMA} may leave this many times its square in the outer k-space and
 * still be free of noise: 3e-4 of bright tissue, which maps of drawn objects leave and no scanner reaches.
 */
const CLEAN = 10;

/** A ratio of variances beyond this says nothing more, and must stay a number. */
const MAX_RATIO = 1e6;

/** An excess below this part of the noise counts as none... */
const SIGNIFICANT = 0.05;

/** ... and so does one below this many of its standard errors (noise and expectation both fluctuate). */
const STANDARD_ERRORS = 3;

/** Figures from energies, with noise of standard deviation `sigma` in each real and imaginary part. */
export function consistencyFigures(
  { bands, coilNoise, correlation }: ConsistencyEnergies,
  sigma: number,
): SliceConsistency {
  const variance = Math.max(sigma, MIN_SIGMA) ** 2;
  // One coil explains all but what lies outside its map, where scanners have more than white noise.
  const isComparable = coilNoise.length > 1;
  const judged = bands.map((band): JudgedBand => {
    const { from, to, count, signal, unexplainedNoise, fittedNoise } = band;
    return {
      from,
      to,
      ...figuresOf([band], variance, isComparable),
      count,
      residualFraction: unexplainedNoise / count,
      fitFraction: fittedNoise / count,
      snr: Math.sqrt(signal / count / variance),
    };
  });
  const found = judged[judged.length - 1].unexplained;
  const isClean = sigma < MIN_SIGMA && found !== null && found < CLEAN;
  const isKnown = found !== null && !isClean;
  return {
    ...figuresOf(bands, variance, isComparable),
    bands: judged,
    noise: isClean ? 1 : found,
    coilRatio: isKnown ? ratioOfExtremes(coilNoise) : 1,
    correlation: isKnown ? correlation : 0,
  };
}

function figuresOf(parts: readonly ResidualEnergies[], variance: number, isComparable: boolean) {
  const total = (of: keyof ResidualEnergies) => parts.reduce((sum, part) => sum + part[of], 0);
  const count = total("count"), fittedNoise = total("fittedNoise");
  const unexplainedNoise = total("unexplainedNoise");
  const isJudgeable = isComparable && unexplainedNoise > MIN_RESIDUAL_FRACTION * count;
  return {
    chiSquare: total("residual") / variance / count,
    unexplained: isJudgeable ? total("unexplained") / variance / unexplainedNoise : null,
    dataDistance: fittedNoise > 0 ? total("fitted") / variance / fittedNoise : 0,
  };
}

/** Largest over smallest, at most {@link MAX_RATIO}; 1 of fewer than two. */
function ratioOfExtremes(values: readonly number[]): number {
  if (values.length < 2) return 1;
  return Math.max(...values) / Math.max(Math.min(...values), Math.max(...values) / MAX_RATIO);
}

/** What no image explains beyond the noise, relative to the signal: the largest over the bands. */
export const modelError = (found: SliceConsistency): number =>
  largestExcess(found, (band) => [band.unexplained ?? 0, band.residualFraction]);

/** Distance of the image from the data beyond the noise, relative to the signal: the largest over the bands. */
export const dataInconsistency = (found: SliceConsistency): number =>
  largestExcess(found, (band) => [band.dataDistance, band.fitFraction]);

/**
 * Largest amplitude beyond the noise, relative to the signal of its band; 0 where none is significant.
 * @param of what a part of the residual has over its expectation, and that part of white noise
 */
function largestExcess(
  { bands, noise }: SliceConsistency,
  of: (band: JudgedBand) => readonly [found: number, part: number],
): number {
  const assumed = noise ?? 1;
  const amplitudes = bands.map((band) => {
    const [found, part] = of(band);
    const excess = found / assumed - 1;
    const error = Math.sqrt(4 / Math.max(1, part * band.count));
    const isSignificant = excess > Math.max(SIGNIFICANT, STANDARD_ERRORS * error);
    return isSignificant ? Math.sqrt(excess * assumed * part) / band.snr : 0;
  });
  return Math.max(0, ...amplitudes.filter(Number.isFinite));
}
