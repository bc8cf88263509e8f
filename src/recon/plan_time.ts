/** How long a reconstruction takes and how many sets of maps it finds, from a short measurement on its first slice. @module */
import { SliceError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { Method, MethodOptions, Problem, Solver } from "../method/problem.ts";
import { zeros } from "../ndarray.ts";
import { type AuditLevel, Auditor } from "./audit/auditor.ts";
import type { ReadSlice } from "./slice_supply.ts";
import { solved } from "./solve.ts";

/** Seconds after which a method is stopped, once two of its steps are done. */
const ENOUGH = 1;

/** What is measured. */
export interface Measured {
  readonly slice: ReadSlice;
  /** Seconds that reading the slice took. */
  readonly readSeconds: number;
  readonly method: Method;
  readonly settings: MethodOptions;
  readonly solver: Solver;
  readonly audit: AuditLevel;
  /** Of `runtime`, before anything was compiled for this. */
  readonly compiledBefore: number;
  /** How often maps are brought nearer to the data, each with a reconstruction. */
  readonly updates: number;
}

/**
 * Seconds for so many slices: compiling once, and for each slice reading, calibrating, the method and its
 * audit. The slice is calibrated and compared with the data in full; of the method only as many steps are
 * run as a second holds, and counted up by the progress that it reports. An audit that reconstructs
 * again is counted as a second run of the method.
 * @returns seconds null where the slice cannot be prepared, those of compiling among them, and the sets
 * of coil maps that it has
 */
export async function measureSeconds(
  runtime: Runtime,
  { slice, readSeconds, method, settings, solver, audit, updates, compiledBefore }: Measured,
  slices: number,
): Promise<{ readonly seconds: number | null; readonly compile: number; readonly sets: number }> {
  const timed = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const [start, compiled] = [performance.now(), runtime.compileSeconds];
    const result = await work();
    return [result, (performance.now() - start) / 1000 - (runtime.compileSeconds - compiled)];
  };
  try {
    const [{ problem }, calibration] = await timed(() => slice.prepare());
    const { geometry, key } = slice, sets = problem.inputs.maps?.shape[0] ?? 1;
    // Two sets of maps are another graph, which the steps of one stand for.
    const usual = sets === 1 ? problem : { ...problem, inputs: { maps: firstSet(problem) } };
    const steps = await methodSeconds(solver, usual);
    const auditor = new Auditor(runtime, {
      method,
      options: settings,
      level: audit === "none" ? "none" : "consistency",
      seed: 0,
    });
    const image = zeros([2 * sets, geometry.height, geometry.width]);
    const audited = { index: 0, key, geometry: { ...geometry, sets }, problem, image };
    const [, comparison] = auditor.active
      ? await timed(() => auditor.slice(audited, {}))
      : [undefined, 0];
    const runs = sets * (1 + updates + (audit === "prediction" && auditor.active ? 1 : 0));
    const each = readSeconds + calibration + runs * steps + comparison;
    const compile = runtime.compileSeconds - compiledBefore;
    return { seconds: compile + slices * each, compile, sets };
  } catch (error) {
    if (error instanceof SliceError) return { seconds: null, compile: 0, sets: 1 };
    throw error;
  }
}

function firstSet({ inputs: { maps: { data, shape: [sets, ...shape] } } }: Problem) {
  return { data: data.subarray(0, data.length / sets), shape: [1, ...shape] };
}

/** Seconds of a method on a slice, from its first steps. */
async function methodSeconds(solver: Solver, problem: Problem): Promise<number> {
  const stop = new AbortController(), enough = new Error("enough was measured");
  const start = performance.now();
  const seen: (readonly [seconds: number, fraction: number])[] = [];
  try {
    await solved(solver, problem, {
      signal: stop.signal,
      onProgress: (fraction) => {
        const seconds = (performance.now() - start) / 1000;
        if (fraction > (seen.at(-1)?.[1] ?? 0)) seen.push([seconds, fraction]);
        if (seconds > ENOUGH && seen.length > 2) stop.abort(enough);
      },
    });
    return (performance.now() - start) / 1000;
  } catch (error) {
    if (error !== enough) throw error;
  }
  // The first call of a graph takes longer.
  const [first, last] = [seen[0], seen[seen.length - 1]];
  return first[0] + (1 - first[1]) * (last[0] - first[0]) / (last[1] - first[1]);
}
