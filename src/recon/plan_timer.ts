/** Seconds of the work for a slice: the first time, with compiling, and later. @module */
import type { Problem, Solver } from "../method/problem.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { solved } from "./solve.ts";

/** Seconds after which a method is stopped, once two of its steps are done. */
const ENOUGH = 1;

/** Seconds of the first slice, with compiling, and of each later one. */
export interface Times {
  readonly first: number;
  readonly later: number;
}

/** An image to measure with. */
export const noise = (shape: readonly number[]): NdArray =>
  ndarray(new Rng(0).normals(sizeOf(shape)), shape);

/** Quick work is done again until so many seconds are over: code that is run often becomes faster. */
const REPEATING = 0.2;

/** Measures work as the first and as some of the later of so many slices. */
export const timer =
  (slices: number) => async <T>(work: () => Promise<T>): Promise<readonly [T, Times]> => {
    const start = performance.now(), result = await work(), end = performance.now();
    const first = (end - start) / 1000;
    if (slices < 2) return [result, { first, later: first }];
    let later = 0, times = 0;
    for (; times < slices - 1 && later < REPEATING; times++) {
      await work();
      later = (performance.now() - end) / 1000;
    }
    return [result, { first, later: later / times }];
  };

/** Seconds of a method on each of so many slices, from its first steps. */
export async function methodTimes(
  solver: Solver,
  problem: Problem,
  slices: number,
): Promise<Times> {
  const stop = new AbortController(), enough = new Error("enough was measured");
  const start = performance.now();
  const seen: (readonly [seconds: number, fraction: number])[] = [];
  const run = () =>
    solved(solver, problem, {
      signal: stop.signal,
      onProgress: (fraction) => {
        const seconds = (performance.now() - start) / 1000;
        if (fraction > (seen.at(-1)?.[1] ?? 0)) seen.push([seconds, fraction]);
        if (seconds > ENOUGH && seen.length > 2) stop.abort(enough);
      },
    });
  try {
    return (await timer(slices)(run))[1];
  } catch (error) {
    if (error !== enough) throw error;
  }
  // The first call of a graph takes longer.
  const [first, last] = [seen[0], seen[seen.length - 1]];
  const rate = (last[0] - first[0]) / (last[1] - first[1]);
  return { first: first[0] + (1 - first[1]) * rate, later: rate };
}
