/**
 * The noise level, estimated from the acquired samples themselves.
 *
 * Signal only adds energy, so the regions of k-space with the least energy hold noise alone. Two kinds of
 * region are compared: outer lines at the ends of the readout (corners of k-space), and outer lines at
 * columns of the image that show air (hybrid space). Corners alone overestimate by a quarter on sharp
 * images.
 *
 * The least of n estimates of one variance is too low: by 2 to 4 % of sigma for the 64 regions of white
 * noise. So the estimate is the mean over all regions that do not differ from the least one by
 * more than chance; see {@link findNoise}.
 * @module
 */
import { constant, matMul, mul, reduceSum, reshape, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { once } from "../../once.ts";
import type { SamplingMask } from "../sampling/masks.ts";

/** Lines farther than this part of H from the centre are outer lines: the outer half of k-space. */
const OUTER = 0.25;

/** Samples that a region should hold, for a standard error of a few per cent. */
const REGION_SAMPLES = 1000;

/**
 * Regions of fewer samples are believed only where they hold less than this part of the variance: a
 * narrow strip of air beside a small object does, and chance does not.
 */
const MUCH_LESS = 0.7;

/** Regions of fewer samples than this are never believed. */
const FEWEST_SAMPLES = 40;

/** At least this many regions along the readout, where it has as many samples. */
const MIN_REGIONS = 4;

/** At most this many regions along the readout. */
const MAX_REGIONS = 32;

/** Regions below this part of the highest energy hold padding, not noise. */
const PADDING = 1e-12;

/** A coil whose noise variance is below this part of the highest is dead: it holds rounding at most. */
const DEAD = 1e-8;

/**
 * A region holds noise alone while it exceeds the mean of the quieter ones by at most so many standard
 * deviations of its estimate. The largest of 64 regions of noise exceeds it in 1 of 70 cases.
 */
const LIMIT = 3.5;

/** Where noise is looked for: how much each sample counts, and in which region. */
export interface NoiseRegions {
  /** Number of regions along the readout. */
  readonly count: number;
  /** Acquired samples of a coil in each region of k-space, and of hybrid space. */
  readonly samples: { readonly corners: readonly number[]; readonly air: readonly number[] };
  /** 1 for outer lines, 0 otherwise: `[1, K]`. */
  readonly lines: NdArray;
  /** Which region each column belongs to, one-hot: `[W, count]`. */
  readonly columns: NdArray;
}

/** Lays out the regions. */
export function noiseRegions(mask: SamplingMask): NoiseRegions {
  const { height, width, lines } = mask;
  const centre = Math.floor(height / 2);
  const outer = lines.map((line) => Math.abs(line - centre) > OUTER * height ? 1 : 0);
  const chosen = outer.includes(1) ? outer : outer.map(() => 1);
  const count = Math.min(MAX_REGIONS, width);
  const columns = new Float32Array(width * count);
  const corners = new Array<number>(count).fill(0), air = new Array<number>(count).fill(0);
  const [first, end] = mask.partial?.columns ?? mask.columns ?? [0, width];
  for (let x = 0; x < width; x++) {
    const region = Math.min(count - 1, Math.floor(x * count / width));
    columns[x * count + region] = 1;
    lines.forEach((line, i) => {
      if (chosen[i] === 0 || !mask.keeps(line, x)) return;
      if (x >= first && x < end) corners[region]++;
      air[region] += (end - first) / width; // the transform spreads the noise over all columns
    });
  }
  return {
    count,
    samples: { corners, air },
    lines: { data: Float32Array.from(chosen), shape: [1, lines.length] },
    columns: { data: columns, shape: [width, count] },
  };
}

/** Energy of each coil in each region, `[C, count]`, of samples `[C, 2, K, W]`. */
export function regionEnergies(samples: Tensor, regions: NoiseRegions): Tensor {
  const [coils] = samples.shape;
  const energy = reduceSum(mul(samples, samples), [1]); // [C, K, W]
  const overLines = matMul(constant(regions.lines), energy); // [C, 1, W]
  return reshape(matMul(overLines, constant(regions.columns)), [coils, regions.count]);
}

/** Energies `[C, count]` of each kind of region. */
export interface RegionEnergies {
  /** In the corners of k-space. */
  readonly corners: NdArray;
  /** In columns of air, where there are any. */
  readonly air?: NdArray;
}

/** What the quiet regions say. */
export interface Noise {
  /** Standard deviation of the real and of the imaginary part, root mean square over the coils. */
  readonly sigma: number;
  /** Variance of each coil, 0 for one that holds nothing. */
  readonly variances: readonly number[];
  /** Regions that hold noise alone. */
  readonly quiet: { readonly corners: readonly number[]; readonly air: readonly number[] };
}

/**
 * The noise level from the energies of all regions.
 *
 * The mean of squares over a region of f real numbers has the mean sigma^2 and the standard deviation
 * sigma^2 sqrt(2 / f). From the least one upwards, regions are taken in while they lie within
 * {@link LIMIT} of these about the mean of those before. On white noise that is all of them, so the
 * estimate is unbiased. Which regions are quiet is seen best when each coil counts by its own noise,
 * which is found first, in the same way; coils without any energy count in nothing.
 */
export function findNoise(energies: RegionEnergies, { samples }: NoiseRegions): Noise {
  const coils = energies.corners.shape[0];
  const alone = Array.from({ length: coils }, (_, coil) => {
    const weights = Array.from({ length: coils }, (_, other) => other === coil ? 1 : 0);
    return meanOf(quietest(energies, samples, weights)).variance;
  });
  const loudest = Math.max(...alone);
  const weights = alone.map((variance) => variance > DEAD * loudest ? 1 / variance : 0);
  const found = quietest(energies, samples, weights);
  const variances = weights.map((weight, coil) =>
    weight === 0 ? 0 : meanOf(found.map((region) => region.of(coil))).variance
  );
  const live = variances.filter((variance) => variance > 0);
  const chosen = (kind: Region["kind"]) =>
    found.filter((region) => region.kind === kind).map(({ index }) => index);
  return {
    sigma: Math.sqrt(live.reduce((sum, v) => sum + v, 0) / Math.max(1, live.length)),
    variances,
    quiet: { corners: chosen("corners"), air: chosen("air") },
  };
}

/** The noise level alone: see {@link findNoise}. */
export function noiseLevel(energies: RegionEnergies, regions: NoiseRegions): number {
  return findNoise(energies, regions).sigma;
}

interface Estimate {
  readonly variance: number;
  /** Real numbers that it is taken over. */
  readonly freedom: number;
}

interface Region extends Estimate {
  readonly kind: "corners" | "air";
  readonly index: number;
  /** The estimate of one coil. */
  of(coil: number): Estimate;
}

/**
 * The regions that hold noise alone, when each coil counts by its weight. They are first joined to groups
 * of {@link REGION_SAMPLES}, and to smaller ones where these hold much less.
 */
function quietest(
  energies: RegionEnergies,
  samples: NoiseRegions["samples"],
  weights: readonly number[],
): Region[] {
  const all = [
    ...regionsOf("corners", energies.corners, samples.corners, weights),
    ...(energies.air ? regionsOf("air", energies.air, samples.air, weights) : []),
  ];
  const enough = Math.max(...all.map(({ freedom }) => freedom / 2));
  const count = samples.corners.length;
  let size = Math.max(1, Math.floor(Math.min(count / MIN_REGIONS, REGION_SAMPLES / enough)));
  let best = quietGroups(all, count, size);
  while (size > 1) {
    size = Math.floor(size / 2);
    if (size * enough < FEWEST_SAMPLES) break;
    const finer = quietGroups(all, count, size), { variance, freedom } = meanOf(finer);
    const byChance = 1 + LIMIT * Math.sqrt(2 / freedom);
    if (variance * byChance < MUCH_LESS * meanOf(best).variance) best = finer;
  }
  return best;
}

/** Groups of so many neighbours that do not differ from the least one by more than chance. */
function quietGroups(all: readonly Region[], count: number, size: number): Region[] {
  const groups = new Map<string, Region[]>();
  for (const region of all) {
    const last = Math.floor(count / size) - 1; // takes what is left over
    const key = `${region.kind} ${Math.min(last, Math.floor(region.index / size))}`;
    once(groups, key, () => [] as Region[]).push(region);
  }
  const found = [...groups.values()].map((group) => ({ group, ...meanOf(group) }))
    .toSorted((a, b) => a.variance - b.variance);
  const highest = found.at(-1)?.variance ?? 0;
  const chosen: Region[] = [];
  let sum = 0, total = 0;
  for (const { group, variance, freedom } of found) {
    if (!(variance > PADDING * highest)) continue;
    if (total > 0 && variance > sum / total * (1 + LIMIT * Math.sqrt(2 / freedom))) break;
    chosen.push(...group);
    sum += variance * freedom;
    total += freedom;
  }
  return chosen;
}

/** The weighted mean of squares in each region that holds samples. */
function regionsOf(
  kind: Region["kind"],
  { data, shape: [, count] }: NdArray,
  samples: readonly number[],
  weights: readonly number[],
): Region[] {
  const live = weights.filter((weight) => weight > 0).length;
  return samples.flatMap((held, index) => {
    if (held === 0) return [];
    const sum = weights.reduce((all, weight, coil) => all + weight * data[coil * count + index], 0);
    const freedom = 2 * live * held;
    const of = (coil: number) => ({
      variance: data[coil * count + index] / (2 * held),
      freedom: 2 * held,
    });
    return [{ kind, index, variance: sum / freedom, freedom, of }];
  });
}

/** The estimate from several together. */
function meanOf(estimates: readonly Estimate[]): Estimate {
  const freedom = estimates.reduce((sum, each) => sum + each.freedom, 0);
  const sum = estimates.reduce((sum, each) => sum + each.variance * each.freedom, 0);
  return { variance: freedom === 0 ? 0 : sum / freedom, freedom };
}
