/** Order of convergence of each stepper on a normal prior, whose probability flow is known. */
import assert from "node:assert/strict";
import { Runtime } from "../../../src/graph/mod.ts";
import { denoising } from "../../../src/mri/physics/restoration_operators.ts";
import { zeros } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { generate } from "../../../src/samplers/core/generate.ts";
import { type Levels, SCHEDULES, schedules } from "../../../src/samplers/core/schedule.ts";
import type { Settings } from "../../../src/samplers/core/contract.ts";
import { linearMeasurement } from "../../../src/method/measurement.ts";
import {
  ddim,
  ddpm,
  dpmSolver2M,
  euler,
  heun,
  type Stepper,
  steppers,
  unconditional,
} from "../../../src/samplers/core/steppers.ts";
import { assertClose } from "../../classical/support.ts";
import { affineMoments } from "../affine.ts";
import { assertBetween, draw, gaussianPrior, type Problem } from "../support.ts";
import { runtime } from "../../runtime.ts";

const SIZE = [1, 2] as const;
/** From where to where the flow is followed. */
const FROM = 5, TO = 0.1;
const prior = gaussianPrior(SIZE, "diagonal");
const measurement = linearMeasurement(SIZE, (batch) => denoising([batch, 2, ...SIZE]));
const problem: Problem = {
  prior,
  measurement,
  arrays: { y: zeros(measurement.y), inputs: {}, sigma: 1 },
  matrix: [],
  posterior: prior,
};

/** Follows the levels to the last, without the step to 0. */
function along(stepper: Stepper, levels: Levels) {
  const sampler = unconditional(stepper, levels);
  return {
    ...sampler,
    schedule: ({ steps }: Settings) => stepper.schedule(levels(steps + 1, FROM, TO)),
  };
}

/** sqrt((v + TO^2) / (v + FROM^2)): what the flow shrinks a component's distance from its mean by. */
const shrinkage = (variance: number) => Math.sqrt((variance + TO ** 2) / (variance + FROM ** 2));

async function flowError(runtime: Runtime, stepper: Stepper, levels: Levels, steps: number) {
  const settings = { steps, sigmaMax: FROM };
  const found = await draw(runtime, along(stepper, levels), problem, { count: 1, settings });
  const start = new Rng(1).split(0, 0, 0).normals(4).map((z) => FROM * z);
  const square = found.reduce((sum, value, i) => {
    const exact = prior.mean[i] + (start[i] - prior.mean[i]) * shrinkage(prior.variances[i]);
    return sum + (value - exact) ** 2;
  }, 0);
  return Math.sqrt(square);
}

const orderOf = (coarse: number, fine: number) => Math.log2(coarse / fine);

Deno.test("deterministic steppers converge at their order on every schedule", async () => {
  for (const stepper of [ddim, euler, heun, dpmSolver2M]) {
    for (const name of SCHEDULES) {
      const error = (steps: number) => flowError(runtime, stepper, schedules[name], steps);
      const order = orderOf(await error(48), await error(96));
      assertBetween(order, stepper.order - 0.25, stepper.order + 0.35, `${stepper.name} ${name}`);
    }
  }
});

Deno.test("ddim and euler are the same step", async () => {
  const options = { count: 2, settings: { steps: 9, sigmaMax: FROM } };
  assertClose(
    await draw(runtime, along(ddim, schedules.karras), problem, options),
    await draw(runtime, along(euler, schedules.karras), problem, options),
    1e-5,
  );
});

Deno.test("ddpm has the mean of the reverse process, and converges to its variance at order 1", async () => {
  const errors: { mean: number; variance: number }[] = [];
  for (const steps of [32, 64]) {
    const sampler = along(ddpm, schedules.geometric);
    const found = await affineMoments(runtime, sampler, problem, { steps, sigmaMax: FROM });
    let [mean, variance] = [0, 0];
    prior.variances.forEach((v, i) => {
      const kept = shrinkage(v) ** 2;
      const exact = kept ** 2 * FROM ** 2 + (v + TO ** 2) * (1 - kept); // from N(0, FROM^2)
      mean += (found.mean[i] - prior.mean[i] * (1 - kept)) ** 2;
      variance += (found.covariance[i][i] - exact) ** 2;
    });
    errors.push({ mean: Math.sqrt(mean), variance: Math.sqrt(variance) });
  }
  const [coarse, fine] = errors;
  assertBetween(orderOf(coarse.variance, fine.variance), 0.8, 1.3, "order of the variance");
  assertBetween(fine.mean, 0, 1e-4, "error of the mean, which is exact for a normal prior");
});

Deno.test("every stepper ends at the denoised image", async () => {
  for (const stepper of steppers) {
    const levels = { stepper, levels: schedules.karras, steps: 20, sigmaMax: 20, sigmaMin: 0.01 };
    const options = { ...levels, count: 5, size: SIZE };
    const { images, nfe } = await generate(runtime, prior.denoise, options);
    assert.deepEqual(images.shape, [5, 2, ...SIZE]);
    assert.equal(nfe, 5 * (stepper === heun ? 39 : 20));
    // Within the prior, about 5 standard deviations at most.
    images.data.forEach((value, i) => assert.ok(Math.abs(value - prior.mean[i % 4]) < 5));
  }
});

Deno.test("one level is one denoising of noise", async () => {
  for (const stepper of steppers) {
    const options = { stepper, levels: schedules.karras, steps: 1, sigmaMax: 3, sigmaMin: 1 };
    const { images } = await generate(runtime, prior.denoise, { ...options, count: 1, size: SIZE });
    const start = new Rng(0).split(0, 0, 0).normals(4);
    const expected = prior.mean.map((mean, i) => {
      const v = prior.variances[i];
      return mean + (3 * start[i] - mean) * v / (v + 9);
    });
    assertClose(images.data, expected, 1e-5);
  }
});
