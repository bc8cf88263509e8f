/**
 * A reconstruction as MRD images, with the attributes that viewers look for.
 * @module
 */
import { encodeMeta } from "../io/mrd/meta.ts";
import { IMAGE_TYPES, type MrdImage, type Triple } from "../mrd/values.ts";
import type { RawBin } from "../mri/raw/bin.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import type { NdArray } from "../ndarray.ts";
import { type Reconstruction } from "../recon/types.ts";

/** `ImageHeader.dataType` of float32. */
const FLOAT32 = 5;
/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;
/** Largest number that a header holds. */
const MAX_U16 = 65535;

/** Numbers images within their series, from 1. */
export class ImageNumbers {
  readonly #last = new Map<number, number>();

  /** The number of the next image of a series. */
  next(series: number): number {
    const number = Math.min((this.#last.get(series) ?? 0) + 1, MAX_U16);
    this.#last.set(series, number);
    return number;
  }
}

/**
 * The magnitude, and the standard deviation where there is one as a series of its own. Every
 * encoding has two numbers of series: images of a series are of one size.
 */
export function sliceImages(
  bin: RawBin,
  result: Reconstruction,
  numbers: ImageNumbers,
): MrdImage[] {
  const series = 2 * bin.layout.encoding;
  const { std, method } = result;
  const magnitude = image(bin, {
    volume: result.magnitude,
    series,
    number: numbers.next(series),
    meta: {
      DataRole: "Image",
      ImageProcessingHistory: ["LARMOR", method],
      SeriesDescriptionAdditional: method,
      ImageComments: description(result),
    },
  });
  if (std === undefined) return [magnitude];
  const deviation = image(bin, {
    volume: std,
    series: series + 1,
    number: numbers.next(series + 1),
    meta: {
      DataRole: "Quantitative",
      ImageProcessingHistory: ["LARMOR", method, "STD"],
      SeriesDescriptionAdditional: `${method}_std`,
      ImageComments: `Standard deviation over posterior samples; ${description(result)}`,
    },
  });
  return [magnitude, deviation];
}

interface ImageContent {
  /** 2-D: `[1, y, x]`; 3-D: `[x, y, z]`. */
  readonly volume: NdArray;
  readonly series: number;
  readonly number: number;
  readonly meta: Readonly<Record<string, string | readonly string[]>>;
}

function image(bin: RawBin, content: ImageContent): MrdImage {
  const { header, counters, layout: { is3d, x, y, z } } = bin;
  const { data, matrix } = is3d ? turned(content.volume) : flat(content.volume);
  const white = percentile(data, WINDOW_PERCENTILE);
  const { position, readDir, phaseDir, sliceDir, patientTablePosition } = header;
  return {
    header: {
      version: 1,
      dataType: FLOAT32,
      flags: 0n,
      measurementUid: header.measurementUid,
      matrixSize: matrix,
      fieldOfView: [x.extent, y.extent, z.extent],
      channels: 1,
      position,
      readDir,
      phaseDir,
      sliceDir,
      patientTablePosition,
      average: header.idx.average,
      ...counters,
      acquisitionTimeStamp: header.acquisitionTimeStamp,
      physiologyTimeStamp: header.physiologyTimeStamp,
      imageType: IMAGE_TYPES.magnitude,
      imageIndex: content.number,
      imageSeriesIndex: content.series,
      userInt: [],
      userFloat: [],
      attributeStringLength: 0, // set when it is written
    },
    attributes: encodeMeta({
      ...content.meta,
      WindowCenter: white / 2,
      WindowWidth: white,
      ImageRowDir: readDir,
      ImageColumnDir: phaseDir,
      Keep_image_geometry: 1,
    }),
    data,
  };
}

function description({ method, steps, mask, model }: Reconstruction): string {
  const network = model === undefined ? "" : `, model ${model.name}`;
  return `Larmor ${method}${network}, ${steps} steps, acceleration ${mask.acceleration.toFixed(2)}`;
}

interface Turned {
  readonly data: Float32Array;
  readonly matrix: Triple;
}

/** `[1, y, x]` as MRD has it. */
function flat({ data, shape: [, rows, columns] }: NdArray): Turned {
  return { data, matrix: [columns, rows, 1] };
}

/** `[x, y, z]` to `[z, y, x]`. */
function turned({ data, shape: [x, y, z] }: NdArray): Turned {
  const result = new Float32Array(data.length);
  for (let i = 0; i < x; i++) {
    for (let j = 0; j < y; j++) {
      for (let k = 0; k < z; k++) result[(k * y + j) * x + i] = data[(i * y + j) * z + k];
    }
  }
  return { data: result, matrix: [x, y, z] };
}
