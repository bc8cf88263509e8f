/**
 * Random coil sensitivities for training, and what a calibration would make of them. Plain loops on
 * the host: they run in a worker beside the trainer, which keeps onnxruntime busy.
 * @module
 */
import { type NdArray, ndarray } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import { smoothField } from "./smooth_field.ts";

/** Distance of the coils from the centre, in half longer sides of the image. */
const RING: readonly [number, number] = [1.2, 1.9];
/** Half the angle that a coil covers. */
const HALF_ANGLE: readonly [number, number] = [0.25, 0.8];
/** Largest error of calibrated maps, relative: their norm is 1. */
const MAP_ERROR = 0.12;
/** Bandwidth of that error, half-periods along each side. */
const MAP_BANDWIDTH: readonly [number, number] = [1.8, 5.6];
/** Pixels that calibrated maps reach beyond the head, as part of the longer side. */
const MARGIN = 0.03;

/**
 * Random coil sensitivities: fields 1 / (z - a) - 1 / (z - b) of two opposed straight wires each
 * (Biot and Savart), z = x + iy in half longer sides.
 * @returns `[C, 2, rows, columns]`, sum of squares 1 everywhere
 */
export function randomCoils(
  rng: Rng,
  coils: number,
  [rows, columns]: readonly [number, number],
): NdArray {
  const pixels = rows * columns, half = Math.max(rows, columns) / 2;
  const data = new Float32Array(2 * coils * pixels);
  const first = 2 * Math.PI * rng.uniform();
  for (let coil = 0; coil < coils; coil++) {
    const angle = first + 2 * Math.PI * (coil + 0.2 * rng.normal()) / coils;
    const [halfAngle, radius] = [rng.between(...HALF_ANGLE), rng.between(...RING)];
    const [ax, bx] = [angle - halfAngle, angle + halfAngle].map((a) => radius * Math.cos(a));
    const [ay, by] = [angle - halfAngle, angle + halfAngle].map((a) => radius * Math.sin(a));
    for (let i = 0, at = 2 * coil * pixels; i < pixels; i++, at++) {
      const y = (Math.floor(i / columns) + 0.5 - rows / 2) / half;
      const x = (i % columns + 0.5 - columns / 2) / half;
      const a = (x - ax) ** 2 + (y - ay) ** 2, b = (x - bx) ** 2 + (y - by) ** 2;
      data[at] = (x - ax) / a - (x - bx) / b;
      data[at + pixels] = (y - by) / b - (y - ay) / a;
    }
  }
  return normalised(ndarray(data, [coils, 2, rows, columns]));
}

/**
 * A number of coils from a set, in random order: some are left out, or all are taken several times.
 * @param maps `[C, 2, rows, columns]`
 * @returns `[coils, 2, rows, columns]`, sum of squares 1, or 0 where that of `maps` is 0
 */
export function someCoils(rng: Rng, { data, shape }: NdArray, coils: number): NdArray {
  const [count, , rows, columns] = shape;
  const size = 2 * rows * columns;
  const order = rng.permutation(count);
  const out = new Float32Array(coils * size);
  for (let coil = 0; coil < coils; coil++) {
    const from = size * order[coil % count];
    out.set(data.subarray(from, from + size), size * coil);
  }
  return normalised(ndarray(out, [coils, 2, rows, columns]));
}

/**
 * Coil maps divided by their root sum of squares, in place; 0 where the sum is at most `minEnergy`, or
 * outside of `support`.
 * @param maps `[C, 2, rows, columns]`
 */
export function normalised(
  maps: NdArray,
  { minEnergy = 0, support }: { minEnergy?: number; support?: Float32Array } = {},
): NdArray {
  const { data, shape } = maps;
  const pixels = shape[2] * shape[3];
  const energy = new Float32Array(pixels);
  data.forEach((value, i) => energy[i % pixels] += value * value);
  const scale = energy.map((sum, pixel) =>
    sum > minEnergy ? (support?.[pixel] ?? 1) / Math.sqrt(sum) : 0
  );
  data.forEach((value, i) => data[i] = value * scale[i % pixels]);
  return maps;
}

/**
 * Coil maps as a calibration from few noisy lines estimates them: with smooth errors of about a
 * tenth, and zero away from the head.
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
  // Fields of variance 1/4 in 2 C parts: their norm over the coils is sqrt(C / 2).
  const size = MAP_ERROR * rng.uniform() / Math.sqrt(coils / 2);
  const bandwidth = rng.between(...MAP_BANDWIDTH);
  const out = new Float32Array(data.length);
  for (let part = 0; part < 2 * coils; part++) {
    const error = smoothField(rng.split(part), side, bandwidth);
    for (let i = 0; i < pixels; i++) {
      out[part * pixels + i] = data[part * pixels + i] +
        size * error[Math.floor(i / columns) * side + i % columns];
    }
  }
  return normalised(ndarray(out, shape), { support });
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
