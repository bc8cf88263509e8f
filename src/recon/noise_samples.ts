/**
 * The covariance of the coils' noise from samples of a slice that hold noise alone.
 *
 * They are those of the quiet regions that `findNoise` finds. Signal that hides there would pass for noise
 * that all coils share; but it fades towards the ends of k-space and noise does not, so the inner and the
 * outer half of these samples must agree.
 * @module
 */
import {
  constantOf,
  gather,
  mul,
  type Program,
  reshape,
  type Runtime,
  type Tensor,
} from "../graph/mod.ts";
import { coilCovariance } from "../mri/calibration/coil_compression.ts";
import type { Noise, NoiseRegions } from "../mri/calibration/noise.ts";
import {
  coilVariances,
  type Matrix,
  noiseCovariance,
} from "../mri/calibration/noise_covariance.ts";
import { dftW } from "../mri/physics/dft.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { NdArray } from "../ndarray.ts";

/** Noise samples that are needed for each coil: fewer lose more than whitening gains. */
const SAMPLES_PER_COIL = 12;

/** Noise samples that are needed at least, for a covariance ... */
const MIN_SAMPLES = 100;

/** ... and for variances that differ much. */
const FEWEST_SAMPLES = 40;

/** By so much may the energy of inner and outer samples differ before it is taken for signal. */
const EQUAL_HALVES = 0.03;

/** Standard errors by which halves may differ. */
const STANDARD_ERRORS = 4;

/** Noise as it was measured. */
export interface MeasuredNoise {
  /** Whether it comes from columns of air. */
  readonly isAir: boolean;
  readonly covariance: Matrix;
  readonly samples: number;
}

/** What {@link NoiseSamples} is made for. */
export interface NoiseSamplesOptions {
  readonly coils: number;
  readonly mask: SamplingMask;
  readonly regions: NoiseRegions;
}

/** Measures the noise of slices; compiles when it is first needed. */
export class NoiseSamples {
  readonly #programs = new Map<"air" | "corners", Promise<Program<"samples" | "weights", "sum">>>();

  constructor(private readonly runtime: Runtime, private readonly options: NoiseSamplesOptions) {}

  /**
   * The covariance of the noise in the quiet regions of a slice; none where they hold too little, or signal.
   * @param samples as acquired, `[C, 2, K, W]`
   * @param dead coils that count in nothing
   */
  async measure(
    samples: NdArray,
    { quiet, variances }: Noise,
    dead: readonly number[],
  ): Promise<MeasuredNoise | undefined> {
    const { samples: held } = this.options.regions;
    const total = (kind: "air" | "corners") =>
      quiet[kind].reduce((sum, region) => sum + held[kind][region], 0);
    const live = variances.flatMap((variance, coil) =>
      dead.includes(coil) ? [] : [{ variance, coil }]
    );
    const needed = Math.max(MIN_SAMPLES, SAMPLES_PER_COIL * live.length);
    const place = total("air") >= needed ? "air" : "corners";
    if (
      total(place) < (place === "air" ? needed : FEWEST_SAMPLES) ||
      live.some(({ variance }) => !(variance > 0))
    ) return undefined;
    const [inner, outer] = this.#halves(place, quiet[place]);
    const near = await this.#covariance(samples, place, inner);
    const far = await this.#covariance(samples, place, outer);
    const level = ({ covariance }: MeasuredNoise) => {
      const found = coilVariances(covariance);
      return live.reduce((sum, { variance, coil }) => sum + found[coil] / variance, 0) /
        live.length;
    };
    const error = Math.sqrt((1 / near.samples + 1 / far.samples) / live.length);
    if (Math.abs(level(near) / level(far) - 1) > Math.max(EQUAL_HALVES, STANDARD_ERRORS * error)) {
      return undefined;
    }
    const all = near.samples + far.samples;
    const covariance = near.covariance.map((row, i) =>
      row.map((value, j) => (near.samples * value + far.samples * far.covariance[i][j]) / all)
    );
    return { covariance, samples: all, isAir: place === "air" };
  }

  /** Quiet samples nearer to the centre of k-space, and farther from it: places among the outer lines. */
  #halves(place: "air" | "corners", quiet: readonly number[]): readonly (readonly number[])[] {
    const { mask, regions } = this.options;
    const rows = outerRows(regions), { width, height } = mask;
    const [first, end] = mask.partial?.columns ?? mask.columns ?? [0, width];
    const found: { readonly at: number; readonly distance: number }[] = [];
    const columns = [...Array(width).keys()].filter((x) =>
      quiet.some((region) => regions.columns.data[x * regions.count + region] === 1)
    );
    rows.forEach((row, i) => {
      const line = mask.lines[row];
      const v = (line - Math.floor(height / 2)) / height;
      for (const x of columns) {
        if (place === "corners" && (!mask.keeps(line, x) || x < first || x >= end)) continue;
        const u = place === "corners" ? (x - Math.floor(width / 2)) / width : 0;
        found.push({ at: i * width + x, distance: Math.hypot(u, v) });
      }
    });
    found.sort((a, b) => a.distance - b.distance);
    const places = found.map(({ at }) => at), middle = Math.floor(places.length / 2);
    return [places.slice(0, middle), places.slice(middle)];
  }

  async #covariance(
    samples: NdArray,
    place: "air" | "corners",
    chosen: readonly number[],
  ): Promise<MeasuredNoise> {
    const { mask: { width }, regions } = this.options;
    const rows = outerRows(regions).length;
    const weights = new Float32Array(rows * width);
    for (const at of chosen) weights[at] = 1;
    const program = await this.#program(place);
    const shape = [1, 1, rows, width];
    const { sum } = await program.run({ samples, weights: { data: weights, shape } });
    const count = chosen.length;
    return { covariance: noiseCovariance(sum, count), samples: count, isAir: place === "air" };
  }

  #program(place: "air" | "corners") {
    const made = this.#programs.get(place);
    if (made !== undefined) return made;
    const { coils, mask, regions } = this.options;
    const rows = outerRows(regions);
    const program = this.runtime.build(
      { samples: [coils, 2, mask.rows, mask.width], weights: [1, 1, rows.length, mask.width] },
      ({ samples, weights }): Record<"sum", Tensor> => {
        const index = constantOf(BigInt64Array.from(rows, BigInt), [rows.length]);
        const lines = rows.length === mask.rows ? samples : gather(samples, index, 2);
        const placed = mask.isLines && place === "corners" ? dftW(lines, "forward") : lines;
        const chosen = mul(placed, weights);
        return { sum: coilCovariance(reshape(chosen, [coils, 2, rows.length, mask.width])) };
      },
    );
    this.#programs.set(place, program);
    return program;
  }
}

/** Rows of the samples that are outer lines. */
const outerRows = ({ lines }: NoiseRegions): number[] =>
  [...lines.data.keys()].filter((row) => lines.data[row] === 1);
