/**
 * Where a reconstruction gets its slices: read from a file, undersampled and calibrated, or kept from
 * before, so that several methods are given the very same problems.
 * @module
 */
import { InputError, SliceError, UsageError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { readMapsFile } from "../io/maps_file.ts";
import type { KspaceFile } from "../io/types.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { Extent } from "../mri/sampling/partial_sampling.ts";
import { offCentreWarning, requireCalibration } from "./calibration_lines.ts";
import { type MapsSource, Preparation, type PreparedSlice } from "./prepare.ts";
import type { SamplingGeometry } from "../method/problem.ts";
import { type NdArray, ndarray, partOf, stack } from "../ndarray.ts";
import { once } from "../once.ts";
import type { Whitening } from "./coil_noise.ts";
import { coilsUsed } from "./compression.ts";
import type { OutputGeometry } from "./finish.ts";
import { readNoiseCovariance } from "./noise_file.ts";
import { chooseSampling, requestedMasks, type Sampling } from "./sampling.ts";
import type { ReconstructOptions } from "./types.ts";

/** A slice that was read, with all that methods are compiled for. */
export interface ReadSlice {
  readonly sampling: Sampling;
  /** Equal for slices of one sampling, which need compiling once. */
  readonly key: string;
  readonly geometry: SamplingGeometry;
  readonly outputGeometry: OutputGeometry;
  /** Reads the reference image that the file holds `[rows, columns]`; absent without one. */
  readReference?(): Promise<NdArray>;
  prepare(): Promise<PreparedSlice>;
}

export interface SliceSupply {
  readonly file: KspaceFile;
  /** Reads a slice; `needsMaps`: whether the method needs coil maps. */
  read(index: number, needsMaps: boolean): Promise<ReadSlice>;
}

/** The options of a reconstruction that decide what a method is given. */
export type SupplyOptions = Pick<
  ReconstructOptions,
  "mask" | "maps" | "calibration" | "mapSets" | "compress" | "whiten"
>;

/** Slices of a file, prepared anew each time. */
export class FileSlices implements SliceSupply {
  readonly #preparations = new Map<string, Preparation>();
  #whitening: Promise<Whitening> | undefined;
  readonly #maps: NdArray | undefined;
  readonly #asked: readonly SamplingMask[];

  /** @param runtime must outlive the supply */
  constructor(
    private readonly runtime: Runtime,
    readonly file: KspaceFile,
    private readonly options: SupplyOptions = {},
  ) {
    const { compress = "auto", maps } = options;
    const isNamed = compress === "auto" || compress === "off";
    if (!isNamed && !(Number.isInteger(compress) && compress >= 1)) {
      throw new UsageError(
        `Cannot compress to ${compress} coils: at least 1, auto or off is required`,
      );
    }
    if (options.mapSets === 2 && options.calibration === "adaptive") {
      throw new UsageError(
        "Cannot calibrate two sets of coil maps by adaptive combination: espirit is required",
        { hint: "Leave out --calibration adaptive" },
      );
    }
    this.#asked = options.mask === undefined ? [] : requestedMasks(options.mask, file);
    if (maps !== undefined) this.#maps = givenMaps(maps);
  }

  async read(index: number, needsMaps: boolean): Promise<ReadSlice> {
    const { file } = this;
    const kspace = await samplesOf(file, index);
    const chosen = chooseSampling(this.#asked[index] ?? this.#asked[0], file, {
      kspace,
      slice: index,
    });
    const ownMaps = needsMaps && this.#maps === undefined && file.readCalibration === undefined;
    const sampling = {
      ...chosen,
      warnings: [...chosen.warnings, ...(ownMaps ? offCentreWarning(chosen.mask) : [])],
    };
    const mask = croppedMask(sampling.mask, file);
    const coils = needsMaps ? coilsUsed(file.coils, this.options.compress) : file.coils;
    const key = `${sampling.full} ${coils} ${mask.key}`;
    return {
      sampling,
      key,
      geometry: { coils, sets: this.#maps?.shape[1], height: mask.height, width: mask.width, mask },
      outputGeometry: {
        ...outputGeometry(file, mask),
        // Images without phase cannot be limited in k-space; zero-filled ones are already.
        padded: needsMaps ? mask : undefined,
      },
      readReference: file.readReference && (() => file.readReference!(index)),
      prepare: async () => {
        const whiten = await (this.#whitening ??= this.#chosenWhitening());
        const preparation = once(
          this.#preparations,
          key,
          () =>
            new Preparation(this.runtime, {
              coils: file.coils,
              mask,
              full: sampling.full,
              readout: file.width,
              compress: coils === file.coils ? undefined : coils,
              whiten,
            }),
        );
        const source = needsMaps ? await this.#mapsSource(index) : { kind: "none" } as const;
        if (source.kind !== "none" && source.kind !== "given" && source.separate === undefined) {
          requireCalibration(mask, source.kind, file);
        }
        return await preparation.slice(kspace, source);
      },
    };
  }

  /** How noise is whitened, the noise scan read where there is one. */
  async #chosenWhitening(): Promise<Whitening> {
    const { file: { coils }, runtime, options: { whiten = "auto" } } = this;
    const isPath = typeof whiten === "string" && whiten !== "auto" && whiten !== "off";
    return isPath ? await readNoiseCovariance(whiten, { coils, runtime }) : whiten;
  }

  async #mapsSource(index: number): Promise<MapsSource> {
    const all = this.#maps;
    if (all === undefined) {
      const separate = await this.file.readCalibration?.(index);
      const { calibration = "espirit", mapSets = "auto" } = this.options;
      return { kind: calibration, sets: mapSets, separate };
    }
    const [count] = all.shape;
    const at = count === 1 ? 0 : index;
    if (at >= count) {
      throw new InputError(
        `Cannot use the coil maps for slice ${index}: maps for all slices or for each slice are ` +
          `required, found those of ${count}`,
      );
    }
    const given = withoutEmptySets(partOf(all, at));
    const [sets] = given.shape, { mapSets = "auto" } = this.options;
    if (mapSets === 2 && sets < 2) {
      throw new InputError(
        `Cannot use the coil maps for slice ${index}: two sets are required (--map-sets 2), found one`,
      );
    }
    return { kind: "given", maps: mapSets === 1 && sets > 1 ? firstSet(given) : given };
  }
}

/**
 * K-space of a slice `[C, 2, H, W]`.
 * @throws {SliceError} when it cannot be read, has NaN or infinity, or is zero everywhere
 */
async function samplesOf(file: KspaceFile, index: number): Promise<NdArray> {
  const kspace = await file.readSlice(index).catch((cause) => {
    if (!(cause instanceof InputError)) throw cause;
    throw new SliceError(cause.message, { hint: cause.hint, cause });
  });
  if (kspace.data.some((value) => value !== 0)) return kspace;
  throw new SliceError(
    `Cannot reconstruct slice ${index} of ${file.path}: samples are required, found zeros`,
  );
}

/** Coil maps `[slices, sets, C, 2, H, W]`, slices = 1 when they serve every slice. */
function givenMaps(maps: string | NdArray): NdArray {
  if (typeof maps === "string") return readMapsFile(maps);
  const { shape } = maps;
  const [slices, sets] = [
    shape.length > 4 ? shape[0] : 1,
    shape.length > 5 ? shape[1] : 1,
  ];
  const rest = shape.slice(-4);
  if (shape.length >= 4 && shape.length <= 6 && rest[1] === 2) {
    return ndarray(maps.data, [slices, sets, ...rest]);
  }
  throw new InputError(
    "Cannot use the coil maps: [C, 2, H, W], [slices, C, 2, H, W] or [slices, sets, C, 2, H, W] is " +
      `required, found [${shape}]`,
  );
}

const firstSet = (maps: NdArray): NdArray => stack([partOf(maps, 0)]);

/** Maps `[S, C, 2, H, W]` of a slice without the sets after the first that are zero everywhere. */
function withoutEmptySets(maps: NdArray): NdArray {
  const sets = Array.from({ length: maps.shape[0] }, (_, set) => partOf(maps, set));
  return stack(sets.filter(({ data }, set) => set === 0 || data.some((value) => value !== 0)));
}

/** Slices that are prepared once and kept, with maps, whatever the methods need. */
export class KeptSlices implements SliceSupply {
  readonly file: KspaceFile;
  readonly #kept = new Map<string, Promise<ReadSlice>>();

  /** @param supply without compression, as all methods share what it gives */
  constructor(private readonly supply: SliceSupply) {
    this.file = supply.file;
  }

  /** Reads a slice, or gives it again; one without maps only where there can be none. */
  async read(index: number, needsMaps: boolean): Promise<ReadSlice> {
    const withMaps = await this.#once(index, true);
    if (needsMaps) return withMaps;
    const calibrated = await withMaps.prepare().then(() => true, () => false);
    return calibrated ? withMaps : await this.#once(index, false);
  }

  #once(index: number, needsMaps: boolean): Promise<ReadSlice> {
    const read = () => this.supply.read(index, needsMaps).then(preparedOnce);
    return once(this.#kept, `${index} ${needsMaps}`, read);
  }
}

/** The slice that prepares once, and then lets go of its k-space. */
function preparedOnce({ prepare, ...slice }: ReadSlice): ReadSlice {
  return {
    ...slice,
    prepare: () => {
      const prepared = prepare();
      prepare = () => prepared;
      return prepared;
    },
  };
}

/** From reconstructions to the images of a file, by its orientation and the size it asks for. */
export function outputGeometry(
  file: KspaceFile,
  mask: Pick<SamplingMask, "height" | "width">,
): OutputGeometry {
  const from: [number, number] = [mask.height, mask.width];
  const [height, width] = file.imageSize ?? from;
  return {
    from,
    size: [Math.min(height, from[0]), Math.min(width, from[1])],
    output: file.outputSize,
    transposed: file.transposed,
  };
}

/** The mask after readout oversampling is removed: lines stay, the readout is as long as the image. */
export function croppedMask(mask: SamplingMask, file: KspaceFile): SamplingMask {
  const width = file.imageSize?.[1] ?? mask.width;
  if (!mask.isLines || width >= mask.width) return mask;
  const { rows, columns } = mask.partial ?? {};
  const moved = (column: number) =>
    Math.round(Math.floor(width / 2) + (column - Math.floor(mask.width / 2)) * width / mask.width);
  const inImage = (extent: Extent | undefined) =>
    extent && [moved(extent[0]), moved(extent[1])] as const;
  return mask.with({
    width,
    partial: mask.partial && { rows, columns: inImage(columns) },
    columns: inImage(mask.columns),
  });
}
