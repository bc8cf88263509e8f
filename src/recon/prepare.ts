/**
 * From the k-space of a file to a `Problem`: undersampling, readout transform, calibration region, noise
 * level, scale and coil maps. One `Preparation` is compiled for a volume and used slice by slice.
 *
 * The fully sampled data, where there are any, only make the reference image; nothing else here looks at
 * samples that the mask drops.
 * @module
 */
import {
  concat,
  constant,
  constantOf,
  div,
  gather,
  max,
  mul,
  type Program,
  reduceSum,
  type Runtime,
  type Shape,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { InputError, SliceError } from "../errors.ts";
import type { Problem } from "../method/problem.ts";
import {
  type Calibration,
  calibrationOutputs,
  compileMaps,
  type MapSets,
  type MapsFrom,
} from "../mri/calibration/calibrate.ts";
import {
  coilCovariance,
  compressCoils,
  compressionMatrix,
} from "../mri/calibration/coil_compression.ts";
import {
  noiseLevel,
  type NoiseRegions,
  noiseRegions,
  regionEnergies,
} from "../mri/calibration/noise.ts";
import {
  calibrationImage,
  calibrationRegion,
  rootSumOfSquares,
  separateRegion,
} from "../mri/calibration/region.ts";
import { echoProfiles, echoShift } from "../mri/calibration/echo.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { combineFactor, factorOf, mulFactor } from "../mri/physics/complex.ts";
import { dftH, dftW } from "../mri/physics/dft.ts";
import { centred } from "../mri/physics/resample.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { asBatch, type NdArray } from "../ndarray.ts";
import { once } from "../once.ts";

/** Part of the image, in per cent, that is darker than the scale. */
const SCALE_PERCENTILE = 99;

const TINY = 1e-12;

export interface PreparationOptions {
  readonly coils: number;
  readonly mask: SamplingMask;
  /** Whether the file's own k-space is fully sampled, so that a reference image can be made. */
  readonly full: boolean;
  /** Virtual coils to compress to; all coils if absent. */
  readonly compress?: number;
  /**
   * Readout samples of the file, where more than `mask.width`: oversampling, which is cropped about
   * the centre of the image before anything else (only for masks of lines).
   */
  readonly readout?: number;
}

export interface PreparedSlice {
  /** Input of the method; without maps when none were asked for. */
  readonly problem: Problem;
  /** Factor that undoes the scale of the problem. */
  readonly scale: number;
  /** Root sum of squares of the fully sampled coil images `[H, W]`, in the file's own units. */
  readonly reference?: NdArray;
}

/** Where the coil maps of a slice come from. */
export type MapsSource =
  | {
    readonly kind: Calibration;
    /** Sets of maps. Default 1. */
    readonly sets?: MapSets;
    /** Calibration lines that are not part of the slice `[C, 2, a, b]`, readout oversampled. */
    readonly separate?: NdArray;
  }
  | { readonly kind: "none" }
  /** `[S, C, 2, H, W]` */
  | { readonly kind: "given"; readonly maps: NdArray };

interface Calibrator {
  readonly scaleAndCalibrate: Program<string, string>;
  readonly mapsFrom?: MapsFrom;
}

export class Preparation {
  readonly #calibrators = new Map<string, Promise<Calibrator>>();

  private constructor(
    private readonly runtime: Runtime,
    private readonly options: PreparationOptions,
    private readonly acquire: Program<"kspace", string>,
    private readonly regions: NoiseRegions,
  ) {}

  static async create(runtime: Runtime, options: PreparationOptions): Promise<Preparation> {
    const { coils, mask, full, compress, readout = mask.width } = options;
    const regions = noiseRegions(mask);
    const acquire = await runtime.build(
      { kspace: [coils, 2, mask.height, readout] },
      ({ kspace }): Record<string, Tensor> => {
        const hybrid = centred(dftW(kspace, "inverse"), 3, mask.width);
        const samples = mask.isLines
          ? pickLines(hybrid, mask.lines)
          : mul(kspace, constant(mask.grid()));
        return {
          samples,
          image: calibrationImage(samples, mask),
          corners: regionEnergies(mask.isLines ? dftW(samples, "forward") : samples, regions),
          ...(mask.isLines && { air: regionEnergies(samples, regions) }),
          ...echoProfiles(samples, mask),
          ...(compress !== undefined && { covariance: coilCovariance(samples) }),
          ...(full && { reference: rootSumOfSquares(dftH(hybrid, "inverse")) }),
        };
      },
    );
    return new Preparation(runtime, options, acquire, regions);
  }

  /**
   * Prepares one slice.
   * @param kspace `[C, 2, H, W]`, both axes transformed
   */
  async slice(kspace: NdArray, source: MapsSource): Promise<PreparedSlice> {
    const { compress } = this.options;
    const acquired = await this.acquire.run({ kspace });
    const { samples, image, corners, air, covariance, reference, rows, columns } = acquired;
    const bright = percentile(image.data, SCALE_PERCENTILE);
    const scale = bright > 0 ? bright : percentile(image.data, 100);
    if (!(scale > 0)) {
      throw new SliceError("Cannot scale the slice: the acquired k-space is zero everywhere");
    }
    const sigma = noiseLevel({ corners, air }, this.regions) / scale;
    const arrays: Record<string, NdArray> = {
      samples,
      factor: { data: Float32Array.of(1 / scale), shape: [1, 1, 1, 1] },
    };
    if (compress !== undefined) arrays.combination = compressionMatrix(covariance, compress);
    if (source.kind === "given") arrays.given = source.maps;
    else if (source.kind !== "none") {
      arrays.sigma = { data: Float32Array.of(sigma), shape: [1, 1] };
      if (source.separate !== undefined) arrays.separate = source.separate;
    }
    const { scaleAndCalibrate, mapsFrom } = await this.#calibrator(source, arrays);
    const out = await scaleAndCalibrate.run(arrays);
    const sets = "sets" in source ? source.sets : undefined;
    const maps = await mapsFrom?.(out, out.image ?? image, sets) ?? out.maps;
    const inputs: Problem["inputs"] = maps === undefined ? {} : { maps };
    const echo = maps && echoShift({ rows, columns }, this.options.mask);
    return { problem: { y: asBatch(out.y), inputs, sigma, echo }, scale, reference };
  }

  /** What calibrates from arrays of these shapes, compiled once. */
  #calibrator(source: MapsSource, arrays: Readonly<Record<string, NdArray>>): Promise<Calibrator> {
    const key = JSON.stringify([source.kind, arrays.separate?.shape, arrays.given?.shape]);
    const found = once(this.#calibrators, key, () => this.#compile(source, arrays));
    found.catch(() => this.#calibrators.delete(key));
    return found;
  }

  async #compile({ kind }: MapsSource, arrays: Readonly<Record<string, NdArray>>) {
    const { coils, compress = coils, mask } = this.options;
    return {
      scaleAndCalibrate: await this.#scaleAndCalibrate(kind, arrays),
      mapsFrom: kind === "none" || kind === "given"
        ? undefined
        : await compileMaps(this.runtime, kind, compress, [mask.height, mask.width]),
    };
  }

  /**
   * One program from samples in the file's units to y, and to given maps of unit sum of squares or to
   * what coil maps are calibrated from.
   */
  #scaleAndCalibrate(
    kind: MapsSource["kind"],
    arrays: Readonly<Record<string, NdArray>>,
  ): Promise<Program<string, string>> {
    const { mask, readout = mask.width } = this.options;
    const shapes = Object.entries(arrays).map(([name, { shape }]) => [name, shape] as const);
    return this.runtime.build<string, string>(
      Object.fromEntries<Shape>(shapes),
      ({ samples, factor, combination, given, separate, sigma }): Record<string, Tensor> => {
        const scaled = (x: Tensor) =>
          combination ? compressCoils(mul(x, factor), combination) : mul(x, factor);
        const y = scaled(samples);
        if (kind === "none") return { y };
        if (kind === "given") {
          return { y, maps: orthonormal(given, [y.shape[0], 2, mask.height, mask.width]) };
        }
        const { calibration, ...image } = separate
          ? separateRegion(scaled(separate), mask, readout)
          : { calibration: calibrationRegion(y, mask) };
        if (calibration === undefined) {
          throw new InputError(
            "Cannot calibrate coil maps: fully sampled lines about the centre of k-space are " +
              "required, found none",
            { hint: "Take calibration lines (acs=24), give maps (--maps), or use --method rss" },
          );
        }
        const size = [mask.height, mask.width] as const;
        return { y, ...image, ...calibrationOutputs(kind, calibration, sigma, size) };
      },
    );
  }
}

/** Sine of the angle between the maps of two sets, below which the second fades out. */
const MIN_SINE = 0.05;

/**
 * Maps from elsewhere `[S, C, 2, H, W]` at unit sum of squares, the sets of a pixel orthogonal to each
 * other: the step sizes of the methods rely on it.
 */
function orthonormal(maps: Tensor, shape: Shape): Tensor {
  if (`${maps.shape.slice(1)}` !== `${shape}`) {
    throw new InputError(
      `Cannot use the coil maps: [C, 2, H, W] = [${shape}] is required, found [${
        maps.shape.slice(1)
      }]`,
    );
  }
  const norm = (x: Tensor) => sqrt(reduceSum(mul(x, x), [1, 2], { keepDims: true }));
  const sets: Tensor[] = [];
  for (let set = 0; set < maps.shape[0]; set++) {
    const given = maps.shape[0] === 1 ? maps : slice(maps, 0, set, set + 1);
    let own = div(given, max(norm(given), TINY));
    for (const other of sets) {
      const factor = factorOf(other);
      own = sub(own, mulFactor(factor, combineFactor(factor, own, 1)));
    }
    sets.push(set === 0 ? own : div(own, max(norm(own), MIN_SINE)));
  }
  return sets.length === 1 ? sets[0] : concat(sets, 0);
}

function pickLines(x: Tensor, lines: readonly number[]): Tensor {
  if (lines.length === x.shape[2]) return x;
  return gather(x, constantOf(BigInt64Array.from(lines, BigInt), [lines.length]), 2);
}
