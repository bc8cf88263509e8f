/** The errors of a method on an acquisition whose truth is known, beside the features of each pixel. @module */
import { tv } from "../../classical/mod.ts";
import { type DeviceRequest, Runtime } from "../../graph/mod.ts";
import type { Method, MethodOptions, Solver } from "../../method/problem.ts";
import { headMask } from "../../mri/metrics/head_mask.ts";
import { magnitudeOf, type NdArray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { Auditor } from "../audit/auditor.ts";
import { judge, type Verdict, verdictOf } from "../audit/verdict.ts";
import { preparedSolver } from "../partial_fourier.ts";
import { solved } from "../solve.ts";
import type { Acquisition } from "./calibration.ts";
import { type CalibrationCase, simulateCase } from "./cases.ts";
import { compileFeatures, denoiserOf, type Feature, featuresOf } from "./features.ts";
import type { KnownErrors } from "./score.ts";

/** What one acquisition taught. */
export interface CaseErrors extends KnownErrors {
  /** Names of the features. */
  readonly names: readonly Feature[];
  readonly found: CalibrationCase;
  /** What was acquired: with the calibration lines, and noise and model error together. */
  readonly acquired: Acquisition;
  /** What the audit says of it. */
  readonly verdict: Verdict;
  /** Largest magnitude of the truth and of the reconstruction. */
  readonly peaks: readonly [truth: number, image: number];
}

/** How a method was run. */
export type MethodRun = Pick<Solver, "model" | "steps" | "samples" | "settings">;

/** Errors, and how the method was run. */
export interface Ran {
  readonly errors: CaseErrors;
  readonly solver: MethodRun;
}

/** Most pixels of a slice that are taken, spread at random over the head. */
const PIXELS = 3000;

/** Reconstructs an acquisition and compares. */
export async function errorsOfCase(
  { device, threads }: { readonly device: DeviceRequest; readonly threads?: number },
  found: CalibrationCase,
  { method, options }: { readonly method: Method; readonly options: MethodOptions },
): Promise<Ran> {
  // Of its own, as each acquisition has graphs of its own.
  await using runtime = await Runtime.open(device, { threads });
  const { geometry, problem: given, truth } = await simulateCase(runtime, found);
  const solver = await preparedSolver(runtime, method, geometry, options);
  const rng = new Rng(found.seed, 2);
  let { sigma } = given;
  const control = { rng: rng.split(0), onModelSigma: (level: number) => sigma = level };
  const { image, samples } = await solved(solver, given, control);
  const problem = { ...given, sigma };
  const { samples: drawn = 1 } = solver;
  const denoise = await denoiserOf(method, options.model);
  const names = featuresOf(drawn, denoise !== undefined);
  const measure = await compileFeatures(runtime, geometry, { names, samples: drawn, denoise });
  const opinion = await (await preparedSolver(runtime, tv, geometry)).solve(problem);
  const features = await measure(problem, { image, samples, opinion });
  const auditor = new Auditor(runtime, { method, options, level: "consistency", seed: 0 });
  const audit = await auditor.slice({ index: 0, key: "", geometry, problem: given, image }, {});
  const { coils, mask: { acceleration } } = geometry;
  const { model, steps, settings } = solver;
  const magnitude = magnitudeOf(image);
  return {
    solver: { model, steps, samples: solver.samples, settings },
    errors: {
      names,
      found,
      acquired: { acceleration, noise: sigma, coils },
      verdict: verdictOf(judge(audit.consistency, audit.prediction, audit.method)),
      peaks: [largestOf(truth), largestOf(magnitude)],
      ...pixelsOf(features, { magnitude, truth }, rng.split(1)),
    },
  };
}

const largestOf = ({ data }: NdArray) => data.reduce((a, b) => Math.max(a, b), 0);

/** Pixels of the head, as the reconstruction shows it. */
function pixelsOf(
  { data, shape: [count, ...size] }: NdArray,
  { magnitude, truth }: { readonly magnitude: NdArray; readonly truth: NdArray },
  rng: Rng,
): KnownErrors {
  const plane = size[0] * size[1];
  const head = headMask(magnitude);
  const pixels = [...rng.permutation(plane)].filter((i) => head[i] === 1).slice(0, PIXELS);
  const short = (value: number) => Number(value.toPrecision(5));
  return {
    errors: pixels.map((i) => short(Math.abs(magnitude.data[i] - truth.data[i]))),
    features: pixels.flatMap((i) =>
      Array.from({ length: count }, (_, f) => short(Math.log(data[f * plane + i])))
    ),
  };
}
