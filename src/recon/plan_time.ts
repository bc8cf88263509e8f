/** How long a reconstruction takes and what it holds, from a short measurement on its first slice. @module */
import { SliceError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { Method, MethodOptions, Problem, Solver } from "../method/problem.ts";
import { measure } from "../mri/metrics/metrics.ts";
import { SSIM_WINDOW } from "../mri/metrics/ssim_map.ts";
import { type NdArray, stack } from "../ndarray.ts";
import { compileFinish, compileReference, factorFor, spreadOf } from "./finish.ts";
import { preparedSolver } from "./partial_fourier.ts";
import { judgements } from "./plan_judgements.ts";
import type { MemoryNeeds } from "./plan_memory.ts";
import type { PreparedSlice } from "./prepare.ts";
import type { ReadSlice } from "./slice_supply.ts";
import { methodTimes, noise, timer, type Times } from "./plan_timer.ts";
import { MapUpdates } from "./solve.ts";
import type { ReconstructOptions } from "./types.ts";

/** What is measured. */
export interface Measured {
  readonly slice: ReadSlice;
  /** Seconds that reading the slice took. */
  readonly readSeconds: number;
  /** Reads another slice; absent where there is only one. */
  readonly another?: () => Promise<ReadSlice>;
  readonly method: Method;
  readonly settings: MethodOptions;
  readonly options: ReconstructOptions;
  /** Of `runtime`, before anything was compiled for this. */
  readonly compiledBefore: number;
  /** Slices in all. */
  readonly slices: number;
}

/** A slice that was prepared, for measurements of what is done with it. */
export interface Measurement extends Measured {
  readonly runtime: Runtime;
  readonly prepared: PreparedSlice;
  readonly problem: Problem;
  readonly geometry: ReadSlice["geometry"];
  readonly solver: Solver;
  /** Noise, where the run has its reconstruction `[2 S, H, W]` and posterior samples. */
  readonly image: NdArray;
  readonly samples?: NdArray;
  /** Seconds of some work that is done for every slice. */
  timed<T>(work: () => Promise<T>): Promise<readonly [T, Times]>;
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
 * Seconds for so many slices: each part of the work is done once as the run does it, with compiling, and
 * again where there are more slices. Of iterative methods only as many steps are run as a second holds,
 * and counted up by the progress that they report. All graphs of the run are compiled.
 */
export async function measureRun(runtime: Runtime, measured: Measured): Promise<MeasuredRun> {
  const { slice, method, settings, slices, compiledBefore } = measured;
  const timed = timer(slices);
  const calibrated = await timed(() => slice.prepare()).catch((error) => {
    if (error instanceof SliceError) return undefined;
    throw error;
  });
  const maps = calibrated?.[0].problem.inputs.maps, sets = maps?.shape[0] ?? 1;
  const geometry = { ...slice.geometry, sets };
  const [solver, { first: load }] = await timer(1)(() =>
    preparedSolver(runtime, method, geometry, settings)
  );
  if (calibrated === undefined) return { seconds: null, compile: 0, solver, held: {} };
  const [prepared, calibration] = calibrated, { problem } = prepared;
  const { samples: drawn = 1 } = solver;
  const shape = [2 * (method.needsMaps ? sets : 1), geometry.height, geometry.width];
  const [image, samples] = [noise(shape), drawn > 1 ? noise([drawn, ...shape]) : undefined];
  const all: Measurement = {
    ...{ ...measured, runtime, prepared, problem, geometry, solver, image, samples, timed },
  };
  const parts = [
    { first: load, later: 0 },
    await reading(all),
    calibration,
    ...await solving(all),
    ...await finishing(all),
    ...await judgements(all),
  ];
  const sum = (which: keyof Times) => parts.reduce((total, times) => total + times[which], 0);
  const seconds = sum("first") + (slices - 1) * sum("later");
  const compile = Math.min(runtime.compileSeconds - compiledBefore, sum("first"));
  const held = { maps: maps?.data.byteLength, samples: problem.y.data.byteLength };
  return { seconds, compile, solver, held };
}

async function reading({ readSeconds: first, another, slices }: Measurement): Promise<Times> {
  if (another === undefined) return { first, later: first };
  try {
    return { first, later: (await timer(slices - 1)(another))[1].later };
  } catch (error) {
    if (error instanceof SliceError) return { first, later: first };
    throw error;
  }
}

/** The method, once more for each update of the maps, and these. */
async function solving(all: Measurement): Promise<Times[]> {
  const { runtime, solver, problem, geometry, image, slice: { key }, options, timed } = all;
  const times = await methodTimes(solver, problem, all.slices);
  const updates = problem.inputs.maps === undefined ? 0 : options.updateMaps ?? 0;
  if (updates === 0) return [times];
  const maps = new MapUpdates(runtime);
  const [, update] = await timed(() => maps.updated(problem, image, { key, geometry }));
  return [times, ...Array.from({ length: updates }, () => [times, update]).flat()];
}

/** The last step: the image as the file has it, and its metrics where there is a reference. */
async function finishing(
  { runtime, slice, prepared, problem, image, samples, timed }: Measurement,
): Promise<Times[]> {
  const { outputGeometry } = slice, { maps } = problem.inputs;
  const severalSets = image.shape[0] > 2;
  const inputs = { scale: factorFor(image, prepared), ...(severalSets && { maps }) };
  const of = { sets: image.shape[0] / 2, coils: maps?.shape[1] ?? 1 };
  const [{ magnitude, reference }, finished] = await timed(async () => {
    const finish = await compileFinish(runtime, outputGeometry, of);
    const { magnitude } = await finish.run({ image, ...inputs });
    await spreadOf(runtime, samples, inputs, outputGeometry);
    const reorient = await compileReference(runtime, outputGeometry);
    const reference = prepared.reference === undefined
      ? await slice.readReference?.()
      : (await reorient.run({ reference: prepared.reference })).oriented;
    return { magnitude, reference };
  });
  if (reference === undefined || Math.min(...magnitude.shape) < SSIM_WINDOW) return [finished];
  const [, compared] = await timed(() =>
    Promise.resolve(measure(stack([magnitude]), stack([reference])))
  );
  return [finished, compared];
}
