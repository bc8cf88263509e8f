/** A reconstruction as MRD images, with the attributes that viewers look for. @module */
import { encodeMeta } from "../io/mrd/xml.ts";
import { MAGNITUDE_IMAGE, type MrdImage, type Triple } from "../mrd/values.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import type { RawBin } from "../mri/raw/bin.ts";
import type { NdArray } from "../ndarray.ts";
import type { Reconstruction } from "../recon/types.ts";

/** `ImageHeader.dataType` of float32. */
const FLOAT32 = 5;
/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;
/** Largest number that a header holds. */
const MAX_U16 = 65535;

/** Counts the images of each series from 1. */
export function imageNumbers(): (series: number) => number {
  const last = new Map<number, number>();
  return (series) => {
    const number = Math.min((last.get(series) ?? 0) + 1, MAX_U16);
    last.set(series, number);
    return number;
  };
}

/**
 * The magnitude, and where there is a standard deviation, that as a second series. Every encoding
 * has its own two series, as the images of a series must have one size.
 */
export function sliceImages(
  bin: RawBin,
  result: Reconstruction,
  nextNumber: (series: number) => number,
): MrdImage[] {
  const series = 2 * bin.layout.encoding;
  const { std, method } = result;
  const magnitude = image(bin, result.magnitude, series, nextNumber(series), {
    DataRole: "Image",
    ImageProcessingHistory: ["LARMOR", method],
    SeriesDescriptionAdditional: method,
    ImageComments: description(result),
  });
  if (std === undefined) return [magnitude];
  const deviation = image(bin, std, series + 1, nextNumber(series + 1), {
    DataRole: "Quantitative",
    ImageProcessingHistory: ["LARMOR", method, "STD"],
    SeriesDescriptionAdditional: `${method}_std`,
    ImageComments: `Standard deviation over posterior samples; ${description(result)}`,
  });
  return [magnitude, deviation];
}

/** @param volume 2-D: `[1, y, x]`; 3-D: `[x, y, z]` */
function image(
  bin: RawBin,
  volume: NdArray,
  series: number,
  number: number,
  meta: Readonly<Record<string, string | readonly string[]>>,
): MrdImage {
  const { header, counters, layout: { is3d, x, y, z } } = bin;
  const [first, second, third] = volume.shape;
  const matrix: Triple = is3d ? [first, second, third] : [third, second, 1];
  const data = is3d ? reversed(volume) : volume.data;
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
      imageType: MAGNITUDE_IMAGE,
      imageIndex: number,
      imageSeriesIndex: series,
      userInt: [],
      userFloat: [],
      attributeStringLength: 0, // set when it is written
    },
    attributes: encodeMeta({
      ...meta,
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

/** `[x, y, z]` with its axes in the opposite order. */
function reversed({ data, shape: [x, y, z] }: NdArray): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < x; i++) {
    for (let j = 0; j < y; j++) {
      for (let k = 0; k < z; k++) result[(k * y + j) * x + i] = data[(i * y + j) * z + k];
    }
  }
  return result;
}
