/**
 * Random coil sensitivities for training, and what a calibration would make of them. Plain loops on
 * the host: they run in a worker beside the trainer, which keeps onnxruntime busy.
 * @module
 */
import { normalised, wireMaps, wiresOn } from "../mri/phantom/coils.ts";
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
 * Random coil sensitivities on rings of random size; lengths are in half longer sides of the image.
 * @returns `[C, 2, rows, columns]`, sum of squares 1 everywhere
 */
export function randomCoils(
  rng: Rng,
  coils: number,
  [rows, columns]: readonly [number, number],
): NdArray {
  const unit = Math.max(rows, columns) / 2;
  const along = (size: number) =>
    Array.from({ length: size }, (_, i) => (i + 0.5 - size / 2) / unit);
  const first = 2 * Math.PI * rng.uniform();
  const wires = Array.from({ length: coils }, (_, coil) => {
    const angle = first + 2 * Math.PI * (coil + 0.2 * rng.normal()) / coils;
    const [halfAngle, radius] = [rng.between(...HALF_ANGLE), rng.between(...RING)];
    return wiresOn(radius, angle, halfAngle);
  });
  return wireMaps(wires, along(rows), along(columns));
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
 * Coil maps as a calibration from few noisy lines estimates them: with smooth errors of about a
 * tenth, and zero away from the head.
 * @param maps `[C, 2, rows, columns]`
 * @param head `[rows * columns]` of 0 and 1
 * @returns sum of squares 1 on the head and about it, 0 elsewhere
 */
export function calibratedCoils(rng: Rng, { data, shape }: NdArray, head: Float32Array): NdArray {
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
