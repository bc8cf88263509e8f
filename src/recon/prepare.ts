/**
 * From the k-space of a file to a `Problem`: undersampling, readout transform, calibration region,
 * noise level, scale and coil maps. One `Preparation` is compiled for a volume and used slice by
 * slice.
 *
 * The fully sampled data, where there are any, only make the reference image; nothing else here
 * looks at samples that the mask drops.
 * @module
 */
import {
  constant,
  constantOf,
  div,
  gather,
  max,
  mul,
  type Program,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  type Tensor,
} from "../graph/mod.ts";
import { InputError } from "../errors.ts";
import { asBatch, type NdArray } from "../ndarray.ts";
import { calibratedMaps, type Calibration } from "../mri/calibration/calibrate.ts";
import {
  coilCovariance,
  compressCoils,
  compressionMatrix,
} from "../mri/calibration/coil_compression.ts";
import { squaredMagnitude } from "../mri/physics/complex.ts";
import { dft2, dftH, dftHRowsAdjoint, dftW } from "../mri/physics/dft.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { noiseLevel, noiseRegions, regionEnergies } from "../mri/calibration/noise.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import type { Problem } from "../method/problem.ts";
import {
  CALIBRATION_READOUT,
  separateCalibration,
} from "../mri/calibration/separate_calibration.ts";

/** Most lines of the calibration region: a fully sampled file need not be used whole. */
const MAX_CALIBRATION_LINES = 48;

/** Part of the image, in per cent, that is darker than the scale. */
const SCALE_PERCENTILE = 99;

/** Smallest norm that is divided by. */
const TINY = 1e-12;

/** What a preparation is made for. */
export interface PreparationOptions {
  /** Coils of the file. */
  readonly coils: number;
  /** Which samples to keep. */
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

/** What is the same for every slice of the acquired samples, before scaling. */
interface Acquired {
  readonly samples: NdArray;
  readonly image: NdArray;
  readonly reference?: NdArray;
  readonly sigma: number;
}

/** A problem, and what is needed to undo its scale and judge its result. */
export interface PreparedSlice {
  /** What the method is given; without maps when none were asked for. */
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
    /** Calibration lines that are not part of the slice `[C, 2, a, b]`, readout oversampled. */
    readonly separate?: NdArray;
  }
  | { readonly kind: "none" }
  | { readonly kind: "given"; readonly maps: NdArray };

/** Compiled graphs that prepare the slices of a volume. */
export class Preparation {
  readonly #runtime: Runtime;
  readonly #options: PreparationOptions;
  readonly #acquire: Program<"kspace", string>;
  readonly #regions: ReturnType<typeof noiseRegions>;

  private constructor(
    runtime: Runtime,
    options: PreparationOptions,
    acquire: Program<"kspace", string>,
    regions: ReturnType<typeof noiseRegions>,
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#acquire = acquire;
    this.#regions = regions;
  }

  /** Compiles what all slices share. */
  static async create(runtime: Runtime, options: PreparationOptions): Promise<Preparation> {
    const { coils, mask, full } = options;
    const regions = noiseRegions(mask, coils);
    const acquire = await runtime.build(
      { kspace: [coils, 2, mask.height, options.readout ?? mask.width] },
      ({ kspace }): Record<string, Tensor> => {
        const hybrid = cropReadout(dftW(kspace, "inverse"), mask.width);
        const samples = mask.isLines
          ? pickLines(hybrid, mask.lines)
          : mul(kspace, constant(mask.grid()));
        const outputs: Record<string, Tensor> = {
          samples,
          image: calibrationImage(samples, mask),
          corners: regionEnergies(
            mask.isLines ? dftW(samples, "forward") : samples,
            regions,
          ),
        };
        if (mask.isLines) outputs.air = regionEnergies(samples, regions);
        if (full) outputs.reference = rootSumOfSquares(dftH(hybrid, "inverse"));
        return outputs;
      },
    );
    return new Preparation(runtime, options, acquire, regions);
  }

  /**
   * Prepares one slice.
   * @param kspace `[C, 2, H, W]`, both axes transformed
   * @throws {InputError} when nothing was acquired, or maps are wanted and there is no calibration
   *   region
   */
  async slice(kspace: NdArray, source: MapsSource): Promise<PreparedSlice> {
    const { mask, compress } = this.#options;
    const acquired = await this.#acquireSlice(kspace);
    const bright = percentile(acquired.image.data, SCALE_PERCENTILE);
    const scale = bright > 0 ? bright : percentile(acquired.image.data, 100);
    if (!(scale > 0)) {
      throw new InputError("Cannot scale the slice: the acquired k-space is zero everywhere");
    }
    const combination = compress === undefined
      ? undefined
      : await this.#combination(acquired.samples, compress);
    const { samples, calibration } = await this.#scaled(acquired.samples, scale, combination);
    const sigma = acquired.sigma / scale;
    const separate = "separate" in source && source.separate !== undefined
      ? await separateCalibration(this.#runtime, source.separate, {
        ...this.#options,
        scale,
        ...(combination && { combination }),
      })
      : { calibration, image: acquired.image };
    const maps = await this.#maps(
      source,
      separate.calibration,
      separate.image,
      sigma,
      samples,
      mask,
    );
    const { reference } = acquired;
    return {
      problem: {
        y: asBatch(samples),
        inputs: maps === undefined ? {} : { maps: asBatch(maps) },
        sigma,
      },
      scale,
      ...(reference === undefined ? {} : { reference }),
    };
  }

  async #acquireSlice(kspace: NdArray): Promise<Acquired> {
    const out = await this.#acquire.run({ kspace });
    const { samples, image, reference } = out;
    return {
      samples,
      image,
      sigma: noiseLevel({ corners: out.corners, air: out.air }, this.#regions),
      ...(reference === undefined ? {} : { reference }),
    };
  }

  async #combination(samples: NdArray, count: number): Promise<NdArray> {
    const program = await this.#runtime.build(
      { samples: samples.shape },
      ({ samples }) => ({ covariance: coilCovariance(samples) }),
    );
    const { covariance } = await program.run({ samples });
    return compressionMatrix(covariance, count);
  }

  async #scaled(
    raw: NdArray,
    scale: number,
    combination?: NdArray,
  ): Promise<{ samples: NdArray; calibration?: NdArray }> {
    const { mask } = this.#options;
    const program = await this.#runtime.build(
      {
        raw: raw.shape,
        factor: [1, 1, 1, 1],
        ...(combination === undefined ? {} : { combination: combination.shape }),
      } as Record<string, readonly number[]>,
      (inputs): Record<string, Tensor> => {
        const all = mul(inputs.raw, inputs.factor);
        const samples = combination === undefined ? all : compressCoils(all, inputs.combination);
        const calibration = calibrationRegion(samples, mask);
        return calibration === undefined ? { samples } : { samples, calibration };
      },
    );
    const factor = { data: Float32Array.of(1 / scale), shape: [1, 1, 1, 1] };
    const out = await program.run(
      combination === undefined ? { raw, factor } : { raw, factor, combination },
    );
    return out as unknown as { samples: NdArray; calibration?: NdArray };
  }

  /** Maps from elsewhere at unit sum of squares, which the step sizes of the methods rely on. */
  async #normalised(maps: NdArray): Promise<NdArray> {
    const program = await this.#runtime.build({ maps: maps.shape }, ({ maps }) => {
      const norm = sqrt(reduceSum(squaredMagnitude(maps), [0], { keepDims: true }));
      return { unit: div(maps, max(norm, TINY)) };
    });
    return (await program.run({ maps })).unit;
  }

  async #maps(
    source: MapsSource,
    calibration: NdArray | undefined,
    image: NdArray,
    sigma: number,
    samples: NdArray,
    mask: SamplingMask,
  ): Promise<NdArray | undefined> {
    const shape = [samples.shape[0], 2, mask.height, mask.width];
    if (source.kind === "none") return undefined;
    if (source.kind === "given") {
      if (`${source.maps.shape}` !== `${shape}`) {
        throw new InputError(
          `Cannot use the coil maps: [C, 2, H, W] = [${shape}] is required, ` +
            `found [${source.maps.shape}]`,
        );
      }
      return await this.#normalised(source.maps);
    }
    if (calibration === undefined) {
      throw new InputError(
        "Cannot calibrate coil maps: fully sampled lines about the centre of k-space are required, " +
          "found none",
        { hint: "Take calibration lines (acs=24), give maps (--maps), or use --method rss" },
      );
    }
    return await calibratedMaps(this.#runtime, source.kind, calibration, image, sigma);
  }
}

/** The central part of the readout of hybrid `[C, 2, H, W]`. */
function cropReadout(hybrid: Tensor, width: number): Tensor {
  const start = Math.floor(hybrid.shape[3] / 2) - Math.floor(width / 2);
  return slice(hybrid, 3, start, start + width);
}

/** Some lines of `[C, 2, H, W]`. */
function pickLines(x: Tensor, lines: readonly number[]): Tensor {
  if (lines.length === x.shape[2]) return x;
  return gather(x, constantOf(BigInt64Array.from(lines, BigInt), [lines.length]), 2);
}

function rootSumOfSquares(images: Tensor): Tensor {
  const [, , height, width] = images.shape;
  return reshape(sqrt(reduceSum(squaredMagnitude(images), [0])), [height, width]);
}

/** Where the calibration lines stand among the acquired ones. */
function calibrationRows(mask: SamplingMask): { first: number; start: number; count: number } {
  const all = mask.calibration;
  const count = Math.min(all.count, MAX_CALIBRATION_LINES);
  const start = all.start + Math.floor(all.count / 2) - Math.floor(count / 2);
  return { first: mask.lines.indexOf(start), start, count };
}

/**
 * Magnitude of the image that the calibration region alone makes, `[H, W]`; of the whole
 * zero-filled image where there is no such region.
 */
function calibrationImage(samples: Tensor, mask: SamplingMask): Tensor {
  const { first, start, count } = calibrationRows(mask);
  const { height } = mask;
  if (!mask.isLines) {
    const left = Math.floor(mask.width / 2) - Math.floor(count / 2);
    const inside = new Float32Array(height * mask.width);
    for (let y = start; y < start + count; y++) {
      inside.fill(1, y * mask.width + left, y * mask.width + left + count);
    }
    const chosen = count === 0
      ? samples
      : mul(samples, constant({ data: inside, shape: [height, mask.width] }));
    return rootSumOfSquares(dft2(chosen, "inverse"));
  }
  const lines = count === 0 ? mask.lines : Array.from({ length: count }, (_, i) => start + i);
  const chosen = count === 0 ? samples : slice(samples, 2, first, first + count);
  return rootSumOfSquares(dftHRowsAdjoint(chosen, lines, height, "forward"));
}

/** The calibration region as k-space `[C, 2, a, b]`, or undefined when there is none. */
function calibrationRegion(samples: Tensor, mask: SamplingMask): Tensor | undefined {
  const { first, count } = calibrationRows(mask);
  if (count === 0) return undefined;
  const lines = slice(samples, 2, first, first + count);
  const kspace = mask.isLines ? dftW(lines, "forward") : lines;
  const wanted = mask.isLines ? Math.min(mask.width, CALIBRATION_READOUT) : count;
  const left = Math.floor(mask.width / 2) - Math.floor(wanted / 2);
  return slice(kspace, 3, left, left + wanted);
}
