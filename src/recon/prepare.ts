/**
 * From the k-space of a file to a `Problem`: acquired samples, compressed and scaled, and coil maps. One
 * `Preparation` is compiled for a volume and used slice by slice.
 * @module
 */
import {
  concat,
  div,
  max,
  mul,
  type Program,
  reduceSum,
  reshape,
  type Runtime,
  type Shape,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { InputError } from "../errors.ts";
import type { Problem } from "../method/problem.ts";
import {
  type Calibration,
  calibrationOutputs,
  compileMaps,
  type MapSets,
  type MapsFrom,
} from "../mri/calibration/calibrate.ts";
import {
  compressCoils,
  compressionMatrix,
  keptEnergy,
} from "../mri/calibration/coil_compression.ts";
import { echoShift } from "../mri/calibration/echo.ts";
import { calibrationRegion, separateRegion } from "../mri/calibration/region.ts";
import { combineFactor, factorOf, mulFactor } from "../mri/physics/complex.ts";
import { asBatch, type NdArray, sizeOf } from "../ndarray.ts";
import { once } from "../once.ts";
import type { Warning } from "../warning.ts";
import { type AcquisitionOptions, SliceAcquisition } from "./acquire.ts";
import type { CoilTreatment } from "./coil_noise.ts";
import {
  compileFileCoils,
  compileWholeReference,
  type FileCoilsProgram,
  matrixProduct,
  type OnFileCoils,
  transposed,
} from "./file_coils.ts";

const TINY = 1e-12;

export interface PreparedSlice {
  /** Input of the method; without maps when none were asked for. */
  readonly problem: Problem;
  /** Bright tissue, in the units of the samples: 1 in the problem. */
  readonly scale: number;
  /**
   * Factor `[2 S, H, W]` for the images of S sets of maps: undoes the scale, and gives whitened coils the
   * root sum of squares of the file's.
   */
  readonly factor: NdArray;
  /** What was done about the coils. */
  readonly coils: CoilsReport;
  readonly warnings: readonly Warning[];
  /** Maps of the file's own coils `[S, C, 2, H, W]`; undefined without maps. */
  fileMaps(): Promise<NdArray | undefined>;
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

/** What was done about the coils of a slice. */
export interface CoilsReport extends CoilTreatment {
  /** Coils of the file. */
  readonly count: number;
  /** Virtual coils that these were compressed to; null where they were not. */
  readonly compressed: number | null;
  /** Part of the samples' energy that these hold; null without compression. */
  readonly energyKept: number | null;
}

/** Prepares the slices of one sampling. */
export class Preparation {
  readonly #acquisition: SliceAcquisition;
  readonly #calibrators = new Map<string, Promise<Calibrator>>();
  readonly #fileCoils = new Map<string, Promise<FileCoilsProgram>>();
  readonly #wholes = new Map<string, ReturnType<typeof compileWholeReference>>();

  /** @param runtime must outlive it */
  constructor(private readonly runtime: Runtime, private readonly options: AcquisitionOptions) {
    this.#acquisition = new SliceAcquisition(runtime, options);
  }

  /**
   * Prepares one slice.
   * @param kspace `[C, 2, H, W]`, both axes transformed
   */
  async slice(kspace: NdArray, source: MapsSource): Promise<PreparedSlice> {
    const { coils, compress } = this.options;
    const acquired = await this.#acquisition.slice(kspace, source.kind !== "none");
    const { samples, image, covariance, scale, sigma, reference } = acquired;
    const { matrix, back, kept, warnings, ...treatment } = acquired.treatment;
    const combination = covariance && compressionMatrix(covariance, compress!);
    const arrays: Record<string, NdArray> = {
      samples,
      factor: { data: Float32Array.of(1 / scale), shape: [1, 1, 1, 1] },
      ...(combination && { combination }),
      ...(matrix && source.kind !== "none" && { matrix }),
    };
    if (source.kind === "given") arrays.given = source.maps;
    else if (source.kind !== "none") {
      arrays.sigma = { data: Float32Array.of(sigma), shape: [1, 1] };
      if (source.separate !== undefined) arrays.separate = source.separate;
    }
    const { scaleAndCalibrate, mapsFrom } = await this.#calibrator(source, arrays);
    const out = await scaleAndCalibrate.run(arrays);
    const sets = "sets" in source ? source.sets : undefined;
    const maps = await mapsFrom?.(out, out.image ?? image, sets) ?? out.maps;
    const echo = maps && echoShift(acquired, this.options.mask);
    let pending: Promise<OnFileCoils | undefined> | undefined;
    const onFileCoils = () => pending ??= this.#onFileCoils(maps, back, combination);
    return {
      problem: { y: asBatch(out.y), inputs: maps === undefined ? {} : { maps }, sigma, echo },
      scale,
      factor: this.#factor(scale, maps, back && (await onFileCoils())?.intensity),
      reference: reference && kept && maps
        ? await this.#wholeReference(reference, kept, (await onFileCoils())!.own)
        : reference,
      coils: {
        count: coils,
        ...treatment,
        compressed: compress ?? null,
        energyKept: covariance && combination ? keptEnergy(covariance, combination) : null,
      },
      warnings,
      fileMaps: async () => (await onFileCoils())?.own ?? maps,
    };
  }

  /** The way back to the file's own coils, where they were whitened or compressed. */
  async #onFileCoils(
    maps: NdArray | undefined,
    back: NdArray | undefined,
    combination: NdArray | undefined,
  ): Promise<OnFileCoils | undefined> {
    if (maps === undefined || (back === undefined && combination === undefined)) return undefined;
    const own = combination && transposed(combination);
    const whole = back && own ? matrixProduct(back, own) : back ?? own!;
    const program = await once(
      this.#fileCoils,
      `${maps.shape}`,
      () => compileFileCoils(this.runtime, maps.shape, this.options.coils),
    );
    return await program.run({ maps, back: whole });
  }

  async #wholeReference(reference: NdArray, kept: NdArray, own: NdArray): Promise<NdArray> {
    const program = await once(
      this.#wholes,
      `${own.shape}`,
      () => compileWholeReference(this.runtime, own.shape),
    );
    return (await program.run({ own, kept, reference })).whole;
  }

  /** The scale, and what the intensity of whitened coils is to be multiplied by. */
  #factor(scale: number, maps: NdArray | undefined, intensity: NdArray | undefined): NdArray {
    const { height, width } = this.options.mask;
    const shape = [2 * (maps?.shape[0] ?? 1), height, width];
    const ones = intensity?.data ?? new Float32Array(sizeOf(shape)).fill(1);
    return { data: ones.map((value) => scale * value), shape };
  }

  /** What calibrates from arrays of these shapes, compiled once. */
  #calibrator(source: MapsSource, arrays: Readonly<Record<string, NdArray>>): Promise<Calibrator> {
    const { separate, given, matrix } = arrays;
    const key = JSON.stringify([source.kind, separate?.shape, given?.shape, matrix?.shape]);
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
      (
        { samples, factor, matrix, combination, given, separate, sigma },
      ): Record<string, Tensor> => {
        const compressed = (x: Tensor) => combination ? compressCoils(x, combination) : x;
        const whitened = (x: Tensor) => matrix ? compressCoils(x, matrix) : x;
        const y = compressed(mul(samples, factor));
        if (kind === "none") return { y };
        if (kind === "given") {
          requireMaps(given.shape, [samples.shape[0], 2, mask.height, mask.width]);
          return { y, maps: orthonormal(overSets(given, (x) => compressed(whitened(x)))) };
        }
        const { calibration, ...image } = separate
          ? separateRegion(compressed(whitened(mul(separate, factor))), mask, readout)
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

/** @throws {InputError} when maps `[S, C, 2, H, W]` are not those of the slice */
function requireMaps(found: Shape, shape: Shape): void {
  if (`${found.slice(1)}` === `${shape}`) return;
  throw new InputError(
    `Cannot use the coil maps: [C, 2, H, W] = [${shape}] is required, found [${found.slice(1)}]`,
  );
}

/** A combination of the coils `[C, 2, H, W]`, of each set of maps. */
function overSets(maps: Tensor, combine: (x: Tensor) => Tensor): Tensor {
  const [sets, ...shape] = maps.shape;
  const parts = Array.from({ length: sets }, (_, set) => {
    const combined = combine(reshape(slice(maps, 0, set, set + 1), shape));
    return reshape(combined, [1, ...combined.shape]);
  });
  return sets === 1 ? parts[0] : concat(parts, 0);
}

/**
 * Maps from elsewhere `[S, C, 2, H, W]` at unit sum of squares, the sets of a pixel orthogonal to each
 * other: the step sizes of the methods rely on it.
 */
function orthonormal(maps: Tensor): Tensor {
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
