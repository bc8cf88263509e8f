/** Sampling masks for training: lines, as inputs of a graph. @module */
import type { Rng } from "../rng.ts";

/** Accelerations, whole numbers. */
const ACCELERATION: readonly [number, number] = [2, 10];
/** Calibration lines as part of all. */
const CALIBRATION: readonly [number, number] = [0.05, 0.14];
/** Share of masks whose lines are equispaced. */
const EQUISPACED = 0.7;

/** A mask for training, as numbers 0 and 1 of each line: acquired lines, and calibration lines. */
type LineMask = { readonly acquired: Float32Array; readonly centre: Float32Array };

/** A random mask: equispaced from a random line, or random lines, with calibration lines. */
export function randomLineMask(rng: Rng, lines: number): LineMask {
  const acceleration = ACCELERATION[0] + rng.integer(ACCELERATION[1] - ACCELERATION[0] + 1);
  const { acquired, centre } = equispacedLines(lines, rng.between(...CALIBRATION));
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
