/**
 * The noise level, estimated from the acquired samples themselves.
 *
 * Signal only ever adds energy, so of many small regions the one with the least energy is the best
 * witness of the noise. Two kinds of region are looked at: the outer lines at the ends of the
 * readout (corners of k-space), and the outer lines at columns of the image that show air (hybrid
 * space). Corners alone overestimate by a quarter on sharp images.
 * @module
 */
import { constant, matMul, mul, reduceSum, reshape, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import type { SamplingMask } from "../sampling/masks.ts";

/** Lines farther than this part of H from the centre are outer lines. */
const OUTER = 0.25;

/** Samples that a region should hold, for a standard error of a few per cent. */
const REGION_SAMPLES = 1000;

/** At most this many regions along the readout. */
const MAX_REGIONS = 32;

/** Regions below this part of the highest energy hold padding, not noise. */
const PADDING = 1e-12;

/** Where noise is looked for: how much each sample counts, and in which region. */
export interface NoiseRegions {
  /** Number of regions along the readout. */
  readonly count: number;
  /** Samples of a coil in each region. */
  readonly samples: readonly number[];
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
  const chosen = outer.some((use) => use === 1) ? outer : outer.map(() => 1);
  const kept = chosen.reduce((sum, use) => sum + use, 0);
  const total = coils * kept * width;
  const count = Math.min(MAX_REGIONS, width, Math.max(4, Math.floor(total / REGION_SAMPLES)));
  const columns = new Float32Array(width * count);
  const samples: number[] = new Array(count).fill(0);
  for (let x = 0; x < width; x++) {
    const region = Math.min(count - 1, Math.floor(x * count / width));
    columns[x * count + region] = 1;
    lines.forEach((line, i) => {
      const acquired = mask.keeps(line, x);
      if (chosen[i] === 1 && acquired) samples[region]++;
    });
  }
  return {
    count,
    samples,
    lines: { data: Float32Array.from(chosen), shape: [1, lines.length] },
    columns: { data: columns, shape: [width, count] },
  };
}

/**
 * Energy of each coil in each region.
 * @param samples `[C, 2, K, W]`
 * @returns `[C, count]`
 */
export function regionEnergies(samples: Tensor, regions: NoiseRegions): Tensor {
  const [coils] = samples.shape;
  const energy = reduceSum(mul(samples, samples), [1]); // [C, K, W]
  const overLines = matMul(constant(regions.lines), energy); // [C, 1, W]
  return reshape(matMul(overLines, constant(regions.columns)), [coils, regions.count]);
}

/**
 * The noise level from the energies of all regions.
 * @param energies one array `[C, count]` for each kind of region
 * @returns standard deviation of the real and of the imaginary part, averaged over the coils
 */
export function noiseLevel(energies: readonly NdArray[], regions: NoiseRegions): number {
  const variances = energies.flatMap(({ data, shape: [coils, count] }) =>
    Array.from({ length: count }, (_, region) => {
      let sum = 0;
      for (let coil = 0; coil < coils; coil++) sum += data[coil * count + region];
      return sum / (2 * coils * Math.max(1, regions.samples[region]));
    })
  );
  const highest = Math.max(...variances);
  const noise = variances.filter((variance) => variance > PADDING * highest);
  return noise.length === 0 ? 0 : Math.sqrt(Math.min(...noise));
}
