/**
 * The acquired samples of a slice: undersampled, transformed along the readout, their noise measured and
 * the noise of their coils treated, and with the brightness that they are scaled by.
 *
 * The fully sampled data, where there are any, only make the reference image; nothing else here looks at
 * samples that the mask drops.
 * @module
 */
import {
  constant,
  constantOf,
  gather,
  mul,
  type Program,
  type Runtime,
  type Tensor,
} from "../graph/mod.ts";
import { SliceError } from "../errors.ts";
import { coilCovariance, compressCoils } from "../mri/calibration/coil_compression.ts";
import {
  findNoise,
  type NoiseRegions,
  noiseRegions,
  regionEnergies,
} from "../mri/calibration/noise.ts";
import { echoProfiles } from "../mri/calibration/echo.ts";
import { patchNoise } from "../mri/calibration/patch_noise.ts";
import {
  calibrationImage,
  calibrationRegion,
  rootSumOfSquares,
} from "../mri/calibration/region.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { dftH, dftW } from "../mri/physics/dft.ts";
import { centred } from "../mri/physics/resample.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { NdArray } from "../ndarray.ts";
import { once } from "../once.ts";
import { type CoilMatrices, CoilNoise, type Whitening } from "./coil_noise.ts";

/** Squares of larger values are beyond float32 (3.4e38), with room for sums over coils and pixels. */
const LARGEST_IMAGE = 1e16;

/** Part of the image, in per cent, that is darker than the scale. */
const SCALE_PERCENTILE = 99;

/** The outer k-space holds signal where the noise of the calibration region has less of its variance. */
const MUCH_LESS = 0.7;

export interface AcquisitionOptions {
  /** Coils of the file. */
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
  /** What is done about the noise of the coils. Default `auto`. */
  readonly whiten?: Whitening;
}

/** Samples in the units of the file. */
export interface AcquiredSlice {
  /** `[C, 2, K, W]`, of treated coils. */
  readonly samples: NdArray;
  /** Magnitude of the calibration image `[H, W]`. */
  readonly image: NdArray;
  /** Of the coils over the samples, for compression. */
  readonly covariance?: NdArray;
  /** Where the energy of k-space lies, for `echoShift`. */
  readonly rows: NdArray;
  readonly columns: NdArray;
  /** Bright tissue. */
  readonly scale: number;
  /** Noise of the samples, relative to bright tissue. */
  readonly sigma: number;
  /** Root sum of squares of the fully sampled coil images `[H, W]`, without coils that are left out. */
  readonly reference?: NdArray;
  readonly treatment: CoilMatrices;
}

type Outputs = Readonly<Record<string, NdArray>>;

/** Acquires slices of one sampling. */
export class SliceAcquisition {
  readonly #programs = new Map<string, Promise<Program<string, string>>>();
  readonly #regions: NoiseRegions;
  readonly #coilNoise: CoilNoise;

  constructor(private readonly runtime: Runtime, private readonly options: AcquisitionOptions) {
    this.#regions = noiseRegions(options.mask);
    this.#coilNoise = new CoilNoise(runtime, {
      coils: options.coils,
      mask: options.mask,
      regions: this.#regions,
      whiten: options.whiten ?? "auto",
    });
  }

  /**
   * Acquires one slice.
   * @param kspace `[C, 2, H, W]`, both axes transformed
   * @param combines whether the coils may be combined. Methods without maps keep them as they are, as
   *   nothing could undo the change of their root sum of squares; they only lose bad ones
   */
  async slice(kspace: NdArray, combines: boolean): Promise<AcquiredSlice> {
    const acquire = await once(this.#programs, "acquire", () => this.#acquire());
    const { reference, samples, ...found } = await acquire.run({ kspace });
    const levels = this.#levels(found);
    const treatment = await this.#coilNoise.treat(samples, found, levels, combines);
    const { matrix, kept } = treatment;
    if (matrix === undefined) return { samples, ...levels, reference, treatment };
    const treat = await once(this.#programs, "treat", () => this.#treat());
    const { treated, ...after } = await treat.run({ samples, matrix });
    return {
      samples: treated,
      ...this.#levels(after),
      reference: reference && kept ? await this.#referenceOf(kspace, kept) : reference,
      treatment,
    };
  }

  #levels(found: Outputs) {
    const { image, corners, air, covariance, rows, columns, region } = found;
    const bright = percentile(image.data, SCALE_PERCENTILE);
    const scale = bright > 0 ? bright : percentile(image.data, 100);
    if (!(scale > 0)) {
      throw new SliceError("Cannot scale the slice: the acquired k-space is zero everywhere");
    }
    const most = percentile(image.data, 100);
    if (!(most < LARGEST_IMAGE)) {
      throw new SliceError(
        `Cannot scale the slice: an image below ${LARGEST_IMAGE.toExponential()} is required, found ` +
          `${most.toPrecision(3)}`,
        { hint: "Products of larger numbers leave float32; multiply the k-space by a small one" },
      );
    }
    const noise = findNoise({ corners, air }, this.#regions);
    const part = region && patchNoise(region, noise.variances);
    const sigma = noise.sigma * (part !== undefined && part < MUCH_LESS ? Math.sqrt(part) : 1);
    return { image, covariance, rows, columns, scale, sigma: sigma / scale, noise };
  }

  #acquire() {
    const { coils, mask, full, readout = mask.width } = this.options;
    return this.runtime.build<string, string>(
      { kspace: [coils, 2, mask.height, readout] },
      ({ kspace }): Record<string, Tensor> => {
        const hybrid = centred(dftW(kspace, "inverse"), 3, mask.width);
        const samples = mask.isLines
          ? pickLines(hybrid, mask.lines)
          : mul(kspace, constant(mask.grid()));
        return {
          samples,
          ...this.#examined(samples),
          ...(full && { reference: rootSumOfSquares(dftH(hybrid, "inverse")) }),
        };
      },
    );
  }

  #treat() {
    const { coils, mask } = this.options;
    return this.runtime.build<string, string>(
      { samples: [coils, 2, mask.rows, mask.width], matrix: [2 * coils, 2 * coils] },
      ({ samples, matrix }): Record<string, Tensor> => {
        const treated = compressCoils(samples, matrix);
        return { treated, ...this.#examined(treated) };
      },
    );
  }

  /** What noise and brightness are told from. */
  #examined(samples: Tensor): Record<string, Tensor> {
    const { mask, compress } = this.options;
    const regions = this.#regions, region = calibrationRegion(samples, mask);
    return {
      image: calibrationImage(samples, mask),
      corners: regionEnergies(mask.isLines ? dftW(samples, "forward") : samples, regions),
      ...(mask.isLines && { air: regionEnergies(samples, regions) }),
      ...echoProfiles(samples, mask),
      ...(region && { region }),
      ...(compress !== undefined && { covariance: coilCovariance(samples) }),
    };
  }

  /** @param kept 1 for coils that count, `[C, 1, 1, 1]` */
  async #referenceOf(kspace: NdArray, kept: NdArray): Promise<NdArray> {
    const { coils, mask, readout = mask.width } = this.options;
    const program = await once(
      this.#programs,
      "reference",
      () =>
        this.runtime.build<string, string>(
          { kspace: [coils, 2, mask.height, readout], kept: [coils, 1, 1, 1] },
          ({ kspace, kept }) => {
            const hybrid = centred(dftW(mul(kspace, kept), "inverse"), 3, mask.width);
            return { reference: rootSumOfSquares(dftH(hybrid, "inverse")) };
          },
        ),
    );
    return (await program.run({ kspace, kept })).reference;
  }
}

function pickLines(x: Tensor, lines: readonly number[]): Tensor {
  if (lines.length === x.shape[2]) return x;
  return gather(x, constantOf(BigInt64Array.from(lines, BigInt), [lines.length]), 2);
}
