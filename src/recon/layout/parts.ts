/**
 * Whether the real numbers along the fastest axis of an array are real and imaginary parts in turn.
 * @module
 */
import { finiteOnly, type KspaceArray } from "../../io/kspace_array.ts";
import { zeros } from "../../ndarray.ts";
import { coilResidual } from "./coils.ts";
import { centreOf, type Profile, strongest } from "./profiles.ts";

/**
 * Neighbours in k-space are alike, since the object fills only part of the image. Of parts in turn
 * every second number is a neighbour in k-space, and the next one is the other part of the same sample,
 * which is like it by chance only. Of parts that lie elsewhere the next number is more alike than the
 * second, or the second is unlike: the object is wider than half the image. Along an axis of coils this says nothing: there parts in turn are taken, unless all real parts before
 * all imaginary ones make coils that predict each other better.
 */
export async function areInterleaved(
  array: KspaceArray,
  profiles: readonly Profile[],
): Promise<boolean> {
  const { axes } = array;
  const fastest = axes.findIndex(({ stride }) => stride === 1);
  const { size } = axes[fastest];
  if (size % 2 !== 0) return false;
  if (centreOf(profiles[fastest]) === undefined) {
    const [pairs, halves] = await coilResiduals(array, profiles, fastest);
    return pairs <= halves;
  }
  let next = 0, second = 0;
  for (const [i, axis] of axes.entries()) {
    if (i === fastest || axis.size === 1) continue;
    const whole = (k: number) => k === i || k === fastest;
    const start = axes.map((_, k) => whole(k) ? 0 : strongest(profiles[k]));
    const values = await array.read(start, axes.map(({ size }, k) => whole(k) ? size : 1));
    for (let row = 0; row < values.length; row += size) {
      const line = values.subarray(row, row + size);
      next += likeness(line, 1);
      second += likeness(line, 2);
    }
  }
  return second >= Math.abs(next);
}

/**
 * How badly the members of an axis of 2 C real numbers predict each other as coils, where they are parts
 * in turn, and where the real parts come first.
 */
async function coilResiduals(
  array: KspaceArray,
  profiles: readonly Profile[],
  axis: number,
): Promise<readonly [pairs: number, halves: number]> {
  const { axes } = array;
  const encoded = [...axes.keys()].filter((i) => centreOf(profiles[i]) !== undefined)
    .toSorted((a, b) => axes[b].stride - axes[a].stride);
  const members = axes[axis].size, coils = members / 2;
  if (encoded.length !== 2 || coils < 2) return [0, 0];
  const whole = (i: number) => i === axis || encoded.includes(i);
  const start = axes.map((_, i) => whole(i) ? 0 : strongest(profiles[i]));
  const count = axes.map(({ size }, i) => whole(i) ? size : 1);
  const values = await finiteOnly(array).read(start, count);
  const [height, width] = encoded.map((i) => axes[i].size), plane = height * width;
  const residual = (member: (coil: number, part: number) => number): number => {
    const planes = zeros([coils, 2, height, width]);
    for (let i = 0; i < planes.data.length; i++) {
      const at = Math.floor(i / plane);
      planes.data[i] = values[i % plane * members + member(Math.floor(at / 2), at % 2)];
    }
    const [row, column] = encoded.map((i) => strongest(profiles[i]));
    return coilResidual(planes, [row, column])?.residual ?? 0;
  };
  return [
    residual((coil, part) => 2 * coil + part),
    residual((coil, part) => coil + part * coils),
  ];
}

/** Mean product of numbers some places apart, all places weighted alike. */
function likeness(line: Float32Array, lag: number): number {
  let sum = 0;
  for (let i = 0; i + lag < line.length; i++) {
    const size = line[i] ** 2 + line[i + lag] ** 2;
    if (size > 0 && size < Infinity) sum += line[i] * line[i + lag] / size;
  }
  return sum / line.length;
}
