/**
 * From a slice to a training image: a random view of it, with random contrast, shading and, if it has
 * none of its own, phase. Plain loops on the host, run in a worker beside the trainer.
 * @module
 */
import { headMask } from "../mri/metrics/head_mask.ts";
import { magnitudeOf, type NdArray, ndarray, zeros } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import { normalised } from "../mri/phantom/coils.ts";
import { smoothField } from "./smooth_field.ts";

/** A slice of a volume. */
export interface SourceSlice {
  /** Magnitude `[rows, columns]`, not negative; or complex `[2, rows, columns]`. */
  readonly image: NdArray;
  /** Its coil sensitivity maps `[C, 2, rows, columns]`, if known. */
  readonly maps?: NdArray;
  /** 99th percentile of the magnitude; the image is divided by it. */
  readonly scale: number;
  /** Pixel size in mm. */
  readonly pixel: number;
}

/** Pixel sizes of training images, in mm. */
const PIXEL_RANGE: readonly [number, number] = [0.5, 1.5];
/** Pixel of the training image over that of the source: finer would only be blurred. */
const RATIO_RANGE: readonly [number, number] = [0.85, 2.8];
/** Above this ratio the source is averaged 2 x 2 first, against aliasing. */
const HALVE_ABOVE = 1.5;
/** Largest rotation, radians. */
const MAX_ANGLE = 15 * Math.PI / 180;
/** Amplitude of the elastic warp, pixels. */
const WARP = 3;
/** Bandwidths of warp, shading and phase, half-periods along each side. */
const WARP_BANDWIDTH = 2.5;
const SHADE_BANDWIDTH = 1.2;
const PHASE_BANDWIDTH: readonly [number, number] = [1.2, 3.1];
/** Random factor of training images: calibration regions estimate the scale with an error. */
const SCALE_RANGE: readonly [number, number] = [0.7, 1.4];

/** A detail, at the pixel sizes that scans have, or the whole field of view. */
type ViewPart = "detail" | "whole";

/**
 * A random training image.
 * @param size pixels of each side
 * @returns complex `[2, size, size]`, bright tissue about 1
 */
export function randomView(
  source: SourceSlice,
  size: number,
  rng: Rng,
  part: ViewPart = "detail",
): NdArray {
  const view = chosenView(source, size, rng.split(0), part);
  const parts = sampled(planesOf(source.image), view, size, rng.split(1));
  const [re, im] = parts;
  const before = re.map((value, i) => im ? Math.hypot(value, im[i]) : Math.max(0, value));
  const magnitude = before.slice();
  adjustContrast(magnitude, 1 / source.scale, size, rng.split(2));
  if (im === undefined) {
    return ndarray(withPhase(magnitude, size, rng.split(3), part === "whole"), [2, size, size]);
  }
  const gain = magnitude.map((value, i) => before[i] > 0 ? value / before[i] : 0);
  const image = zeros([2, size, size]);
  parts.forEach((part, p) => image.data.set(part.map((v, i) => v * gain[i]), p * size * size));
  return image;
}

/**
 * The coil maps of a slice in the view that {@link randomView} takes with the same arguments.
 * @returns `[C, 2, size, size]`, sum of squares 1, or 0 outside of the object
 */
export function mapsInView(
  source: SourceSlice & { readonly maps: NdArray },
  size: number,
  rng: Rng,
  part: ViewPart = "detail",
): NdArray {
  const view = chosenView(source, size, rng.split(0), part);
  const planes = sampled(planesOf(source.maps), view, size, rng.split(1));
  const maps = zeros([planes.length / 2, 2, size, size]);
  planes.forEach((plane, p) => maps.data.set(plane, p * size * size));
  return normalised(maps, { minEnergy: MIN_ENERGY });
}

/** Sum of squares of coil maps below which a pixel is outside of the object. */
const MIN_ENERGY = 0.25;

/** The head in a complex image `[2, rows, columns]`, 0 and 1: where errors count. */
export function headRegion(image: NdArray): Float32Array {
  return Float32Array.from(headMask(magnitudeOf(image)));
}

/** The last two axes, one plane after the other. */
function planesOf({ data, shape }: NdArray): NdArray[] {
  const [rows, columns] = shape.slice(-2);
  const pixels = rows * columns;
  return Array.from(
    { length: data.length / pixels },
    (_, i) => ndarray(data.subarray(i * pixels, (i + 1) * pixels), [rows, columns]),
  );
}

/**
 * A detail about a bright pixel, or the whole slice, its longer side filling the view roughly.
 * @returns `map`: row-major 2 x 2, from (row, column) of the view to that of the slice
 */
function chosenView({ image, scale, pixel }: SourceSlice, size: number, rng: Rng, part: ViewPart) {
  const [rows, columns] = image.shape.slice(-2);
  const min = Math.max(RATIO_RANGE[0], PIXEL_RANGE[0] / pixel);
  const max = Math.min(RATIO_RANGE[1], PIXEL_RANGE[1] / pixel);
  const ratio = part === "detail"
    ? rng.logBetween(min, Math.max(min, max))
    : Math.max(rows, columns) / size * rng.between(0.85, 1.2);
  const angle = rng.between(-MAX_ANGLE, MAX_ANGLE);
  const [up, left] = [rng.integer(2) * 2 - 1, rng.integer(2) * 2 - 1];
  const [row, column] = part === "detail"
    ? tissuePixel(image, 0.15 * scale, rng)
    : [rows / 2, columns / 2];
  const reach = size * ratio / (part === "detail" ? 4 : 16);
  const centre = [row + rng.between(-reach, reach), column + rng.between(-reach, reach)] as const;
  const [sine, cosine] = [ratio * Math.sin(angle), ratio * Math.cos(angle)];
  const [a, b, c, d] = [cosine * up, -sine * left, sine * up, cosine * left];
  return { ratio, centre, map: rng.integer(2) === 1 ? [b, a, d, c] : [a, b, c, d] };
}

/** A random pixel brighter than a threshold, or any after 50 tries. */
function tissuePixel({ data, shape }: NdArray, threshold: number, rng: Rng) {
  const [rows, columns] = shape.slice(-2);
  const imaginary = shape.length === 3 ? rows * columns : 0; // of a magnitude: the pixel itself
  let pixel: [number, number] = [rows / 2, columns / 2];
  for (let tries = 0; tries < 50; tries++) {
    const [row, column] = [rng.integer(rows), rng.integer(columns)];
    pixel = [row, column];
    const at = row * columns + column;
    if (Math.max(Math.abs(data[at]), Math.abs(data[at + imaginary])) > threshold) break;
  }
  return pixel;
}

type View = ReturnType<typeof chosenView>;

/** Planes `[rows, columns]` seen through a view with a random elastic warp. */
function sampled(planes: readonly NdArray[], view: View, size: number, rng: Rng): Float32Array[] {
  const halvings = Math.max(0, Math.ceil(Math.log2(view.ratio / HALVE_ABOVE)));
  const shrink = 2 ** -halvings;
  const amplitude = rng.uniform() < 0.5 ? rng.between(0, WARP) : 0;
  const [dy, dx] = [0, 1].map((axis) => smoothField(rng.split(axis), size, WARP_BANDWIDTH));
  const [a, b, c, d] = view.map;
  const middle = (size - 1) / 2;
  const places = new Float64Array(2 * size * size);
  for (let i = 0; i < size * size; i++) {
    const y = Math.floor(i / size) - middle + amplitude * dy[i];
    const x = i % size - middle + amplitude * dx[i];
    places[2 * i] = (view.centre[0] + a * y + b * x + 0.5) * shrink - 0.5;
    places[2 * i + 1] = (view.centre[1] + c * y + d * x + 0.5) * shrink - 0.5;
  }
  return planes.map((plane) => {
    let image = plane;
    for (let i = 0; i < halvings; i++) image = halved(image);
    return new Float32Array(size * size)
      .map((_, i) => cubicSample(image, places[2 * i], places[2 * i + 1]));
  });
}

/** Means of 2 x 2 pixels. */
function halved({ data, shape: [rows, columns] }: NdArray): NdArray {
  const [h, w] = [rows >> 1, columns >> 1];
  const means = Float32Array.from({ length: h * w }, (_, i) => {
    const at = 2 * Math.floor(i / w) * columns + 2 * (i % w);
    return (data[at] + data[at + 1] + data[at + columns] + data[at + columns + 1]) / 4;
  });
  return ndarray(means, [h, w]);
}

/** Cubic convolution with a = -1/2 (Keys 1981); zero outside. */
function cubicSample({ data, shape: [rows, columns] }: NdArray, row: number, column: number) {
  const top = Math.floor(row) - 1, left = Math.floor(column) - 1;
  const v = row - top - 1, u = column - left - 1;
  if (top < -3 || left < -3 || top >= rows || left >= columns) return 0;
  const wy = [keys0(v), keys1(v), keys1(1 - v), keys0(1 - v)];
  const w0 = keys0(u), w1 = keys1(u), w2 = keys1(1 - u), w3 = keys0(1 - u);
  const at = (y: number, x: number) => x >= 0 && x < columns ? data[y * columns + x] : 0;
  let sum = 0;
  for (let t = 0; t < 4; t++) {
    const y = top + t;
    if (y < 0 || y >= rows) continue;
    sum += wy[t] *
      (w0 * at(y, left) + w1 * at(y, left + 1) + w2 * at(y, left + 2) + w3 * at(y, left + 3));
  }
  return sum;
}

/** Weight of a neighbour at distance 1 + t, and at distance t, from 0 to 1. */
const keys0 = (t: number) => ((-0.5 * t + 1) * t - 0.5) * t;
const keys1 = (t: number) => (1.5 * t - 2.5) * t * t + 1;

/** Random contrast curve, shading and scale, in place. */
function adjustContrast(image: Float32Array, factor: number, size: number, rng: Rng): void {
  const gamma = rng.uniform() < 0.6
    ? Math.min(1.7, Math.max(0.6, Math.exp(0.3 * rng.normal())))
    : 1;
  const shade = rng.uniform() < 0.7 ? rng.between(0, 0.6) : 0;
  const scale = rng.logBetween(...SCALE_RANGE);
  const field = smoothField(rng.split(0), size, SHADE_BANDWIDTH);
  for (let i = 0; i < image.length; i++) {
    const value = image[i] * factor;
    const curved = gamma === 1 ? value : value ** gamma;
    image[i] = scale * curved * Math.exp(shade * field[i]);
  }
}

/**
 * A phase that follows the anatomy, as a function of the magnitude: fat differs from water by its chemical
 * shift, veins by their iron. A smooth phase alone would teach that calibration lines know the phase.
 */
function tissuePhase(rng: Rng): (magnitude: number) => number {
  if (rng.uniform() > UNLIKE_TISSUES) return () => 0;
  const deviation = rng.between(0, TISSUE_PHASE);
  const values = Array.from({ length: TISSUE_KNOTS + 2 }, () => deviation * rng.normal());
  return (magnitude) => {
    const at = Math.min(magnitude / BRIGHTEST, 1) * TISSUE_KNOTS, knot = Math.floor(at);
    return values[knot] + (at - knot) * (values[knot + 1] - values[knot]);
  };
}

/** Part of the images whose tissues have unlike phase, and its largest standard deviation, radians. */
const UNLIKE_TISSUES = 0.6, TISSUE_PHASE = 1;
/** Intervals of the function of the magnitude, and where it ends. */
const TISSUE_KNOTS = 5, BRIGHTEST = 1.4;

/**
 * A magnitude with a random smooth phase: `[2, size, size]`.
 * @param tissues whether they differ in phase too: for networks that are given calibration lines
 */
function withPhase(
  magnitude: Float32Array,
  size: number,
  rng: Rng,
  tissues: boolean,
): Float32Array {
  const amplitude = rng.uniform() < 0.85 ? rng.between(0, 5) : 0;
  const offset = rng.between(0, 2 * Math.PI);
  const slopes = [rng.normal(), rng.normal()].map((slope) => 2 * slope / size);
  const field = smoothField(rng.split(0), size, rng.between(...PHASE_BANDWIDTH));
  const tissue = tissues ? tissuePhase(rng.split(1)) : () => 0;
  const out = new Float32Array(2 * magnitude.length);
  for (let i = 0; i < magnitude.length; i++) {
    const ramp = slopes[0] * Math.floor(i / size) + slopes[1] * (i % size);
    const phase = offset + amplitude * (field[i] + ramp) + tissue(magnitude[i]);
    out[i] = magnitude[i] * Math.cos(phase);
    out[i + magnitude.length] = magnitude[i] * Math.sin(phase);
  }
  return out;
}
