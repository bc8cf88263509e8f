/** How long a reconstruction takes and what it holds, from a short measurement on its first slice. @module */
import { SliceError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { Method, MethodOptions, Problem, Solver } from "../method/problem.ts";
import { zeros } from "../ndarray.ts";
import { type AuditLevel, Auditor } from "./audit/auditor.ts";
import { compilePrediction } from "./audit/prediction.ts";
import { compileFinish, compileSpread } from "./finish.ts";
import { preparedSolver } from "./partial_fourier.ts";
import type { MemoryNeeds } from "./plan_memory.ts";
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
  readonly audit: AuditLevel;
  /** Of `runtime`, before anything was compiled for this. */
  readonly compiledBefore: number;
  /** How often maps are brought nearer to the data, each with a reconstruction. */
  readonly updates: number;
}

/** What the first slice says of the whole run. */
export interface MeasuredRun {
  /** Of all slices; null where the first one cannot be prepared. */
  readonly seconds: number | null;
  /** Those of compiling among them. */
  readonly compile: number;
  readonly solver: Solver;
  /** Bytes of the coil maps and of the samples of a slice. */
  readonly held: Pick<MemoryNeeds, "maps" | "samples">;
}

/**
 * Seconds for so many slices: compiling once, and for each slice reading, calibrating, the method and its
 * audit. The slice is calibrated and compared with the data in full; of the method only as many steps are
 * run as a second holds, and counted up by the progress that it reports. An audit that reconstructs
 * again is counted as a second run of the method. All graphs of the run are compiled.
 */
export async function measureRun(
  runtime: Runtime,
  { slice, readSeconds, method, settings, audit, updates, compiledBefore }: Measured,
  slices: number,
): Promise<MeasuredRun> {
  const timed = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const [start, compiled] = [performance.now(), runtime.compileSeconds];
    const result = await work();
    return [result, (performance.now() - start) / 1000 - (runtime.compileSeconds - compiled)];
  };
  const prepared = await timed(() => slice.prepare()).catch((error) => {
    if (error instanceof SliceError) return undefined;
    throw error;
  });
  const maps = prepared?.[0].problem.inputs.maps, sets = maps?.shape[0] ?? 1;
  const geometry = { ...slice.geometry, sets };
  const solver = await preparedSolver(runtime, method, geometry, settings);
  if (prepared === undefined) return { seconds: null, compile: 0, solver, held: {} };
  const [{ problem }, calibration] = prepared;
  const of = { coils: geometry.coils, sets: method.needsMaps ? sets : 1 };
  await compileFinish(runtime, slice.outputGeometry, of);
  const { samples: drawn = 1 } = solver;
  if (drawn > 1) await compileSpread(runtime, slice.outputGeometry, drawn, of);
  const steps = await methodSeconds(solver, problem);
  const compared = { method, options: settings, seed: 0 };
  const auditor = new Auditor(runtime, {
    ...compared,
    level: audit === "none" ? "none" : "consistency",
  });
  const image = zeros([2 * sets, geometry.height, geometry.width]);
  const audited = { index: 0, key: slice.key, geometry, problem, image };
  const [, comparison] = auditor.active
    ? await timed(() => auditor.slice(audited, {}))
    : [undefined, 0];
  const predicts = audit === "prediction" && auditor.active;
  if (predicts) await compilePrediction(runtime, geometry, compared);
  const each = readSeconds + calibration + (1 + updates + (predicts ? 1 : 0)) * steps + comparison;
  const compile = runtime.compileSeconds - compiledBefore;
  return {
    seconds: compile + slices * each,
    compile,
    solver,
    held: { maps: maps?.data.byteLength, samples: problem.y.data.byteLength },
  };
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
