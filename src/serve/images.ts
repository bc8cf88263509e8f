/** A reconstruction as MRD images, with the attributes that viewers look for. @module */
import { encodeMeta, withMeta } from "../io/mrd/xml.ts";
import { MAGNITUDE_IMAGE, type MrdImage, type Pixels, type Triple } from "../mrd/values.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import type { RawBin } from "../mri/raw/bin.ts";
import type { NdArray } from "../ndarray.ts";
import type { Reconstruction } from "../recon/types.ts";
import type { OutputOptions } from "./types.ts";

/** `ImageHeader.dataType` of float32 and int16. */
const FLOAT32 = 5, INT16 = 2;
/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;
/** Largest number that a header holds. */
const MAX_U16 = 65535;
/** Largest pixel of 12 bits, which hosts expect. */
const MAX_PIXEL = 4095;
/** The brightest pixel of the first image of a series: later ones may be brighter. */
const FIRST_PEAK = 2047;

/** Series of the error bars and of the added part of the first encoding: beyond those of images. */
const ERROR_SERIES = 1000;
const ADDED_SERIES = 2000;

type Meta = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** Counts the images of each series from 1. */
function imageNumbers(): (series: number) => number {
  const last = new Map<number, number>();
  return (series) => {
    const number = Math.min((last.get(series) ?? 0) + 1, MAX_U16);
    last.set(series, number);
    return number;
  };
}

/** Makes the images of a session. */
export class ImageOutput {
  readonly #options: OutputOptions;
  readonly #nextNumber = imageNumbers();
  /** Pixels per unit of the magnitude, by encoding: all images of a series have the same. */
  readonly #factors = new Map<number, number>();
  readonly #onWarning: (text: string) => void;

  /** @param onWarning called when an image does not fit the range of its pixels */
  constructor(options: OutputOptions, onWarning: (text: string) => void) {
    this.#options = options;
    this.#onWarning = onWarning;
  }

  /**
   * The magnitude, and where there is a standard deviation, that as a second series. Every encoding
   * has its own two series, as the images of a series must have one size; error bars and the added part have further ones.
   */
  images(bin: RawBin, result: Reconstruction): MrdImage[] {
    const series = 2 * bin.layout.encoding;
    const { std, error90, added, method } = result;
    const magnitude = this.#image(bin, result.magnitude, series, {
      DataRole: "Image",
      ImageProcessingHistory: ["LARMOR", method],
      SeriesDescriptionAdditional: method,
      ImageComments: description(result),
    });
    const deviation = std && this.#image(bin, std, series + 1, {
      DataRole: "Quantitative",
      ImageProcessingHistory: ["LARMOR", method, "STD"],
      SeriesDescriptionAdditional: `${method}_std`,
      ImageComments: `Standard deviation over posterior samples; ${description(result)}`,
    });
    const errors = error90 && this.#image(bin, error90, ERROR_SERIES + bin.layout.encoding, {
      DataRole: "Quantitative",
      ImageProcessingHistory: ["LARMOR", method, "ERROR90"],
      SeriesDescriptionAdditional: `${method}_error90`,
      ImageComments: `Half-width of 90 % error bars; ${description(result)}`,
    });
    const rest = added && this.#image(bin, added, ADDED_SERIES + bin.layout.encoding, {
      DataRole: "Quantitative",
      ImageProcessingHistory: ["LARMOR", method, "ADDED"],
      SeriesDescriptionAdditional: `${method}_added`,
      ImageComments: `Part of the image that the data do not determine; ${description(result)}`,
    });
    return [magnitude, deviation, errors, rest].filter((image) => image !== undefined);
  }

  /** @param volume 2-D: `[1, y, x]`; 3-D: `[x, y, z]` */
  #image(bin: RawBin, volume: NdArray, series: number, meta: Meta): MrdImage {
    const { header, counters, layout: { is3d, encoding, x, y, z } } = bin;
    const [first, second, third] = volume.shape;
    const matrix: Triple = is3d ? [first, second, third] : [third, second, 1];
    const values = is3d ? reversed(volume) : volume.data;
    const { data, dataType, white, scale } = this.#pixels(values, encoding);
    const { position, readDir, phaseDir, sliceDir, patientTablePosition } = header;
    const copied = this.#options.header === "copied";
    return {
      header: {
        version: 1,
        dataType,
        flags: copied ? header.flags : 0n,
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
        imageIndex: this.#nextNumber(series),
        imageSeriesIndex: series,
        userInt: copied ? header.userInt : [],
        userFloat: copied ? header.userFloat : [],
        attributeStringLength: 0, // set when it is written
      },
      attributes: encodeMeta({
        ...meta,
        ...scale,
        WindowCenter: white / 2,
        WindowWidth: white,
        ImageRowDir: readDir,
        ImageColumnDir: phaseDir,
        Keep_image_geometry: 1,
      }),
      data,
    };
  }

  #pixels(values: Float32Array, encoding: number): {
    readonly data: Pixels;
    readonly dataType: number;
    readonly white: number;
    readonly scale?: Meta;
  } {
    const white = percentile(values, WINDOW_PERCENTILE);
    if (this.#options.pixels === "float32") return { data: values, dataType: FLOAT32, white };
    const factor = this.#factors.get(encoding) ?? FIRST_PEAK / (peak(values) || 1);
    this.#factors.set(encoding, factor);
    let over = 0;
    const data = Int16Array.from(values, (value) => {
      const pixel = Math.round(value * factor);
      if (pixel > MAX_PIXEL) over++;
      return Math.min(pixel, MAX_PIXEL);
    });
    if (over > 0) {
      this.#onWarning(
        `${over} pixels are more than twice as bright as the first image and were cut to ${MAX_PIXEL}`,
      );
    }
    const even = Math.max(2, 2 * Math.round(Math.min(white * factor, MAX_PIXEL) / 2));
    return { data, dataType: INT16, white: even, scale: { LarmorPixelsPerUnit: factor } };
  }
}

/** An image of the client on its way back: the same pixels, whose geometry is to be kept. */
export function returnedImage(image: MrdImage): MrdImage {
  return { ...image, attributes: withMeta(image.attributes, { Keep_image_geometry: 1 }) };
}

function peak(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function description({ method, steps, mask, model, warnings }: Reconstruction): string {
  const network = model === undefined ? "" : `, model ${model.name}`;
  return `Larmor ${method}${network}, ${steps} steps, acceleration ${
    mask.acceleration.toFixed(2)
  }` +
    warnings.map(({ message }) => `; WARNING: ${message}`).join("");
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
