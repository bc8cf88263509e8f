/** A measurement that is not linear. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { dps } from "../../src/samplers/dps.ts";
import { diffpir } from "../../src/samplers/diffpir.ts";
import { phaseRetrieval } from "../../src/samplers/phase_retrieval.ts";
import { naiveDftH, turned } from "../mri/support.ts";
import { assertBetween, draw, isotropicPrior } from "./support.ts";
import { runtime } from "../runtime.ts";

const SIZE = [3, 4] as const;
const SIGMA = 0.02;
const COUNT = 8;

/** |F P x| by its definition. */
function magnitudes(x: ArrayLike<number>): Float32Array {
  const [height, width] = SIZE;
  const padded = new Float32Array(2 * 4 * height * width);
  for (let i = 0; i < x.length; i++) {
    const [part, row] = [Math.floor(i / (height * width)), Math.floor(i / width) % height];
    padded[(part * 2 * height + row) * 2 * width + i % width] = x[i];
  }
  const alongH = Float32Array.from(
    naiveDftH({ data: padded, shape: [2, 2 * height, 2 * width] }, -1),
  );
  const other = turned({ data: alongH, shape: [2, 2 * height, 2 * width] });
  const both = turned({ ...other, data: Float32Array.from(naiveDftH(other, -1)) }).data;
  const half = both.length / 2;
  return Float32Array.from({ length: half }, (_, i) => Math.hypot(both[i], both[half + i]));
}

const rms = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (value, i) => (value - b[i]) ** 2).reduce((s, v) => s + v) / a.length);

/**
 * Not every run ends where it should, as in the paper, which takes the best of four. Weight 1/2, as a
 * magnitude is half of a complex sample: the operator's derivative has norm 1 / sqrt(2) on average.
 */
Deno.test("dps retrieves phases: of several samples, the one that explains the data best is right", async () => {
  const prior = isotropicPrior(SIZE, 0.05);
  const rng = new Rng(8);
  const truth = prior.mean.map((value) => value + Math.sqrt(0.05) * rng.normal());
  const clean = magnitudes(truth);
  const samples = clean.map((value) => value + SIGMA * rng.normal());
  const measurement = phaseRetrieval(SIZE);
  const arrays = { y: ndarray(samples, measurement.y), inputs: {}, sigma: SIGMA };
  const settings = { steps: 150, sigmaMax: 5, sigmaMin: 0.5, weight: 0.5, sigmaData: 0.25 };
  const drawn = await draw(
    runtime,
    { ...dps, start: { around: "zero", addNoise: true } },
    { measurement, arrays, prior },
    { count: COUNT, settings },
  );
  const size = truth.length;
  const found = Array.from({ length: COUNT }, (_, n) => {
    const sample = drawn.subarray(n * size, (n + 1) * size);
    return {
      residual: rms(magnitudes(sample), samples) / SIGMA,
      error: rms(sample, truth) / rms(prior.mean, truth),
    };
  }).sort((a, b) => a.residual - b.residual);
  const without = rms(magnitudes(prior.mean), samples) / SIGMA;
  // About 1 for a posterior sample.
  assertBetween(found[0].residual, 0.5, 1.3, "residual of the best, in sigma");
  assertBetween(found[0].error, 0, 0.5, "error of the best, beside that of the prior's mean");
  assertBetween(found[COUNT - 1].residual / without, 0, 0.6, "residual of the worst, beside that");
});

Deno.test("samplers that need a linear operator refuse phase retrieval", async () => {
  const prior = isotropicPrior(SIZE, 0.05);
  const measurement = phaseRetrieval(SIZE);
  const y = ndarray(new Float32Array(6 * 8), measurement.y);
  const problem = { measurement, prior, arrays: { y, inputs: {}, sigma: SIGMA } };
  await assert.rejects(draw(runtime, diffpir, problem, { count: 1 }), InputError);
});
