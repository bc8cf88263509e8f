/**
 * Exact moments of samplers whose steps are affine in the iterate and the noise, as they are for a normal
 * prior when nothing is scaled by a norm: each step is probed with unit vectors, and mean and
 * covariance are carried forward without sampling error.
 */
import assert from "node:assert/strict";
import type { ProgramInput, Runtime } from "../../src/graph/mod.ts";
import { type NdArray, scalar, sizeOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { next } from "../../src/method/loop.ts";
import {
  checkedSettings,
  type CompiledSteps,
  compileStart,
  compileSteps,
} from "../../src/samplers/core/compile.ts";
import type { Sampler, ScheduledStep, Settings } from "../../src/samplers/core/contract.ts";
import { apply, type Matrix, matrixOf, type Moments, plus, times, transposed } from "./algebra.ts";
import { type Problem, settingsOf } from "./support.ts";

/** x' = offset + matrix x + noise z: one step. */
interface Affine {
  readonly at: Float64Array;
  readonly matrix: Matrix;
  readonly noise: Matrix;
}

/** How far from affine a step may be, relative to what it gives. */
const AFFINE_TOLERANCE = 2e-3;

/**
 * Mean and covariance of what a sampler gives, to the precision of float32.
 * @throws {AssertionError} when a step is not affine
 */
export async function affineMoments(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  settings: Settings = {},
): Promise<Moments> {
  const { measurement, arrays, prior: { denoise } } = problem;
  const all = checkedSettings(sampler, settingsOf(sampler, settings));
  const task = { sampler, settings: all, measurement, denoise, samples: 1 };
  const size = 2 * sizeOf(measurement.image);
  const variables = ["x", ...Object.keys(sampler.variables)];
  // One element for each direction of the variables and of the noise, the mean, and a random point.
  const { steps } = await compileSteps(runtime, task, all, 1);
  const noiseSizes = [...steps.values()].map(({ noises, dataNoises }) =>
    noises * size + dataNoises * sizeOf(measurement.y)
  );
  const batch = 2 + variables.length * size + Math.max(...noiseSizes);
  const compiled = await compileSteps(runtime, task, all, batch);
  const fixed = { y: arrays.y, ...arrays.inputs, sigmaY: scalar(arrays.sigma) };
  const { adjoint, base } = await (await compileStart(runtime, task))(arrays);
  const schedule = sampler.schedule(all, { sigma: arrays.sigma });
  let moments = startOf(base, sampler.start.addNoise ? schedule[0].sigma : 0, variables);
  for (const planned of schedule) {
    const { at, matrix, noise } = await probe(
      compiled,
      planned,
      variables,
      moments.mean,
      { ...fixed, adjoint },
    );
    const carried = times(matrix, times(moments.covariance, transposed(matrix)));
    const fresh = noise[0].length > 0 ? times(noise, transposed(noise)) : undefined;
    moments = { mean: at, covariance: fresh ? plus(carried, fresh) : carried };
  }
  return {
    mean: moments.mean.slice(0, size),
    covariance: moments.covariance.slice(0, size).map((row) => row.slice(0, size)),
  };
}

function startOf({ data }: NdArray, sigma: number, variables: readonly string[]): Moments {
  const mean = new Float64Array(data.length * variables.length);
  mean.set(data);
  const covariance = matrixOf(
    mean.length,
    mean.length,
    (i, j) => i === j && i < data.length ? sigma ** 2 : 0,
  );
  return { mean, covariance };
}

/** Runs a step at the mean, beside it along each axis, with each noise, and at a random place. */
async function probe(
  { shape, dataShape, steps }: CompiledSteps,
  { kind, sigma, sigmaNext, scalars }: ScheduledStep,
  variables: readonly string[],
  mean: Float64Array,
  fixed: Readonly<Record<string, ProgramInput>>,
): Promise<Affine> {
  const { program, noises, dataNoises } = steps.get(kind)!;
  const numbered = (name: string, count: number) =>
    Array.from({ length: count }, (_, k) => `${name}${k}`);
  const [batch, size] = [shape[0], sizeOf(shape.slice(1))];
  const inputs = [
    ...variables.map((input) => ({ input, shape })),
    ...numbered("z", noises).map((input) => ({ input, shape })),
    ...numbered("e", dataNoises).map((input) => ({ input, shape: dataShape })),
  ];
  const widths = inputs.map((input) => sizeOf(input.shape.slice(1)));
  const total = widths.reduce((a, b) => a + b, 0);
  const far = Math.max(sigma, 1);
  const step = (i: number) => i < mean.length ? far : 1;
  const random = new Rng(3).normals(total);
  const point = (row: number, i: number) => {
    const from = i < mean.length ? mean[i] : 0;
    if (row === batch - 1) return from + step(i) * random[i];
    return from + (row === i + 1 ? step(i) : 0);
  };
  let start = 0;
  const feeds: Record<string, ProgramInput> = { ...fixed };
  inputs.forEach(({ input, shape }, k) => {
    const width = widths[k];
    const data = new Float32Array(batch * width);
    for (let i = 0; i < data.length; i++) {
      data[i] = point(Math.floor(i / width), start + i % width);
    }
    feeds[input] = { data, shape };
    start += width;
  });
  const results = await program.run({
    ...feeds,
    sigma: scalar(sigma),
    sigmaNext: scalar(sigmaNext),
    ...Object.fromEntries(
      Object.entries(scalars ?? {}).map(([name, value]) => [name, scalar(value ?? 0)]),
    ),
  });
  const values: Record<string, NdArray> = {};
  for (const variable of variables) {
    values[variable] = await onHost(results[next(variable)] ?? feeds[variable]);
  }
  const rows = Array.from(
    { length: batch },
    (_, row) =>
      Float64Array.from(variables.flatMap((variable) => {
        const { data } = values[variable];
        return [...data.subarray(row * size, (row + 1) * size)];
      })),
  );
  const whole = matrixOf(
    mean.length,
    total,
    (i, j) => (rows[j + 1][i] - rows[0][i]) / step(j),
  );
  requireAffine(rows, whole, random.map((value, i) => step(i) * value));
  return {
    at: rows[0],
    matrix: whole.map((row) => row.slice(0, mean.length)),
    noise: whole.map((row) => row.slice(mean.length)),
  };
}

const onHost = async (array: ProgramInput): Promise<NdArray> =>
  "data" in array ? array : await array.read();

function requireAffine(rows: Matrix, matrix: Matrix, change: ArrayLike<number>): void {
  const predicted = apply(matrix, change);
  const found = rows[rows.length - 1].map((value, i) => value - rows[0][i]);
  const norm = (x: Float64Array) => Math.hypot(...x);
  const error = norm(found.map((value, i) => value - predicted[i])) / norm(predicted);
  assert.ok(error < AFFINE_TOLERANCE, `a step is not affine: relative deviation ${error}`);
}
