/** Which acquisitions of an ISMRMRD file make which image. @module */
import { frameCount } from "../io/axes.ts";
import type { Axis } from "../io/types.ts";
import type { Warning } from "../warning.ts";
import { InputError } from "../errors.ts";
import type { AcquisitionFile } from "../io/mrd/acquisition_file.ts";
import { CALIBRATION_UNUSED } from "./calibration_lines.ts";
import { binKey, calibrationKey, calibrationKeys, isPartOfImage } from "../mri/raw/assembler.ts";
import { sliceOrder } from "../mri/raw/geometry.ts";
import { type RawLayout, rawLayout } from "../mri/raw/layout.ts";
import { Extents, lineUse, placeLine } from "../mri/raw/line.ts";
import type { Encoding, Limit } from "../mrd/xml_header.ts";
import { slicesMissing, withLostSlices } from "./lost_slices.ts";
import { once } from "../once.ts";
import { type AcquisitionHeader, hasFlag } from "../mrd/values.ts";

/** Acquisitions of one image, or one volume of a 3-D scan. */
export interface RawImage {
  readonly header: AcquisitionHeader;
  readonly lines: number[];
}

export interface RawIndex {
  readonly encoding: number;
  /** How far the lines of all images reach. */
  readonly extents: Extents;
  readonly noise: readonly number[];
  /** Lines for calibration alone, by `calibrationKey`. */
  readonly calibration: ReadonlyMap<string, number[]>;
  /** Images, slice by slice of one volume after the other. */
  readonly images: readonly RawImage[];
  /** Axes of the volumes that they make, the fastest first; none when not all have the same slices. */
  readonly frames: readonly Axis[];
  readonly warnings: readonly Warning[];
}

class Indexer {
  readonly noise: number[] = [];
  readonly calibration = new Map<string, number[]>();
  readonly images = new Map<string, RawImage>();
  readonly extents = new Map<number, Extents>();
  phaseCorrection = 0;
  readonly #layouts = new Map<number, RawLayout>();

  /** @param wanted encoding; default all */
  constructor(private readonly wanted: number | undefined) {}

  take(file: AcquisitionFile, header: AcquisitionHeader, index: number): void {
    const use = lineUse(header);
    if (use === "noise") this.noise.push(index);
    else if (use === "skip") this.phaseCorrection += hasFlag(header, "phaseCorrection") ? 1 : 0;
    else if (use === "calibration" && !isPartOfImage(file.header, header)) {
      once(this.calibration, calibrationKey(header), () => []).push(index);
    } else {
      once(this.images, binKey(header), () => ({ header, lines: [] })).lines.push(index);
      const encoding = header.encodingSpaceRef;
      if (encoding !== (this.wanted ?? encoding)) return;
      const extents = once(this.extents, encoding, () => new Extents());
      extents.add(placeLine(header, this.#layout(file, header)));
    }
  }

  #layout({ path, header: { encodings } }: AcquisitionFile, header: AcquisitionHeader): RawLayout {
    const encoding = header.encodingSpaceRef;
    if (encoding >= encodings.length) {
      throw new InputError(
        `Cannot reconstruct ${path}: the header has encodings 0 to ${encodings.length - 1}, ` +
          `found an acquisition of encoding ${encoding}`,
      );
    }
    const facts = { readout: header };
    return once(this.#layouts, encoding, () => rawLayout(encodings[encoding], encoding, facts));
  }
}

/**
 * Sorts the acquisitions of a file by reading all their headers.
 * @param wanted encoding; default that of the first line of an image
 */
export async function indexRaw(file: AcquisitionFile, wanted?: number): Promise<RawIndex> {
  const indexer = new Indexer(wanted);
  let index = 0;
  for await (const header of file.headers()) indexer.take(file, header, index++);
  const all = [...indexer.images.values()];
  const encodings = [...new Set(all.map(({ header }) => header.encodingSpaceRef))];
  const encoding = wanted ?? encodings[0];
  const images = all.filter(({ header }) => header.encodingSpaceRef === encoding);
  if (images.length === 0) {
    const where = wanted === undefined ? "" : ` in encoding ${wanted}`;
    const others = encodings.length === 0
      ? "of other kinds"
      : `with images in encoding ${encodings}`;
    throw new InputError(
      `Cannot reconstruct ${file.path}: lines of an image${where} are required, ` +
        `found ${file.acquisitionCount} acquisitions ${others}`,
    );
  }
  const { noise, calibration, phaseCorrection } = indexer;
  const others = encodings.filter((each) => each !== encoding);
  const warnings = [...file.warnings ?? []];
  warnings.push(...others.map((other): Warning => ({
    code: "encoding-left-out",
    message: `Encoding ${other} is left out: only encoding ${encoding} is reconstructed`,
    hint: `--encoding ${other} reconstructs it`,
  })));
  if (phaseCorrection > 0) {
    warnings.push({
      code: "phase-correction-unused",
      message: `${phaseCorrection} phase correction lines are not used: expect ghosts of EPI`,
    });
  }
  warnings.push(...unusedCalibration(file, calibration, images[0].header));
  const extents = indexer.extents.get(encoding)!;
  const { slice } = file.header.encodings[encoding].limits;
  const sorted = inVolumes(images, slice);
  warnings.push(...slicesMissing(sorted.images, slice));
  return { encoding, extents, noise, calibration, ...sorted, warnings };
}

/** Calibration lines that are there, but of an encoding with another field of view. */
function unusedCalibration(
  { header: { encodings }, header }: AcquisitionFile,
  calibration: ReadonlyMap<string, number[]>,
  image: AcquisitionHeader,
): Warning[] {
  const encodingOf = (key: string) => Number(key.split(" ")[0]);
  const used = calibrationKeys(header, image).map(encodingOf);
  const field = (index: number) => encodings[index]?.encodedSpace.fieldOfView.join(" x ");
  const others = [...new Set([...calibration.keys()].map(encodingOf))];
  return others.filter((index) => !used.includes(index)).map((index) => ({
    code: CALIBRATION_UNUSED,
    message: `The calibration lines of encoding ${index} are not used: its field of view is ` +
      `${field(index)} mm, that of the image (encoding ${image.encodingSpaceRef}) is ` +
      `${field(image.encodingSpaceRef)} mm`,
    hint: "Give coil maps (--maps) of the image's field of view",
  }));
}

/** Volumes in the order of their counters, and their slices by where they lie. */
function inVolumes(
  images: readonly RawImage[],
  limit: Limit | undefined,
): Pick<RawIndex, "images" | "frames"> {
  const groups = new Map<string, RawImage[]>();
  for (const image of images) {
    const { set, repetition, phase, contrast } = image.header.idx;
    const key = [set, repetition, phase, contrast].map((n) => `${n}`.padStart(5, "0")).join(" ");
    groups.set(key, [...groups.get(key) ?? [], image]);
  }
  const ordered = [...groups].sort(([a], [b]) => a < b ? -1 : 1).map(([, group]) => {
    const present = group.toSorted((a, b) => a.header.idx.slice - b.header.idx.slice);
    const bySlice = withLostSlices(present, images, limit);
    return sliceOrder(bySlice.map(({ header }) => header)).map((i) => bySlice[i]);
  });
  const slicesOf = (group: readonly RawImage[]) => `${group.map(({ header }) => header.idx.slice)}`;
  const alike = ordered.every((group) => slicesOf(group) === slicesOf(ordered[0]));
  const headers = ordered.map(([{ header }]) => header);
  return { images: ordered.flat(), frames: alike ? framesOf(headers) : [] };
}

/** The counters that tell volumes apart, the fastest first, with the names of their axes. */
const COUNTERS = [
  ["contrast", "contrast"],
  ["cardiac", "phase"],
  ["repetition", "repetition"],
  ["set", "set"],
] as const;

/** The axes of volumes: one for each counter, or one of all where combinations are missing. */
function framesOf(headers: readonly AcquisitionHeader[]): readonly Axis[] {
  const axes = COUNTERS.map(([name, counter]) => ({
    name,
    size: new Set(headers.map(({ idx }) => idx[counter])).size,
  })).filter(({ size }) => size > 1);
  if (frameCount(axes) === headers.length) return axes;
  return [{ name: "repetition", size: headers.length }];
}

/**
 * Where a 2-D scan that is not accelerated lacks lines that its header announces.
 * @param calibration lines for calibration that belong to an image
 */
export function missingLines(
  { limits, parallelImaging }: Encoding,
  images: readonly RawImage[],
  calibration: ReadonlyMap<string, readonly number[]>,
): Warning[] {
  const limit = limits.kspaceEncodeStep1;
  const accelerated = parallelImaging?.acceleration.some((factor) => factor > 1);
  if (limit === undefined || accelerated) return [];
  const announced = limit.maximum - limit.minimum + 1;
  const short = images.filter(({ lines }) => lines.length > 0)
    .map(({ header, lines }) =>
      lines.length + (calibration.get(calibrationKey(header))?.length ?? 0)
    )
    .filter((count) => count < announced);
  if (short.length === 0) return [];
  const least = Math.min(...short);
  return [{
    code: "lines-missing",
    message: `${short.length} of ${images.length} images have fewer lines (down to ${least}) ` +
      `than the ${announced} that the header announces`,
  }];
}
