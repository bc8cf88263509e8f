/** Raw acquisitions as k-space that can be reconstructed. @module */
import { InputError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { type AcquisitionOptions, openAcquisitions } from "../io/acquisitions.ts";
import type { AcquisitionFile } from "../io/mrd/acquisition_file.ts";
import type { Axis, KspaceFile } from "../io/types.ts";
import { checkSlice, frameCount } from "../io/axes.ts";
import type { Warning } from "../warning.ts";
import { fourierSign as signOf, type FourierSignRequest } from "../mrd/fourier_sign.ts";
import { Assembler, calibrationKeys } from "../mri/raw/assembler.ts";
import type { RawBin } from "../mri/raw/bin.ts";
import { binShape } from "../mri/raw/layout.ts";
import { hasDirections, volumeGeometry } from "../mri/raw/geometry.ts";
import type { RawLayout } from "../mri/raw/layout.ts";
import { NoiseScan } from "../mri/raw/whitening.ts";
import type { ResolvedLayout } from "../mri/raw/resolve.ts";
import { indexRaw, missingLines, type RawImage, type RawIndex } from "./raw_index.ts";

/** Bytes of samples that are read at a time. */
const READ_BYTES = 1 << 24;

export interface RawOptions extends AcquisitionOptions {
  /** Encoding to reconstruct. Default: that of the first line of an image. */
  readonly encoding?: number;
  /** Sign of the exponent of the samples. Default `auto`: by the vendor that the header names. */
  readonly fourierSign?: FourierSignRequest;
  /** Whether noise scans of the file whiten what is read. Default true. */
  readonly noiseScans?: boolean;
  /** What whitens and transforms; default a runtime of its own on the CPU. */
  readonly runtime?: Runtime;
}

/**
 * Opens a file of raw acquisitions as k-space. All headers are read at once, the lines of an image when it is
 * asked for: only one image (or one volume of a 3-D scan) is in memory at a time.
 * @returns undefined when it holds something else
 */
export async function openRaw(
  path: string,
  { encoding, fourierSign, noiseScans, runtime, ...options }: RawOptions = {},
): Promise<KspaceFile | undefined> {
  const file = await openAcquisitions(path, options);
  if (file === undefined) return undefined;
  try {
    const index = await indexRaw(file, encoding);
    const own = runtime === undefined ? await Runtime.open("cpu") : undefined;
    const reader = new RawReader(file, index, runtime ?? own!, { fourierSign, noiseScans });
    return reader.kspaceFile(await reader.resolve(), () => {
      file[Symbol.dispose]();
      own?.[Symbol.asyncDispose]().catch(() => {});
    });
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** One bin of an assembler as k-space, for what arrives in a stream, which messages call `path`. */
export function binFile(runtime: Runtime, bin: RawBin, path = "the stream"): KspaceFile {
  const { layout, coils, geometry, partial, sign, warnings } = bin;
  return {
    ...described(layout, coils, 1, []),
    format: "ismrmrd",
    path,
    fourierSign: sign,
    geometry,
    partial,
    warnings,
    readSlice: (index) => bin.readSlice(runtime, index),
    ...(bin.hasCalibration &&
      { readCalibration: (index: number) => bin.readCalibration(runtime, index) }),
    [Symbol.dispose]() {},
  };
}

function described(layout: RawLayout, coils: number, images: number, frames: readonly Axis[]) {
  const { slices, height, width, imageSize, outputSize } = binShape(layout);
  const { x, y, z, is3d } = layout;
  const same = (a: readonly number[], b: readonly number[]) => `${a}` === `${b}`;
  const axes = [
    ...frames.toReversed(),
    { name: "slice", size: images / frameCount(frames) },
    { name: "coil", size: coils },
    ...is3d ? [{ name: "phase2", size: z.encoded }] : [],
    { name: "phase1", size: y.encoded },
    { name: "readout", size: x.encoded },
  ];
  return {
    axes,
    slices: slices * images,
    coils,
    height,
    width,
    transposed: false,
    imageSize: same(imageSize, [height, width]) ? undefined : imageSize,
    outputSize: same(outputSize, imageSize) ? undefined : outputSize,
    frames: frames.length > 0 ? frames : undefined,
  } as const;
}

/** Three planes of a localizer, or uneven gaps: one affine cannot say where all slices lie. */
const SLICES_NOT_STACKED: Warning = {
  code: "slices-not-stacked",
  message: "Slices are not parallel at even distances: the affine holds the size of a voxel, not " +
    "where they lie",
  hint: "--slices A:B takes those of one direction",
};

class RawReader {
  #noise: Promise<NoiseScan> | undefined;
  #layouts: ReadonlyMap<number, ResolvedLayout> | undefined;
  /** Whether lines for calibration are lines of the images. */
  #ownsCalibration = false;
  /** The image that was read last: the slices of a 3-D volume come one after the other. */
  #last: { readonly image: number; readonly bin: Promise<RawBin> } | undefined;

  constructor(
    private readonly file: AcquisitionFile,
    private readonly index: RawIndex,
    private readonly runtime: Runtime,
    private readonly options: Pick<RawOptions, "fourierSign" | "noiseScans">,
  ) {}

  /**
   * Finds the layout of k-space from the lines of an image: one in the middle of the volume, or another
   * where that is damaged or does not decide it.
   * @throws {InputError} when no image does, and what the header says cannot be
   */
  async resolve(): Promise<ResolvedLayout> {
    const { images, frames, encoding, extents } = this.index;
    const count = images.length / frameCount(frames);
    const tries = new Set([Math.floor(count / 2), 0, count - 1]);
    let found: ResolvedLayout | undefined, failure: unknown;
    for (const image of tries) {
      try {
        const { resolved, hasCalibration } = await this.#bin(image);
        this.#ownsCalibration = !hasCalibration;
        if (found?.certain !== true) found = resolved;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failure ??= error;
      }
      if (found?.certain === true) break;
    }
    if (found === undefined) throw failure;
    if (found.fault !== undefined) throw found.fault;
    extents.requireWithin(found.layout);
    if (!found.certain) this.#last = undefined;
    this.#layouts = new Map([[encoding, found]]);
    return found;
  }

  kspaceFile({ layout, warnings: resolved }: ResolvedLayout, close: () => void): KspaceFile {
    const { images, frames, calibration, encoding, extents } = this.index;
    const ofImages = this.#ownsCalibration ? calibration : new Map<string, number[]>();
    const missing = layout.is3d
      ? []
      : missingLines(this.file.header.encodings[encoding], images, ofImages);
    const warnings = [...this.index.warnings, ...resolved, ...missing];
    const partial = extents.partial(layout);
    const { slices } = binShape(layout);
    const headers = images.slice(0, images.length / frameCount(frames)).map(({ header }) => header);
    const several = layout.is3d && headers.length > 1;
    const geometry = volumeGeometry(headers, layout);
    if (!layout.is3d && !geometry.known && headers.length > 1 && headers.every(hasDirections)) {
      warnings.push(SLICES_NOT_STACKED);
    }
    const read = async <T>(index: number, use: (bin: RawBin, slice: number) => Promise<T>) =>
      await use(await this.#bin(Math.floor(index / slices)), index % slices);
    return {
      ...described(layout, images[0].header.activeChannels, images.length, frames),
      path: this.file.path,
      format: this.file.format,
      fourierSign: signOf(this.file.header, this.options.fourierSign),
      warnings: warnings.length > 0 ? warnings : undefined,
      partial,
      // Slabs one after the other have no single affine.
      geometry: several ? { ...geometry, known: false } : geometry,
      readSlice: (index) => {
        checkSlice(index, slices * images.length, this.file.path);
        return read(index, (bin, slice) => bin.readSlice(this.runtime, slice));
      },
      ...(calibration.size > 0 && {
        readCalibration: (index: number) =>
          read(index, (bin, slice) => bin.readCalibration(this.runtime, slice)),
      }),
      [Symbol.dispose]: close,
    };
  }

  #bin(image: number): Promise<RawBin> {
    if (this.#last?.image !== image) {
      this.#last = { image, bin: this.#assembled(this.index.images[image]) };
    }
    return this.#last.bin;
  }

  async #assembled({ header, lines }: RawImage): Promise<RawBin> {
    this.#noise ??= this.#readNoise();
    const noise = await this.#noise;
    const assembler = this.#assembler(noise);
    const calibration = calibrationKeys(this.file.header, header)
      .map((key) => this.index.calibration.get(key)).find((lines) => lines !== undefined) ?? [];
    for await (const acquisition of this.#read([...calibration, ...lines])) {
      assembler.push(acquisition);
    }
    const [bin] = assembler.flush();
    if (bin === undefined) {
      throw new InputError(
        `Cannot reconstruct slice ${header.idx.slice} of ${this.file.path}: lines are required, ` +
          "found none",
      );
    }
    if (bin.coils === header.activeChannels) return bin;
    throw new InputError(`Cannot reconstruct ${this.file.path}: its number of coils changes`);
  }

  #assembler(noise: NoiseScan): Assembler {
    const { fourierSign } = this.options;
    const layouts = this.#layouts;
    return new Assembler(this.file.header, { noise, untilFlush: true, fourierSign, layouts });
  }

  async #readNoise(): Promise<NoiseScan> {
    const scan = new NoiseScan();
    if (this.options.noiseScans === false) return scan;
    const assembler = this.#assembler(scan);
    for await (const acquisition of this.#read(this.index.noise)) assembler.push(acquisition);
    return scan;
  }

  async *#read(indices: readonly number[]) {
    const { numberOfSamples, activeChannels } = this.index.images[0].header;
    const bytes = 8 * Math.max(1, numberOfSamples * activeChannels);
    const size = Math.max(1, Math.floor(READ_BYTES / bytes));
    for (let start = 0; start < indices.length; start += size) {
      yield* await this.file.read(indices.slice(start, start + size));
    }
  }
}
