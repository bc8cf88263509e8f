/**
 * Whether the real numbers along the fastest axis of an array are real and imaginary parts in turn.
 * @module
 */
import type { KspaceArray } from "../../io/kspace_array.ts";
import { centreOf, type Profile, strongest } from "./profiles.ts";

/**
 * Neighbours in k-space are alike, since the object fills only part of the image. Of parts in turn
 * every second number is a neighbour in k-space, and the next one is the other part of the same sample,
 * which is like it by chance only. Of parts that lie elsewhere the next number is more alike than the
 * second, or the second is unlike: the object is wider than half the image. Along an axis of coils this says nothing, and parts in turn are taken.
 */
export async function areInterleaved(
  array: KspaceArray,
  profiles: readonly Profile[],
): Promise<boolean> {
  const { axes } = array;
  const fastest = axes.findIndex(({ stride }) => stride === 1);
  const { size } = axes[fastest];
  if (size % 2 !== 0) return false;
  if (centreOf(profiles[fastest]) === undefined) return true;
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

/** Mean product of numbers some places apart, all places weighted alike. */
function likeness(line: Float32Array, lag: number): number {
  let sum = 0;
  for (let i = 0; i + lag < line.length; i++) {
    const size = line[i] ** 2 + line[i + lag] ** 2;
    if (size > 0 && size < Infinity) sum += line[i] * line[i + lag] / size;
  }
  return sum / line.length;
}
