/**
 * All lines of one image, or one volume, together: k-space that can be read slice by slice.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Program, Runtime } from "../../graph/mod.ts";
import type { TakenSign } from "../../mrd/fourier_sign.ts";
import type { AcquisitionHeader } from "../../mrd/values.ts";
import { type NdArray, zeros } from "../../ndarray.ts";
import type { Warning } from "../../warning.ts";
import { compressCoils } from "../calibration/coil_compression.ts";
import { dftW } from "../physics/dft.ts";
import type { PartialSampling } from "../sampling/partial_sampling.ts";
import { centred, resampleW } from "../physics/resample.ts";
import { centralBlock } from "./calibration_block.ts";
import { type RawGeometry, volumeGeometry } from "./geometry.ts";
import { binShape, type RawLayout } from "./layout.ts";
import type { LineStore } from "./line_store.ts";
import type { ResolvedLayout } from "./resolve.ts";
import type { NoiseScan } from "./whitening.ts";

/** Lines transformed at once along the readout of a 3-D scan. */
const GROUP = 64;

export interface BinParts {
  readonly resolved: ResolvedLayout;
  readonly header: AcquisitionHeader;
  /** Its lines; the bin empties the store of a 3-D scan. */
  readonly lines: LineStore;
  /** Lines for calibration that are not part of the image. */
  readonly calibration?: LineStore;
  readonly noise: NoiseScan;
  readonly sign: TakenSign;
}

/**
 * K-space of one 2-D image, or of one 3-D volume.
 *
 * A 2-D bin is one slice with H the phase encoding and W the readout. A 3-D bin has a slice for each
 * pixel of the readout, which is transformed first, with H the first and W the second phase encoding.
 */
export class RawBin {
  readonly layout: RawLayout;
  /** Header of its first line: position, directions, time stamps. */
  readonly header: AcquisitionHeader;
  readonly counters: Pick<
    AcquisitionHeader["idx"],
    "slice" | "contrast" | "phase" | "repetition" | "set"
  >;
  readonly coils: number;
  readonly lines: number;
  readonly partial?: PartialSampling;
  /** The sign that its samples had; where it is +, they were conjugated. */
  readonly sign: TakenSign;
  readonly resolved: ResolvedLayout;
  /** What a user should know of it. */
  readonly warnings: readonly Warning[];
  readonly #parts: BinParts;
  #volume: Promise<readonly NdArray[]> | undefined;
  #calibrationVolume: Promise<readonly NdArray[]> | undefined;

  /** Takes over the lines. @throws {InputError} when there are none */
  constructor(parts: BinParts) {
    const { resolved, header, lines, sign } = parts;
    const { layout, warnings } = resolved;
    if (lines.size === 0) throw new InputError("Cannot reconstruct an image without lines");
    this.layout = layout;
    this.header = header;
    this.sign = sign;
    this.resolved = resolved;
    this.warnings = warnings;
    const { slice, contrast, phase, repetition, set } = header.idx;
    this.counters = { slice, contrast, phase, repetition, set };
    this.coils = lines.coils;
    this.lines = lines.size;
    this.#parts = parts;
    this.partial = lines.extents.partial(layout);
  }

  /** Number of slices: 1 of a 2-D scan, the pixels of the readout of a 3-D one. */
  get slices(): number {
    return binShape(this.layout).slices;
  }

  get geometry(): RawGeometry {
    return volumeGeometry([this.header], this.layout);
  }

  /** Whether it has calibration lines of its own beside the image. */
  get hasCalibration(): boolean {
    return (this.#parts.calibration?.size ?? 0) > 0;
  }

  /**
   * K-space of a slice `[C, 2, H, W]`, whitened where there was a noise scan. The readout of a 2-D
   * scan is still oversampled: the image is to be cropped.
   */
  async readSlice(runtime: Runtime, index: number): Promise<NdArray> {
    if (!Number.isInteger(index) || index < 0 || index >= this.slices) {
      throw new RangeError(`Cannot read slice ${index}: 0 to ${this.slices - 1} exist`);
    }
    const { lines, resolved: { fault } } = this.#parts;
    if (fault !== undefined) throw fault;
    if (!this.layout.is3d) return await this.#whitened(runtime, lines.plane(this.layout));
    this.#volume ??= this.#decoupled(runtime, lines, { layout: this.layout, empty: true });
    return (await this.#volume)[index];
  }

  /**
   * The calibration lines of a slice about the centre of k-space `[C, 2, a, b]`, of lines that are
   * not part of the image; undefined where there are none.
   */
  async readCalibration(runtime: Runtime, index: number): Promise<NdArray | undefined> {
    const { calibration } = this.#parts;
    if (calibration === undefined || !this.hasCalibration) return undefined;
    if (calibration.coils !== this.coils) {
      throw new InputError(
        `Cannot calibrate: ${this.coils} coils are required, found ${calibration.coils}`,
      );
    }
    const layout = this.#calibrationLayout(calibration.layout);
    if (!layout.is3d) {
      return centralBlock(await this.#whitened(runtime, calibration.plane(layout)));
    }
    this.#calibrationVolume ??= this.#decoupled(runtime, calibration, { layout, empty: false });
    return centralBlock((await this.#calibrationVolume)[index]);
  }

  /** The layout of calibration lines: of another encoding its own, with the pixels of the image. */
  #calibrationLayout(own: RawLayout): RawLayout {
    if (own.encoding === this.layout.encoding) return this.layout;
    return { ...own, x: { ...own.x, output: this.layout.x.output } };
  }

  async #whitened(runtime: Runtime, kspace: NdArray): Promise<NdArray> {
    const { noise } = this.#parts;
    if (noise.isEmpty) return kspace;
    const whitening = await this.#whitening(runtime);
    const program = await runtime.build(
      { kspace: kspace.shape, whitening: whitening.shape },
      ({ kspace, whitening }) => ({ white: compressCoils(kspace, whitening) }),
    );
    return (await program.run({ kspace, whitening })).white;
  }

  async #whitening(runtime: Runtime): Promise<NdArray> {
    const whitening = await this.#parts.noise.whitening(runtime);
    if (whitening.shape[0] === 2 * this.coils) return whitening;
    throw new InputError(
      `Cannot whiten: a noise scan of ${this.coils} coils is required, ` +
        `found ${whitening.shape[0] / 2}`,
    );
  }

  /**
   * Transforms the readout line by line; gives k-space `[C, 2, H, W]` of each of its pixels.
   * @param how empty: whether the lines may be dropped
   */
  async #decoupled(
    runtime: Runtime,
    store: LineStore,
    { layout, empty }: { readonly layout: RawLayout; readonly empty: boolean },
  ): Promise<readonly NdArray[]> {
    const { y, z, x } = layout;
    const { coils } = store;
    const whitening = this.#parts.noise.isEmpty ? undefined : await this.#whitening(runtime);
    const program = await readoutProgram(runtime, layout, coils, whitening?.shape);
    const shape = [coils, 2, y.encoded, z.encoded];
    const planes = Array.from({ length: x.output }, () => zeros(shape));
    for (const { places, lines } of store.groups(layout, GROUP, empty)) {
      const { pixels } = await program.run(whitening ? { lines, whitening } : { lines });
      scatterPixels(pixels, places, planes);
    }
    return planes;
  }
}

/** Compiles: lines `[C, 2, n, W]` to whitened pixels `[C, 2, n, X]` of the readout. */
function readoutProgram(
  runtime: Runtime,
  { x }: RawLayout,
  coils: number,
  whitening: readonly number[] | undefined,
): Promise<Program<string, "pixels">> {
  const lines = [coils, 2, GROUP, x.encoded];
  const shapes: Record<string, readonly number[]> = whitening ? { lines, whitening } : { lines };
  return runtime.build(shapes, ({ lines, whitening }) => {
    const white = whitening === undefined ? lines : compressCoils(lines, whitening);
    const pixels = centred(dftW(white, "inverse"), 3, x.kept);
    return { pixels: resampleW(pixels, x.output) };
  });
}

/** Sorts pixels `[C, 2, n, X]` of lines into the planes of each x. */
function scatterPixels(
  { data, shape: [coils, , count, width] }: NdArray,
  places: readonly (readonly [number, number])[],
  planes: readonly NdArray[],
): void {
  const [, , height, depth] = planes[0].shape;
  for (let part = 0; part < 2 * coils; part++) {
    places.forEach(([row, partition], line) => {
      const from = (part * count + line) * width;
      const to = (part * height + row) * depth + partition;
      for (let x = 0; x < width; x++) planes[x].data[to] = data[from + x];
    });
  }
}
