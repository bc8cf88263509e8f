/** Random coils and sampling masks for training. Plain loops on the host, run in a worker. @module */
import { type NdArray, ndarray } from "../ndarray.ts";
import type { Rng } from "../rng.ts";

/** Distance of the coils from the centre, in half sides of the image. */
const RING: readonly [number, number] = [1.2, 1.9];
/** Half the angle that a coil covers. */
const HALF_ANGLE: readonly [number, number] = [0.25, 0.8];
/** Accelerations, whole numbers. */
const ACCELERATION: readonly [number, number] = [2, 10];
/** Calibration lines as part of all. */
const CALIBRATION: readonly [number, number] = [0.05, 0.14];

const between = (rng: Rng, [low, high]: readonly [number, number]) =>
  low + (high - low) * rng.uniform();

/**
 * Random coil sensitivities: fields of two opposed straight wires each (Biot and Savart).
 * @returns `[C, 2, size, size]`, sum of squares 1 everywhere
 */
export function randomCoils(rng: Rng, coils: number, size: number): NdArray {
  const pixels = size * size;
  const data = new Float32Array(2 * coils * pixels);
  const energy = new Float32Array(pixels);
  const turn = 2 * Math.PI * rng.uniform();
  for (let coil = 0; coil < coils; coil++) {
    const angle = turn + 2 * Math.PI * (coil + 0.2 * rng.normal()) / coils;
    const wires = wirePair(angle, between(rng, HALF_ANGLE), between(rng, RING));
    addField(data.subarray(2 * coil * pixels, 2 * (coil + 1) * pixels), energy, wires, size);
  }
  for (let i = 0; i < data.length; i++) data[i] /= Math.sqrt(energy[i % pixels]);
  return ndarray(data, [coils, 2, size, size]);
}

type Wire = readonly [x: number, y: number];

function wirePair(angle: number, half: number, radius: number): readonly [Wire, Wire] {
  const at = (a: number): Wire => [radius * Math.cos(a), radius * Math.sin(a)];
  return [at(angle - half), at(angle + half)];
}

/** The field 1 / (z - a) - 1 / (z - b) of two wires, into `[2, size, size]`; its energy is added up. */
function addField(
  field: Float32Array,
  energy: Float32Array,
  [[ax, ay], [bx, by]]: readonly [Wire, Wire],
  size: number,
): void {
  const pixels = size * size;
  for (let i = 0; i < pixels; i++) {
    const y = 2 * (Math.floor(i / size) + 0.5) / size - 1, x = 2 * (i % size + 0.5) / size - 1;
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
  const count = 2 * Math.max(2, Math.round(between(rng, CALIBRATION) * lines / 2));
  const start = Math.floor(lines / 2) - count / 2;
  const centre = new Float32Array(lines).fill(1, start, start + count);
  const acquired = centre.slice();
  const equispaced = rng.uniform() < 0.6;
  const first = rng.integer(acceleration);
  for (let line = 0; line < lines; line++) {
    const kept = equispaced ? line % acceleration === first : rng.uniform() < 1 / acceleration;
    if (kept) acquired[line] = 1;
  }
  return { acquired, centre };
}
