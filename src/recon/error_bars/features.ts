/**
 * What the size of an error is told from, for each pixel and without the truth.
 *
 * Two probes look at the acquisition alone: how much noise the regularised inverse leaves of the noise of
 * the samples, and how much of white images it does not see. The others look at the image: its local
 * contrast, its gradient and its brightness. The last is the rehearsal: the image that was found is
 * acquired again, with the same coils, mask and noise level, and reconstructed by the same method; the
 * difference is an error whose truth is known (parametric bootstrap, Efron and Tibshirani 1993).
 * @module
 */
import {
  add,
  concat,
  constantOf,
  conv,
  div,
  max,
  mul,
  pad,
  reduceMean,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Problem, SamplingGeometry } from "../../method/problem.ts";
import { magnitude, squaredMagnitude } from "../../mri/physics/complex.ts";
import { regularisedInverse } from "../../mri/physics/proximal.ts";
import { type NdArray, ndarray, scalar, sizeOf } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";

/** Each feature and what it is. All are above 0, where bright tissue is about 1. */
export const FEATURES = {
  noise: "noise of the samples after the regularised inverse: noise level times g-factor",
  unseen: "share of a white image that the regularised inverse does not see",
  contrast: "standard deviation of the magnitude over 5 x 5 pixels",
  edge: "gradient of the magnitude",
  brightness: "mean magnitude over 3 x 3 pixels",
  rehearsal:
    "error of the reconstruction of a rehearsal, root of the mean square over 7 x 7 pixels",
  local: "the same over 3 x 3 pixels",
} as const;

/** The name of a feature. */
export type Feature = keyof typeof FEATURES;

/** Names of the features, in the order of their coefficients. */
export const FEATURE_NAMES = Object.keys(FEATURES) as readonly Feature[];

/** Smallest value of a feature: what is below counts as this. */
export const FLOOR = 1e-4;

/** Probes of noise and of white images. */
const PROBES = 2;

/** Steps of conjugate gradients for the probes. */
const ITERATIONS = 12;

/** Standard deviation of what the samples do not determine, relative to bright tissue, for the ridge. */
const PRIOR_DEVIATION = 0.1;

/** The ridge is at least this, so that noiseless data converge. */
const MIN_RIDGE = 1e-3;

/** Sides of the windows. */
const WINDOW = { probes: 9, contrast: 5, brightness: 3, rehearsal: 7, local: 3 };

/** Makes the problem whose truth is an image that was found. */
export type Rehearse = (problem: Problem, image: NdArray, rng: Rng) => Promise<Problem>;

/** The features of a slice, `[F, H, W]`. */
export type MeasureFeatures = (
  problem: Problem,
  image: NdArray,
  rehearsed: NdArray,
) => Promise<NdArray>;

/** Compiles the rehearsal's acquisition. @param geometry of one set of coil maps */
export async function compileRehearsal(
  runtime: Runtime,
  geometry: SamplingGeometry,
): Promise<Rehearse> {
  const { image: size, y: shape, inputs, operator } = mriMeasurement(geometry);
  const program = await runtime.build<string, "acquired">(
    { image: [1, 2, ...size], noise: shape, ...inputs },
    ({ image, noise, ...arrays }) => ({
      acquired: add(operator(arrays, 1).forward(image), noise),
    }),
  );
  const kept = acquiredPoints(geometry);
  return async (problem, image, rng) => {
    const normals = rng.normals(sizeOf(shape));
    const noise = normals.map((value, i) => value * problem.sigma * kept[i % kept.length]);
    const batch = ndarray(image.data, [1, 2, ...size]);
    const { maps } = problem.inputs;
    const { acquired } = await program.run({ image: batch, noise: ndarray(noise, shape), maps });
    return { ...problem, y: acquired };
  };
}

/** 1 where y holds a sample, 0 where a mask of the plane left it empty. */
function acquiredPoints({ mask }: SamplingGeometry): Float32Array {
  return mask.isLines ? Float32Array.of(1) : mask.grid().data;
}

/** Compiles the features. @param geometry of one set of coil maps */
export async function compileFeatures(
  runtime: Runtime,
  geometry: SamplingGeometry,
): Promise<MeasureFeatures> {
  const { image: [height, width], y: shape, inputs, operator } = mriMeasurement(geometry);
  const size = [1, 2, height, width];
  const noiseShape = [PROBES, ...shape.slice(1)];
  const white = new Rng(1).normals(PROBES * sizeOf(size));
  const kept = acquiredPoints(geometry);
  const noise = new Rng(2).normals(sizeOf(noiseShape)).map((v, i) => v * kept[i % kept.length]);
  const program = await runtime.build<string, "features">(
    { image: size, rehearsed: size, ridge: [1, 1, 1, 1], sigma: [1, 1, 1, 1], ...inputs },
    ({ image, rehearsed, ridge, sigma, maps }) => {
      const probes = constantOf(white, [PROBES, 2, height, width]);
      const one = operator({ maps }, PROBES), both = operator({ maps }, 2 * PROBES);
      const normal = one.normal(probes);
      const start = concat([one.adjoint(constantOf(noise, noiseShape)), normal], 0);
      const inverse = regularisedInverse({ operator: both }, start, ridge, ITERATIONS);
      const ofNoise = slice(inverse, 0, 0, PROBES);
      const missed = sub(probes, slice(inverse, 0, PROBES, 2 * PROBES));
      const m = magnitude(image);
      const squares = squaredMagnitude(sub(rehearsed, image));
      const found: Record<Feature, Tensor> = {
        noise: mul(
          sigma,
          rootMean(reduceMean(squaredMagnitude(ofNoise), [0], KEEP), WINDOW.probes),
        ),
        unseen: rootMean(reduceMean(squaredMagnitude(missed), [0], KEEP), WINDOW.probes),
        contrast: deviation(m, WINDOW.contrast),
        edge: gradient(m),
        brightness: mean(m, WINDOW.brightness),
        rehearsal: rootMean(squares, WINDOW.rehearsal),
        local: rootMean(squares, WINDOW.local),
      };
      const all = concat(FEATURE_NAMES.map((name) => found[name]), 1);
      return { features: reshape(max(all, FLOOR), [FEATURE_NAMES.length, height, width]) };
    },
  );
  return async ({ inputs: { maps }, sigma }, image, rehearsed) => {
    const batch = (x: NdArray) => ndarray(x.data, size);
    const ridge = Math.max((sigma / PRIOR_DEVIATION) ** 2, MIN_RIDGE);
    const arrays = { image: batch(image), rehearsed: batch(rehearsed), maps };
    const levels = { ridge: scalar(ridge), sigma: scalar(sigma) };
    return (await program.run({ ...arrays, ...levels })).features;
  };
}

const KEEP = { keepDims: true } as const;

/** Mean of `[1, 1, H, W]` over a window; of the pixels within the image at its edges. */
function mean(x: Tensor, side: number): Tensor {
  const kernel = constantOf(new Float32Array(side * side).fill(1), [1, 1, side, side]);
  const padding = { padding: (side - 1) / 2 };
  const ones = constantOf(new Float32Array(sizeOf(x.shape)).fill(1), x.shape);
  return div(conv(x, kernel, undefined, padding), conv(ones, kernel, undefined, padding));
}

const rootMean = (squares: Tensor, side: number): Tensor => sqrt(mean(squares, side));

/** Standard deviation over a window. */
function deviation(x: Tensor, side: number): Tensor {
  const average = mean(x, side);
  return sqrt(max(sub(mean(mul(x, x), side), mul(average, average)), 0));
}

/** Length of the gradient of `[1, 1, H, W]` by central differences; the image is zero beyond its edges. */
function gradient(x: Tensor): Tensor {
  const [, , height, width] = x.shape;
  const along = (axis: 2 | 3, count: number) => {
    const before = [0, 0, 0, 0], after = [0, 0, 0, 0];
    before[axis] = after[axis] = 1;
    const padded = pad(x, [...before, ...after]);
    return mul(sub(slice(padded, axis, 2, 2 + count), slice(padded, axis, 0, count)), 0.5);
  };
  const down = along(2, height), right = along(3, width);
  return sqrt(add(mul(down, down), mul(right, right)));
}
