/** Random coils and sampling masks for training. Plain loops on the host, run in a worker. @module */
import { type NdArray, ndarray } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import { smoothField } from "./smooth_field.ts";

/** Distance of the coils from the centre, in half longer sides of the image. */
const RING: readonly [number, number] = [1.2, 1.9];
/** Half the angle that a coil covers. */
const HALF_ANGLE: readonly [number, number] = [0.25, 0.8];
/** Accelerations, whole numbers. */
const ACCELERATION: readonly [number, number] = [2, 10];
/** Calibration lines as part of all. */
const CALIBRATION: readonly [number, number] = [0.05, 0.14];

/** Share of masks whose lines are equispaced. */
const EQUISPACED = 0.7;

const between = (rng: Rng, [low, high]: readonly [number, number]) =>
  low + (high - low) * rng.uniform();

/**
 * Random coil sensitivities: fields of two opposed straight wires each (Biot and Savart).
 * @param size rows and columns
 * @returns `[C, 2, rows, columns]`, sum of squares 1 everywhere
 */
export function randomCoils(rng: Rng, coils: number, size: readonly [number, number]): NdArray {
  const pixels = size[0] * size[1];
  const data = new Float32Array(2 * coils * pixels);
  const energy = new Float32Array(pixels);
  const turn = 2 * Math.PI * rng.uniform();
  for (let coil = 0; coil < coils; coil++) {
    const angle = turn + 2 * Math.PI * (coil + 0.2 * rng.normal()) / coils;
    const wires = wirePair(angle, between(rng, HALF_ANGLE), between(rng, RING));
    addField(data.subarray(2 * coil * pixels, 2 * (coil + 1) * pixels), energy, wires, size);
  }
  for (let i = 0; i < data.length; i++) data[i] /= Math.sqrt(energy[i % pixels]);
  return ndarray(data, [coils, 2, ...size]);
}

/**
 * A number of coils from a set, in random order: some are left out, or all are taken several times.
 * @param maps `[C, 2, rows, columns]`
 * @returns `[coils, 2, rows, columns]`, sum of squares 1, or 0 where that of `maps` is 0
 */
export function someCoils(rng: Rng, { data, shape }: NdArray, coils: number): NdArray {
  const [count, , rows, columns] = shape;
  const pixels = rows * columns;
  const order = rng.permutation(count);
  const out = new Float32Array(2 * coils * pixels);
  const energy = new Float32Array(pixels);
  for (let coil = 0; coil < coils; coil++) {
    const from = 2 * pixels * order[coil % count];
    out.set(data.subarray(from, from + 2 * pixels), 2 * pixels * coil);
  }
  for (let i = 0; i < out.length; i++) energy[i % pixels] += out[i] * out[i];
  for (let i = 0; i < out.length; i++) {
    out[i] = energy[i % pixels] > 0 ? out[i] / Math.sqrt(energy[i % pixels]) : 0;
  }
  return ndarray(out, [coils, 2, rows, columns]);
}

type Wire = readonly [x: number, y: number];

function wirePair(angle: number, half: number, radius: number): readonly [Wire, Wire] {
  const at = (a: number): Wire => [radius * Math.cos(a), radius * Math.sin(a)];
  return [at(angle - half), at(angle + half)];
}

/** The field 1 / (z - a) - 1 / (z - b) of two wires, into `[2, rows, columns]`; its energy is added up. */
function addField(
  field: Float32Array,
  energy: Float32Array,
  [[ax, ay], [bx, by]]: readonly [Wire, Wire],
  [rows, columns]: readonly [number, number],
): void {
  const pixels = rows * columns, half = Math.max(rows, columns) / 2;
  for (let i = 0; i < pixels; i++) {
    const y = (Math.floor(i / columns) + 0.5 - rows / 2) / half;
    const x = (i % columns + 0.5 - columns / 2) / half;
    const a = (x - ax) ** 2 + (y - ay) ** 2, b = (x - bx) ** 2 + (y - by) ** 2;
    const re = (x - ax) / a - (x - bx) / b, im = (y - by) / b - (y - ay) / a;
    field[i] = re;
    field[i + pixels] = im;
    energy[i] += re * re + im * im;
  }
}

/** A mask of lines for training, as numbers 0 and 1 of each line. */
export interface LineMask {
  /** Acquired lines. */
  readonly acquired: Float32Array;
  /** Calibration lines. */
  readonly centre: Float32Array;
}

/** A random mask: equispaced from a random line, or random lines, with calibration lines. */
export function randomLineMask(rng: Rng, lines: number): LineMask {
  const acceleration = ACCELERATION[0] + rng.integer(ACCELERATION[1] - ACCELERATION[0] + 1);
  const { acquired, centre } = equispacedLines(lines, between(rng, CALIBRATION));
  const equispaced = rng.uniform() < EQUISPACED;
  const first = rng.integer(acceleration);
  for (let line = 0; line < lines; line++) {
    const kept = equispaced ? line % acceleration === first : rng.uniform() < 1 / acceleration;
    if (kept) acquired[line] = 1;
  }
  return { acquired, centre };
}

/**
 * Calibration lines, and with an acceleration R the lines 0, R, 2R, ...
 * @param calibration lines about the centre, as part of all
 */
export function equispacedLines(lines: number, calibration: number, acceleration = 0): LineMask {
  const count = 2 * Math.max(2, Math.round(calibration * lines / 2));
  const start = Math.floor(lines / 2) - count / 2;
  const centre = new Float32Array(lines).fill(1, start, start + count);
  const acquired = acceleration === 0
    ? centre.slice()
    : centre.map((kept, line) => line % acceleration === 0 ? 1 : kept);
  return { acquired, centre };
}

/**
 * Where errors count: pixels that have bright ones on all four sides, which is the head without
 * the air around it.
 * @param image complex `[2, rows, columns]`, bright tissue about 1
 * @returns `[rows * columns]` of 0 and 1
 */
export function headRegion({ data, shape: [, rows, columns] }: NdArray): Float32Array {
  const pixels = rows * columns;
  const bright = (i: number) => Math.hypot(data[i], data[i + pixels]) > HEAD_LEVEL;
  const region = new Float32Array(pixels);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let first = start, last = start + columns - 1;
    while (first <= last && !bright(first)) first++;
    while (last >= first && !bright(last)) last--;
    region.fill(1, first, last + 1);
  }
  for (let column = 0; column < columns; column++) {
    let first = column, last = column + (rows - 1) * columns;
    for (; first < pixels && !bright(first); first += columns) region[first] = 0;
    for (; last >= 0 && !bright(last); last -= columns) region[last] = 0;
  }
  return region;
}

/** Magnitude above which a pixel is tissue, of images with bright tissue about 1. */
const HEAD_LEVEL = 0.15;

/** Largest error of calibrated maps, relative: their norm is 1. */
const MAP_ERROR = 0.12;
/** Detail of that error: intervals of a spline along each side. */
const MAP_KNOTS: readonly [number, number] = [3, 9];
/** Pixels that calibrated maps reach beyond the head, as part of the longer side. */
const MARGIN = 0.03;

/**
 * What a calibration from few noisy lines makes of coils: smooth errors of up to a tenth, and zero
 * away from the head.
 * @param maps `[C, 2, rows, columns]`
 * @param head `[rows * columns]` of 0 and 1
 * @returns sum of squares 1 on the head and about it, 0 elsewhere
 */
export function calibratedCoils(
  rng: Rng,
  { data, shape }: NdArray,
  head: Float32Array,
): NdArray {
  const [coils, , rows, columns] = shape;
  const pixels = rows * columns, side = Math.max(rows, columns);
  const support = dilated(head, [rows, columns], Math.round(MARGIN * side));
  // Splines of variance 1/4 in 2 C parts: their norm over the coils is sqrt(C / 2).
  const size = MAP_ERROR * rng.uniform() / Math.sqrt(coils / 2);
  const knots = Math.round(between(rng, MAP_KNOTS));
  const out = new Float32Array(data.length), energy = new Float32Array(pixels);
  for (let part = 0; part < 2 * coils; part++) {
    const error = smoothField(rng.split(part), side, knots);
    for (let i = 0; i < pixels; i++) {
      const value = data[part * pixels + i] +
        size * error[Math.floor(i / columns) * side + i % columns];
      out[part * pixels + i] = value;
      energy[i] += value * value;
    }
  }
  for (let i = 0; i < out.length; i++) {
    const pixel = i % pixels;
    out[i] *= energy[pixel] > 0 ? support[pixel] / Math.sqrt(energy[pixel]) : 0;
  }
  return ndarray(out, shape);
}

/** 1 within so many pixels of a 1, along both axes. */
function dilated(
  region: Float32Array,
  [rows, columns]: readonly [number, number],
  margin: number,
): Float32Array {
  const out = new Float32Array(region.length);
  region.forEach((inside, i) => {
    if (!inside) return;
    const [row, column] = [Math.floor(i / columns), i % columns];
    const left = Math.max(0, column - margin), right = Math.min(columns - 1, column + margin);
    const last = Math.min(rows - 1, row + margin);
    for (let y = Math.max(0, row - margin); y <= last; y++) {
      out.fill(1, y * columns + left, y * columns + right + 1);
    }
  });
  return out;
}
