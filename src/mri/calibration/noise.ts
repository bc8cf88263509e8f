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
 * more than chance; see {@link noiseLevel}.
 * @module
 */
import { constant, matMul, mul, reduceSum, reshape, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import type { SamplingMask } from "../sampling/masks.ts";

/** Lines farther than this part of H from the centre are outer lines: the outer half of k-space. */
const OUTER = 0.25;

/** Samples that a region should hold, for a standard error of a few per cent. */
const REGION_SAMPLES = 1000;

/** At most this many regions along the readout. */
const MAX_REGIONS = 32;

/** Regions below this part of the highest energy hold padding, not noise. */
const PADDING = 1e-12;

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
export function noiseRegions(mask: SamplingMask, coils: number): NoiseRegions {
  const { height, width, lines } = mask;
  const centre = Math.floor(height / 2);
  const outer = lines.map((line) => Math.abs(line - centre) > OUTER * height ? 1 : 0);
  const chosen = outer.includes(1) ? outer : outer.map(() => 1);
  const total = coils * chosen.filter(Boolean).length * width;
  const count = Math.min(MAX_REGIONS, width, Math.max(4, Math.floor(total / REGION_SAMPLES)));
  const columns = new Float32Array(width * count);
  const corners = new Array<number>(count).fill(0), air = new Array<number>(count).fill(0);
  const [first, end] = mask.partial?.columns ?? [0, width];
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

/**
 * The noise level from the energies of all regions.
 *
 * The mean of squares over a region of f real numbers has the mean sigma^2 and the standard deviation
 * sigma^2 sqrt(2 / f). From the least one upwards, regions are taken in while they lie within
 * {@link LIMIT} of these about the mean of those before. On white noise that is all of them, so the
 * estimate is unbiased.
 * @param energies `[C, count]` for each kind of region
 * @returns standard deviation of the real and of the imaginary part, averaged over the coils
 */
export function noiseLevel(
  energies: { readonly corners: NdArray; readonly air?: NdArray },
  { samples }: NoiseRegions,
): number {
  const found = [
    ...regionVariances(energies.corners, samples.corners),
    ...(energies.air === undefined ? [] : regionVariances(energies.air, samples.air)),
  ].toSorted((a, b) => a.variance - b.variance);
  const highest = found.at(-1)?.variance ?? 0;
  let sum = 0, total = 0;
  for (const { variance, freedom } of found) {
    if (!(variance > PADDING * highest)) continue;
    if (total > 0 && variance > sum / total * (1 + LIMIT * Math.sqrt(2 / freedom))) break;
    sum += variance * freedom;
    total += freedom;
  }
  return total === 0 ? 0 : Math.sqrt(sum / total);
}

/** The mean of squares in each region that holds samples, and how many real numbers it is taken over. */
function regionVariances({ data, shape: [coils, count] }: NdArray, samples: readonly number[]) {
  return samples.flatMap((held, region) => {
    if (held === 0) return [];
    let sum = 0;
    for (let coil = 0; coil < coils; coil++) sum += data[coil * count + region];
    const freedom = 2 * coils * held;
    return [{ variance: sum / freedom, freedom }];
  });
}
