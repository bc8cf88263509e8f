/** Gaussian priors, problems with a known posterior, and the moments that samplers give. */
import assert from "node:assert/strict";
import {
  add,
  constantOf,
  div,
  matMul,
  mul,
  reshape,
  type Runtime,
  sub,
  transpose,
} from "../../src/graph/mod.ts";
import type { SamplingMask } from "../../src/mri/sampling/masks.ts";
import type { LinearOperator } from "../../src/mri/physics/operator.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import { type Measurement, mriMeasurement } from "../../src/method/measurement.ts";
import type { Problem as ProblemArrays } from "../../src/method/problem.ts";
import { everyOtherLine, example, randomPlane } from "../classical/support.ts";
import {
  apply,
  diagonal,
  frobenius,
  type Matrix,
  matrixOf,
  type Moments,
  momentsOf,
  plus,
  posteriorOf,
  randomOrthogonal,
  times,
  trace,
  transposed,
} from "./algebra.ts";

/** A normal distribution of images and its exact denoiser. */
export interface GaussianPrior extends Moments {
  readonly denoise: Denoiser;
  /** Size `[H, W]`. */
  readonly image: readonly [number, number];
  /** Rows are the eigenvectors of the covariance. */
  readonly basis: Matrix;
  /** Eigenvalues of the covariance. */
  readonly variances: Float64Array;
}

/**
 * A normal prior of the real and imaginary parts, mean around 0.5 and variances from 0.04 to 1: each
 * component on its own, or along the axes of a random orthogonal basis.
 */
export function gaussianPrior(
  [height, width]: readonly [number, number],
  kind: "diagonal" | "correlated",
  seed = 1,
): GaussianPrior {
  const size = 2 * height * width;
  const rng = new Rng(seed);
  const random = rng.split(0).normals(size);
  const mean = Float64Array.from(random, (value) => 0.5 + 0.3 * value);
  const variances = Float64Array.from({ length: size }, () => 0.04 * 25 ** rng.uniform());
  const identity = matrixOf(size, size, (i, j) => i === j ? 1 : 0);
  const basis = kind === "diagonal" ? identity : randomOrthogonal(size, seed + 1);
  const covariance = times(transposed(basis), times(diagonal(variances), basis));
  const denoise = gaussianDenoiser([height, width], mean, variances, basis);
  return { mean, covariance, denoise, image: [height, width], basis, variances };
}

/** A normal prior with the same variance in all directions. */
export function isotropicPrior(size: readonly [number, number], variance: number): GaussianPrior {
  const { mean, basis, image } = gaussianPrior(size, "diagonal");
  const variances = mean.map(() => variance);
  const denoise = gaussianDenoiser(size, mean, variances, basis);
  return { mean, basis, image, variances, denoise, covariance: diagonal(variances) };
}

/** D = m + C (C + sigma^2)^-1 (x - m), in the basis where C is diagonal. */
export function gaussianDenoiser(
  [height, width]: readonly [number, number],
  mean: Float64Array,
  variances: Float64Array,
  basis: Matrix,
): Denoiser {
  const size = mean.length;
  const flat = basis.flatMap((row) => [...row]);
  const toBasis = constantOf(Float32Array.from(flat), [size, size]);
  const m = constantOf(Float32Array.from(mean), [1, size]);
  const v = constantOf(Float32Array.from(variances), [1, size]);
  return (x, sigma) => {
    const [n] = x.shape;
    const level = reshape(mul(sigma, sigma), [sigma.shape[0], 1]);
    const inBasis = matMul(sub(reshape(x, [n, size]), m), transpose(toBasis, [1, 0]));
    const shrunk = mul(inBasis, div(v, add(v, level)));
    return reshape(add(m, matMul(shrunk, toBasis)), [n, 2, height, width]);
  };
}

/** A problem whose posterior is known. */
export interface Problem {
  readonly prior: GaussianPrior;
  readonly measurement: Measurement;
  readonly arrays: ProblemArrays;
  /** A on stacked real and imaginary parts. */
  readonly matrix: Matrix;
  readonly posterior: Moments;
}

/** Data of an image drawn from the prior, and its exact posterior. */
function problemOf(
  prior: GaussianPrior,
  measurement: Measurement,
  matrix: Matrix,
  inputs: ProblemArrays["inputs"],
  sigma: number,
): Problem {
  const rng = new Rng(9);
  const normals = rng.split(0).normals(prior.mean.length);
  const scaled = prior.variances.map((variance, i) => Math.sqrt(variance) * normals[i]);
  const truth = apply(transposed(prior.basis), scaled).map((value, i) => value + prior.mean[i]);
  const noise = rng.split(1).normals(matrix.length);
  const samples = Float32Array.from(apply(matrix, truth), (value, i) => value + sigma * noise[i]);
  return {
    prior,
    measurement,
    matrix,
    arrays: { y: ndarray(samples, measurement.y), inputs, sigma },
    posterior: posteriorOf(prior, matrix, samples, sigma),
  };
}

/** Every other line, or two thirds of the points of a plane, with random unit-norm maps. */
export function mriProblem(
  prior: GaussianPrior,
  { coils = 2, mask = "lines", sigma = 0.2 }: {
    coils?: number;
    mask?: "lines" | "plane" | SamplingMask;
    sigma?: number;
  } = {},
): Problem {
  const chosen = typeof mask !== "string"
    ? mask
    : (mask === "lines" ? everyOtherLine : randomPlane)(...prior.image);
  const { geometry, problem: { inputs }, matrix } = example(coils, chosen);
  return problemOf(prior, mriMeasurement(geometry), matrix, inputs, sigma);
}

/** A dense complex random operator with `rows` complex samples, laid out as `[N, 1, 2, rows, 1]`. */
export function denseProblem(prior: GaussianPrior, rows: number, sigma = 0.2): Problem {
  const pixels = sizeOf(prior.image);
  const random = new Rng(11).normals(2 * rows * pixels);
  const scale = 1 / Math.sqrt(2 * pixels);
  const matrix = matrixOf(2 * rows, 2 * pixels, (i, j) => {
    const at = 2 * ((i % rows) * pixels + j % pixels);
    const [rowPart, columnPart] = [Math.floor(i / rows), Math.floor(j / pixels)];
    if (rowPart === columnPart) return scale * random[at];
    return (rowPart === 0 ? -1 : 1) * scale * random[at + 1];
  });
  const inputs = {
    matrix: ndarray(Float32Array.from(matrix.flatMap((row) => [...row])), [2 * rows, 2 * pixels]),
  };
  const measurement: Measurement = {
    image: prior.image,
    y: [1, 1, 2, rows, 1],
    inputs: { matrix: inputs.matrix.shape },
    operator: ({ matrix: a }, batch): LinearOperator => {
      const [domain, range] = [[batch, 2, ...prior.image], [batch, 1, 2, rows, 1]];
      const forward = (x: Parameters<LinearOperator["forward"]>[0]) =>
        reshape(matMul(reshape(x, [batch, 2 * pixels]), transpose(a, [1, 0])), range);
      const adjoint = (y: Parameters<LinearOperator["adjoint"]>[0]) =>
        reshape(matMul(reshape(y, [batch, 2 * rows]), a), domain);
      return { domain, range, forward, adjoint, normal: (x) => adjoint(forward(x)) };
    },
  };
  return problemOf(prior, measurement, matrix, inputs, sigma);
}

/** Those of some settings that a sampler has: one list serves several samplers. */
export const settingsOf = ({ defaults }: Sampler, settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => name in defaults));

/** Draws samples, `[count, 2, H, W]`. */
export async function draw(
  runtime: Runtime,
  sampler: Sampler,
  { measurement, arrays, prior: { denoise } }: Pick<Problem, "measurement" | "arrays"> & {
    prior: Pick<GaussianPrior, "denoise">;
  },
  { count = 2000, seed = 1, settings = {} }: {
    count?: number;
    seed?: number;
    settings?: Settings;
  } = {},
): Promise<Float32Array> {
  const task = {
    sampler,
    settings: settingsOf(sampler, settings),
    measurement,
    denoise,
    samples: count,
    batch: 1000,
  };
  return (await (await compileSampler(runtime, task)).run(arrays, new Rng(seed))).data;
}

/** Moments of many samples: right to within {@link samplingError}. */
export async function drawnMoments(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  options: Parameters<typeof draw>[3] = {},
): Promise<Moments> {
  const { count = 2000 } = options;
  return momentsOf(await draw(runtime, sampler, problem, { ...options, count }), count);
}

/** How far moments are from exact ones. */
export interface Distance {
  /** |difference of means| / sqrt(trace of the covariance): in standard deviations, root mean square. */
  readonly mean: number;
  /** Relative difference of the covariances (Frobenius). */
  readonly covariance: number;
  /** Total variance relative to the exact one. */
  readonly variance: number;
}

export function distance(found: Moments, exact: Moments): Distance {
  const total = trace(exact.covariance);
  const square = exact.mean.reduce((sum, value, i) => sum + (found.mean[i] - value) ** 2, 0);
  return {
    mean: Math.sqrt(square / total),
    covariance: frobenius(plus(found.covariance, exact.covariance, -1)) /
      frobenius(exact.covariance),
    variance: trace(found.covariance) / total,
  };
}

/** The distance that `count` samples of the exact distribution have, root mean square. */
export function samplingError({ covariance }: Moments, count: number): Distance {
  const [total, norm] = [trace(covariance), frobenius(covariance)];
  return {
    mean: 1 / Math.sqrt(count),
    covariance: Math.sqrt((total ** 2 + norm ** 2) / count) / norm,
    variance: Math.sqrt(2 / count) * norm / total, // its standard error
  };
}

/** Asserts low <= value <= high. */
export function assertBetween(value: number, low: number, high: number, what = "value"): void {
  assert.ok(value >= low && value <= high, `${what} ${value} is not in [${low}, ${high}]`);
}
