/** Figures of how far an image explains its data, from the energies of the residual. @module */
import type { BandEnergies, ConsistencyEnergies, ResidualEnergies } from "./consistency.ts";

/** A part of k-space, by distance from its centre as parts of the largest distance. */
export interface ConsistencyBand {
  /** Least distance. */
  readonly from: number;
  /** Greatest distance. */
  readonly to: number;
  /** As of the whole. */
  readonly chiSquare: number;
  /** As of the whole. */
  readonly unexplained: number | null;
  /** As of the whole. */
  readonly misfit: number;
}

/** Residual on the acquired samples, in units of the noise that was assumed. */
export interface ConsistencyFigures {
  /**
   * Reduced chi-square: 1 for the truth, for a posterior sample and for all between it and least squares.
   * It is (unexplained part + the larger of misfit and the noise that a fit takes up) / their expectation:
   * what a fit took up of the noise is given back.
   */
  readonly chiSquare: number;
  /** Plain residual: |y - A x|^2 over the number of samples and the noise variance. */
  readonly residual: number;
  /** What no image explains, over its expectation: noise, maps, motion. Null where all is explained. */
  readonly unexplained: number | null;
  /** Distance from least squares in the data, over what noise makes it for the truth: the method. */
  readonly misfit: number;
  /** The same by distance from the centre of k-space. */
  readonly bands: readonly ConsistencyBand[];
}

/** A band with what the verdict needs beside. */
export interface JudgedBand extends ConsistencyBand {
  /** Real numbers that were measured there. */
  readonly count: number;
  /** Part of white noise that no image explains. */
  readonly freedom: number;
  /** Part of white noise that a fit takes up. */
  readonly taken: number;
  /** Root of the power of the samples over that of the assumed noise. */
  readonly snr: number;
}

/** The figures of one slice, with those that only the verdict needs. */
export interface SliceConsistency extends ConsistencyFigures {
  readonly bands: readonly JudgedBand[];
  /** Variance of the noise in the outer part of k-space over the assumed one; null where unknown. */
  readonly noise: number | null;
  /** Variance of the noise in the noisiest coil over that in the least noisy one. */
  readonly coilRatio: number;
  /** Largest correlation of the noise between coils. */
  readonly correlation: number;
}

/** Where a fit takes up all but this part of the noise, nothing is left to judge the data by. */
const LEAST_FREEDOM = 0.05;

/** Below this, in units of bright tissue, data count as free of noise: float32 has its own. */
export const LEAST_SIGMA = 1e-5;

/** An excess below this part of the noise counts as none... */
const SIGNIFICANT = 0.05;

/** ... and so does one below this many of its standard errors (noise and expectation both fluctuate). */
const STANDARD_ERRORS = 3;

/** Figures from energies, with noise of standard deviation `sigma` in each real and imaginary part. */
export function consistencyFigures(
  { bands, coilNoise, correlation }: ConsistencyEnergies,
  sigma: number,
): SliceConsistency {
  const variance = Math.max(sigma, LEAST_SIGMA) ** 2;
  const parts: readonly ResidualEnergies[] = bands;
  const outermost = bands[bands.length - 1];
  const judgeable = unexplainedOf(outermost, variance) !== null;
  return {
    ...figuresOf(parts.reduce(summed), variance),
    bands: bands.map((band) => bandFigures(band, variance)),
    noise: unexplainedOf(outermost, variance),
    coilRatio: judgeable ? spreadOf(coilNoise) : 1,
    correlation: judgeable ? correlation : 0,
  };
}

/** What no image explains beyond the noise, relative to the signal: the largest over the bands. */
export function modelError({ bands, noise }: SliceConsistency): number {
  const errors = bands.map(({ unexplained, freedom, count, snr }) =>
    unexplained === null ? 0 : amplitude(unexplained, noise ?? 1, freedom, count) / snr
  );
  return Math.max(0, ...errors.filter(Number.isFinite));
}

/** Distance of the image from the data beyond the noise, relative to the signal: the largest over the bands. */
export function departure({ bands, noise }: SliceConsistency): number {
  const errors = bands.map(({ misfit, taken, count, snr }) =>
    amplitude(misfit, noise ?? 1, taken, count) / snr
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
  const { from, to, count, signal, unexplainedNoise, misfitNoise } = band;
  const { chiSquare, unexplained, misfit } = figuresOf(band, variance);
  return {
    from,
    to,
    chiSquare,
    unexplained,
    misfit,
    count,
    freedom: unexplainedNoise / count,
    taken: misfitNoise / count,
    snr: Math.sqrt(signal / count / variance),
  };
}

function figuresOf(energies: ResidualEnergies, variance: number) {
  const { count, residual, unexplained, unexplainedNoise, misfit, misfitNoise } = energies;
  const departed = Math.max(misfit / variance, misfitNoise);
  return {
    chiSquare: (unexplained / variance + departed) / (unexplainedNoise + misfitNoise),
    residual: residual / variance / count,
    unexplained: unexplainedOf(energies, variance),
    misfit: misfitNoise > 0 ? misfit / variance / misfitNoise : 0,
  };
}

function unexplainedOf(energies: ResidualEnergies, variance: number): number | null {
  if (!(energies.unexplainedNoise > LEAST_FREEDOM * energies.count)) return null;
  return energies.unexplained / variance / energies.unexplainedNoise;
}

function summed(a: ResidualEnergies, b: ResidualEnergies): ResidualEnergies {
  return {
    count: a.count + b.count,
    signal: a.signal + b.signal,
    residual: a.residual + b.residual,
    unexplained: a.unexplained + b.unexplained,
    unexplainedNoise: a.unexplainedNoise + b.unexplainedNoise,
    misfit: a.misfit + b.misfit,
    misfitNoise: a.misfitNoise + b.misfitNoise,
  };
}

function spreadOf(values: readonly number[]): number {
  const least = Math.min(...values);
  return least > 0 ? Math.max(...values) / least : Infinity;
}
