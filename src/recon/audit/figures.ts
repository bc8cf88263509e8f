/** Figures of how far an image explains its data, from the energies of the residual. @module */
import type { BandEnergies, ConsistencyEnergies, ResidualEnergies } from "./consistency.ts";

/** A part of k-space, by distance from its centre as parts of the largest distance. */
export interface ConsistencyBand {
  /** Inner edge, 0 at the centre. */
  readonly from: number;
  /** Outer edge, 1 at the corners. */
  readonly to: number;
  /** Reduced chi-square of the band. */
  readonly chiSquare: number;
  /** What no image explains there, over its expectation; null where all is explained. */
  readonly unexplained: number | null;
  /** Distance from least squares there, over what noise makes it. */
  readonly dataDistance: number;
}

/** Residual on the acquired samples, in units of the noise that was assumed. */
export interface ConsistencyFigures {
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
  /** The same by distance from the centre of k-space. */
  readonly bands: readonly ConsistencyBand[];
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
}

/** Where a fit takes up all but this part of the noise, nothing is left to judge the data by. */
const MIN_RESIDUAL_FRACTION = 0.05;

/** Below this, in units of bright tissue, data count as free of noise: float32 has its own. */
export const MIN_SIGMA = 1e-5;

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
  const noise = unexplainedOf(bands[bands.length - 1], variance);
  return {
    ...figuresOf(bands.reduce(summed), variance),
    bands: bands.map((band) => bandFigures(band, variance)),
    noise,
    coilRatio: noise === null ? 1 : spreadOf(coilNoise),
    correlation: noise === null ? 0 : correlation,
  };
}

/** What no image explains beyond the noise, relative to the signal: the largest over the bands. */
export function modelError({ bands, noise }: SliceConsistency): number {
  const errors = bands.map(({ unexplained, residualFraction, count, snr }) =>
    unexplained === null ? 0 : amplitude(unexplained, noise ?? 1, residualFraction, count) / snr
  );
  return Math.max(0, ...errors.filter(Number.isFinite));
}

/** Distance of the image from the data beyond the noise, relative to the signal: the largest over the bands. */
export function dataInconsistency({ bands, noise }: SliceConsistency): number {
  const errors = bands.map(({ dataDistance, fitFraction, count, snr }) =>
    amplitude(dataDistance, noise ?? 1, fitFraction, count) / snr
  );
  return Math.max(0, ...errors.filter(Number.isFinite));
}

/** Root of the mean power that a part of the residual has beyond the noise; 0 if not significant. */
function amplitude(found: number, noise: number, part: number, count: number): number {
  const excess = found / noise - 1;
  const error = Math.sqrt(4 / Math.max(1, part * count));
  if (!(excess > Math.max(SIGNIFICANT, STANDARD_ERRORS * error))) return 0;
  return Math.sqrt(excess * noise * part);
}

function bandFigures(band: BandEnergies, variance: number): JudgedBand {
  const { from, to, count, signal, unexplainedNoise, fittedNoise } = band;
  return {
    from,
    to,
    ...figuresOf(band, variance),
    count,
    residualFraction: unexplainedNoise / count,
    fitFraction: fittedNoise / count,
    snr: Math.sqrt(signal / count / variance),
  };
}

function figuresOf(energies: ResidualEnergies, variance: number) {
  const { count, residual, fitted, fittedNoise } = energies;
  return {
    chiSquare: residual / variance / count,
    unexplained: unexplainedOf(energies, variance),
    dataDistance: fittedNoise > 0 ? fitted / variance / fittedNoise : 0,
  };
}

function unexplainedOf(energies: ResidualEnergies, variance: number): number | null {
  if (!(energies.unexplainedNoise > MIN_RESIDUAL_FRACTION * energies.count)) return null;
  return energies.unexplained / variance / energies.unexplainedNoise;
}

/** Two neighbouring bands as one. */
function summed(a: BandEnergies, b: BandEnergies): BandEnergies {
  const names = Object.keys(b) as (keyof BandEnergies)[];
  const sums = Object.fromEntries(names.map((name) => [name, a[name] + b[name]]));
  return { ...sums as Record<keyof BandEnergies, number>, from: a.from, to: b.to };
}

function spreadOf(values: readonly number[]): number {
  const least = Math.min(...values);
  return least > 0 ? Math.max(...values) / least : Infinity;
}
