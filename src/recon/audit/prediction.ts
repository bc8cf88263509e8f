/**
 * Prediction of samples that were held back: a score that needs no truth.
 *
 * A few per cent of the acquired lines (points, of a plane), outside the calibration region and spread
 * over k-space, are taken out; the method reconstructs without them, and what its image says of them is
 * compared with what was measured. So does `sense`, and beside a network `tv`, whose prior (images are
 * piecewise constant) knows nothing of anatomy: a network's prior that predicts worse does harm.
 * @module
 */
import { mul, reduceSum, reshape, type Runtime, sub } from "../../graph/mod.ts";
import { sense, tv } from "../../classical/mod.ts";
import type { SamplingMask } from "../../mri/sampling/masks.ts";
import { deadCoils } from "../../method/dead_coils.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry,
} from "../../method/problem.ts";
import { meanOf, type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { centredSolver } from "../echo.ts";
import { Rng } from "../../rng.ts";
import { MIN_SIGMA } from "./figures.ts";

/** Part of the acquired samples that is held back. */
const HELD_PART = 0.05;

/** At most this part of what lies outside the calibration region is held back. */
const MAX_OUTSIDE = 0.5;

/** How well samples that were held back are predicted: of a slice, or means over all slices. */
export interface Prediction {
  /** Part of the acquired samples that was held back. */
  readonly held: number;
  /** Mean squared error of the prediction over the noise variance; 1 for the truth. */
  readonly error: number;
  /** The same of `sense`. */
  readonly sense: number;
  /** The same of `tv`, beside methods with a network; null beside others. */
  readonly tv: number | null;
  /** Mean square of these samples over the noise variance: the error of an empty image. */
  readonly signal?: number;
  /** The error that the spread of the posterior samples predicts; null without posterior samples. */
  readonly expected: number | null;
}

/**
 * Chooses what to hold back: of each of equal shares of the lines (or points) outside the calibration
 * region, in order, one at random.
 * @returns masks of both parts, and the part of the acquired samples that is held back; undefined when
 *   there are fewer than two outside
 */
export function holdOut(
  mask: SamplingMask,
  seed: number,
): { kept: SamplingMask; held: SamplingMask; part: number } | undefined {
  const { values, width, isLines } = mask;
  const outside = [...values.keys()].filter((i) =>
    values[i] === 1 &&
    !(isLines ? mask.inCalibration(i, 0) : mask.inCalibration(Math.floor(i / width), i % width))
  );
  const wanted = Math.max(1, Math.round(HELD_PART * mask.kept));
  const count = Math.min(wanted, Math.floor(MAX_OUTSIDE * outside.length));
  if (count === 0) return undefined;
  const rng = new Rng(seed);
  const kept = values.slice(), held = new Uint8Array(values.length);
  for (let share = 0; share < count; share++) {
    const start = Math.floor(share * outside.length / count);
    const end = Math.floor((share + 1) * outside.length / count);
    const chosen = outside[start + rng.integer(end - start)];
    kept[chosen] = 0;
    held[chosen] = 1;
  }
  return {
    kept: mask.with({ values: kept }),
    held: mask.with({ values: held, acs: 0 }),
    part: count / mask.kept,
  };
}

/** The samples of a part of a mask, from those of all of it: `[1, C, 2, K, W]` or `[1, C, 2, H, W]`. */
export function samplesOf(samples: NdArray, all: SamplingMask, part: SamplingMask): NdArray {
  const [, coils, , rows, width] = samples.shape;
  if (!all.isLines) {
    const { values } = part;
    return ndarray(samples.data.map((v, i) => v * values[i % values.length]), samples.shape);
  }
  const { lines } = all, { lines: chosen } = part;
  const result = zeros([1, coils, 2, chosen.length, width]);
  for (let plane = 0; plane < 2 * coils; plane++) {
    chosen.forEach((line, row) => {
      const from = (plane * rows + lines.indexOf(line)) * width;
      const to = (plane * chosen.length + row) * width;
      result.data.set(samples.data.subarray(from, from + width), to);
    });
  }
  return result;
}

/** Reconstructs a slice without what is held back, and compares. */
export type Predict = (problem: Problem, control?: RunControl) => Promise<Prediction>;

/** Compiles it by a method, by sense and beside a network by tv; undefined if nothing is held back. */
export async function compilePrediction(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { method, options, seed }: { method: Method; options: MethodOptions; seed: number },
): Promise<Predict | undefined> {
  const { mask } = geometry;
  const parts = holdOut(mask, seed);
  if (parts === undefined) return undefined;
  const { kept, held, part } = parts;
  const prepared = async (method: Method, options?: MethodOptions) =>
    centredSolver(runtime, await method.prepare(runtime, { ...geometry, mask: kept }, options));
  const solver = await prepared(method, options);
  const others = method.defaultModel === undefined ? [sense] : [sense, tv];
  const [senseSolver, tvSolver] = await Promise.all(
    others.map((other) => prepared(other)),
  );
  const measurement = mriMeasurement({ ...geometry, mask: held });
  const { image: size, sets = 1, y: shape, inputs, operator } = measurement;
  const compare = await runtime.build<string, "energy">(
    { image: [2 * sets, ...size], y: shape, ...inputs },
    ({ image, y, ...arrays }) => {
      const error = sub(y, operator(arrays, 1).forward(reshape(image, [1, 2 * sets, ...size])));
      return { energy: reduceSum(mul(error, error), undefined, { keepDims: true }) };
    },
  );
  return async ({ y, inputs, sigma, echo }, control = {}) => {
    const without = { y: samplesOf(y, mask, kept), inputs, sigma, echo };
    const measured = samplesOf(y, mask, held);
    const live = y.shape[1] - deadCoils(y).length;
    const count = 2 * live * held.kept * (held.isLines ? held.width : 1);
    const scale = 1 / (count * Math.max(sigma, MIN_SIGMA) ** 2);
    const error = async (image: NdArray, y = measured) =>
      scale * (await compare.run({ image, y, ...inputs })).energy.data[0];
    const samples = await solver.sample?.(without, control);
    const image = samples ? meanOf(samples) : await solver.solve(without, control);
    const ofImage = await error(image);
    return {
      held: part,
      error: ofImage,
      sense: method === sense ? ofImage : await error(await senseSolver.solve(without)),
      tv: tvSolver === undefined ? null : await error(await tvSolver.solve(without)),
      signal: scale * measured.data.reduce((sum, value) => sum + value * value, 0),
      expected: samples === undefined || samples.shape[0] < 2
        ? null
        : 1 + await expectedError(samples, image, (x) => error(x, zeros(measured.shape))),
    };
  };
}

/** Expected squared distance of the truth from the mean of S samples, if it is drawn as they are. */
async function expectedError(
  { data, shape: [count, ...shape] }: NdArray,
  mean: NdArray,
  energy: (x: NdArray) => Promise<number>,
): Promise<number> {
  const size = mean.data.length;
  let sum = 0;
  for (let s = 0; s < count; s++) {
    sum += await energy(ndarray(mean.data.map((value, i) => data[s * size + i] - value), shape));
  }
  return sum / (count - 1) * (1 + 1 / count);
}
