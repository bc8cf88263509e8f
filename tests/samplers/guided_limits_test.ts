/**
 * Where the guided and annealed samplers are exact for a normal prior, at what order they get there, and
 * how far off they are elsewhere. Moments without sampling error, see affine.ts.
 */
import { Runtime } from "../../src/graph/mod.ts";
import { ald } from "../../src/samplers/ald.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { daps } from "../../src/samplers/daps.ts";
import { dmps } from "../../src/samplers/dmps.ts";
import { dps } from "../../src/samplers/dps.ts";
import { mcg } from "../../src/samplers/mcg.ts";
import { mmps } from "../../src/samplers/mmps.ts";
import { pigdm } from "../../src/samplers/pigdm.ts";
import { score } from "../../src/samplers/score.ts";
import { scoreMri } from "../../src/samplers/score_mri.ts";
import { affineMoments } from "./affine.ts";
import { apply, dot, type Moments, times, trace, transposed } from "./algebra.ts";
import {
  assertBetween,
  denseProblem,
  type Distance,
  distance,
  gaussianPrior,
  isotropicPrior,
  mriProblem,
  type Problem,
} from "./support.ts";
import { runtime } from "../runtime.ts";

/** What the derivations say, not what was best on images: no factor on the data, all fresh noise. */
const DERIVED = { weight: 1, eta: 1, sigmaData: 1, flow: 1 };
/** From nearly pure noise to well below that of the data, with CG that converges. */
const WIDE = { ...DERIVED, sigmaMax: 20, sigmaMin: 0.05, cg: 10 };
const VARIANCE = 0.36;
const SIGMA_DATA = Math.sqrt(VARIANCE);

const fromNoise = (sampler: Sampler): Sampler => ({
  ...sampler,
  start: { around: "zero", addNoise: true },
});

function momentsWith(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
): Promise<Moments> {
  return affineMoments(runtime, fromNoise(sampler), problem, { ...WIDE, ...settings });
}

async function errors(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
): Promise<Distance> {
  return distance(await momentsWith(runtime, sampler, problem, settings), problem.posterior);
}

/** Asserts that errors fall at order 1 or a little faster from 40 to 80 steps, and how small they get. */
async function assertOrder1(
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
  most: { mean: number; covariance: number },
): Promise<void> {
  const coarse = await errors(runtime, sampler, problem, { ...settings, steps: 40 });
  const fine = await errors(runtime, sampler, problem, { ...settings, steps: 80 });
  assertBetween(coarse.covariance / fine.covariance, 1.6, 3, "ratio of the errors");
  assertBetween(fine.covariance, 0, most.covariance, "error of the covariance");
  assertBetween(fine.mean, 0, most.mean, "error of the mean");
}

Deno.test("pigdm is exact at order 1 when the image's variance is what it assumes", () =>
  assertOrder1(
    pigdm,
    denseProblem(isotropicPrior([2, 2], VARIANCE), 3),
    { sigmaData: SIGMA_DATA },
    { mean: 0.1, covariance: 0.15 },
  ));

Deno.test("mmps is exact at order 1 for any normal prior", () =>
  assertOrder1(
    mmps,
    denseProblem(gaussianPrior([2, 2], "correlated"), 3),
    { ridge: 0, cg: 8 },
    { mean: 0.1, covariance: 0.15 },
  ));

Deno.test("dps is exact at order 1 when besides A A^H is the identity: one coil", () =>
  assertOrder1(
    dps,
    mriProblem(isotropicPrior([3, 2], VARIANCE), { coils: 1 }),
    { sigmaData: SIGMA_DATA },
    { mean: 0.1, covariance: 0.15 },
  ));

Deno.test("daps with one denoising is exact at order 1 for any normal prior, with little noise too", async () => {
  const prior = gaussianPrior([3, 2], "correlated");
  await assertOrder1(daps, denseProblem(prior, 4), {}, { mean: 0.1, covariance: 0.1 });
  await assertOrder1(daps, denseProblem(prior, 4, 0.01), {}, { mean: 0.2, covariance: 0.25 });
  await assertOrder1(daps, mriProblem(prior), {}, { mean: 0.1, covariance: 0.15 });
});

Deno.test("ald approaches the posterior as its levels get more", () =>
  assertOrder1(
    ald,
    denseProblem(gaussianPrior([2, 2], "correlated"), 3),
    { sigmaMin: 0.1, epsilon: 0.5, inner: 2 },
    { mean: 0.5, covariance: 0.5 },
  ));

Deno.test("dmps is right when the prior is flat beside the noise, and only then", async () => {
  const errorFor = async (deviation: number) => {
    const problem = denseProblem(isotropicPrior([2, 2], deviation ** 2), 3);
    const settings = { sigmaMax: 20 * deviation, steps: 120 };
    return await errors(runtime, dmps, problem, settings);
  };
  const [narrow, flat] = [await errorFor(0.1), await errorFor(10)];
  assertBetween(narrow.mean, 0.1, 0.5, "mean with a prior within the noise");
  assertBetween(narrow.covariance, 0.15, 0.4, "covariance with a prior within the noise");
  assertBetween(flat.mean, 0, 0.03, "mean with a flat prior");
  assertBetween(flat.covariance, 0, 0.12, "covariance with a flat prior"); // that of the steps
});

Deno.test("guided samplers with correlated images are off by what they assume, and no more", async () => {
  const problem = denseProblem(gaussianPrior([3, 2], "correlated"), 4);
  const bounds: [Sampler, [number, number], [number, number]][] = [
    [dps, [0.2, 0.8], [0.9, 1.3]],
    [pigdm, [0.05, 0.4], [0.9, 1.2]],
    [dmps, [0.1, 0.5], [0.8, 1.1]],
    [mcg, [0.2, 1], [0.4, 0.9]], // projecting onto noisy data counts them twice
  ];
  for (const [sampler, mean, variance] of bounds) {
    const found = await errors(runtime, sampler, problem, { steps: 60 });
    assertBetween(found.mean, ...mean, `${sampler.name}: mean`);
    assertBetween(found.variance, ...variance, `${sampler.name}: variance`);
  }
});

/** Moments of the data that a sampler's images would give, against the data and the prior's. */
function consistency({ matrix, arrays, prior }: Problem, { mean, covariance }: Moments) {
  const predicted = apply(matrix, mean);
  const residual = predicted.map((value, i) => value - arrays.y.data[i]);
  const spread = (c: Moments["covariance"]) => trace(times(matrix, times(c, transposed(matrix))));
  return {
    residual: Math.sqrt(dot(residual, residual) / dot(predicted, predicted)),
    variance: spread(covariance) / spread(prior.covariance),
  };
}

Deno.test("score and score-mri with infinite weight draw from the prior, at order 1", async () => {
  const prior = gaussianPrior([2, 2], "correlated");
  const problem = denseProblem(prior, 3);
  for (const sampler of [score, scoreMri]) {
    const error = async (steps: number) => {
      const settings = { weight: Infinity, correctors: 0, snr: 0, steps };
      return distance(await momentsWith(runtime, sampler, problem, settings), prior).covariance;
    };
    const [coarse, fine] = [await error(40), await error(80)];
    assertBetween(coarse / fine, 1.6, 3, `${sampler.name}: ratio of the errors`);
    assertBetween(fine, 0, 0.2, `${sampler.name}: error of the covariance`);
  }
});

Deno.test("score and score-mri with weight 1 agree with data without noise", async () => {
  const problem = mriProblem(gaussianPrior([3, 2], "correlated"), { coils: 1, sigma: 1e-3 });
  for (
    const [sampler, residual, variance] of [[score, 0.05, 0.01], [scoreMri, 0.2, 0.1]] as const
  ) {
    const settings = { weight: 1, correctors: 0, snr: 0, steps: 40, sigmaMin: 10 };
    const moments = await momentsWith(runtime, sampler, problem, settings);
    const found = consistency(problem, moments);
    assertBetween(found.residual, 0, residual, `${sampler.name}: residual`);
    assertBetween(found.variance, 0, variance, `${sampler.name}: variance of what is measured`);
    const { variance: total } = distance(moments, problem.posterior);
    assertBetween(total, 0.6, 1.6, `${sampler.name}: variance of the rest`);
  }
});
