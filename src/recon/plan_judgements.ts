/** How long the judgement of a slice takes: its audit, its error bars, and what the method added. @module */
import { sense, tv } from "../classical/mod.ts";
import type { Method } from "../method/problem.ts";
import { AddedParts } from "./added/added.ts";
import { Auditor } from "./audit/auditor.ts";
import { compilePrediction, holdOut, samplesOf } from "./audit/prediction.ts";
import { centredSolver } from "./echo.ts";
import { ErrorBars } from "./error_bars/error_bars.ts";
import { outputSize } from "./finish.ts";
import { preparedSolver } from "./partial_fourier.ts";
import type { Measurement } from "./plan_time.ts";
import { methodTimes, noise, type Times } from "./plan_timer.ts";

/** Seconds of each judgement that is asked for. */
export async function judgements(all: Measurement): Promise<Times[]> {
  return [...await audit(all), ...await bars(all)];
}

async function audit(all: Measurement): Promise<Times[]> {
  const { runtime, method, settings, options, slice, geometry, problem, image, timed } = all;
  const { audit: level = "consistency", seed = 0 } = options;
  const compared = { method, options: settings, seed };
  const auditor = new Auditor(runtime, { ...compared, level });
  if (!auditor.active) return [];
  const plain = new Auditor(runtime, { ...compared, level: "consistency" });
  const audited = { index: 0, key: slice.key, geometry, problem, image };
  const [, consistency] = await timed(() => plain.slice(audited, {}));
  return auditor.predicts ? [consistency, ...await prediction(all, seed)] : [consistency];
}

/** Reconstructions without the lines that are held back: by the method, by `sense`, and beside a network `tv`. */
async function prediction(all: Measurement, seed: number): Promise<Times[]> {
  const { runtime, method, settings, geometry, problem } = all;
  const { mask } = geometry, kept = holdOut(mask, seed)?.kept;
  if (kept === undefined) return [];
  const start = performance.now();
  await compilePrediction(runtime, geometry, { method, options: settings, seed });
  const compiled = (performance.now() - start) / 1000;
  const without = { ...problem, y: samplesOf(problem.y, mask, kept) };
  const timesOf = async (one: Method, options = {}) => {
    const solver = await one.prepare(runtime, { ...geometry, mask: kept }, options);
    return await methodTimes(centredSolver(runtime, solver), without, all.slices);
  };
  return [
    { first: compiled, later: 0 },
    await timesOf(method, settings),
    ...(method === sense ? [] : [await timesOf(sense)]),
    ...(method.defaultModel === undefined ? [] : [await timesOf(tv)]),
  ];
}

/** Error bars and what was added, with the reconstruction by total variation that both are told from. */
async function bars(all: Measurement): Promise<Times[]> {
  const { runtime, method, options, slice, geometry, problem, solver, image, samples, timed } = all;
  const { outputGeometry, key } = slice, { factor } = all.prepared;
  const errorBars = options.errorBars ? new ErrorBars(runtime, { method, options }) : undefined;
  const isCalibrated = await errorBars?.calibration(solver) !== undefined;
  const added = options.added && method.needsMaps ? new AddedParts(runtime) : undefined;
  if (!isCalibrated && added === undefined) return [];
  const shared = { key, geometry, outputGeometry, problem, image, factor };
  const opinion = image;
  const times: Times[] = [];
  if (isCalibrated) {
    const task = { ...shared, solver, samples, opinion: () => Promise.resolve(opinion) };
    times.push((await timed(() => errorBars!.slice(task)))[1]);
  }
  if (added !== undefined) {
    const magnitude = noise(outputSize(outputGeometry));
    times.push((await timed(() => added.slice({ ...shared, magnitude, opinion })))[1]);
  }
  const start = performance.now(), second = await preparedSolver(runtime, tv, geometry);
  const compiled = (performance.now() - start) / 1000;
  return [
    ...times,
    { first: compiled, later: 0 },
    await methodTimes(second, problem, all.slices),
  ];
}
