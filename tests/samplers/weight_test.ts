/** More weight trusts the prior more, in every method that has a weight: the residual of the data grows. */
import assert from "node:assert/strict";
import { classicalMethods } from "../../src/classical/mod.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { meanOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { methods } from "../../src/recon/methods.ts";
import { samplerSettings } from "../../src/samplers/core/method.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import { samplers } from "../../src/samplers/mod.ts";
import { example, forward } from "../classical/support.ts";
import { runtime } from "../runtime.ts";
import { isotropicPrior, mriProblem } from "./support.ts";

const WEIGHTS = [1, 2, 4];
const mask = maskFromLines([1, 0, 1, 1, 1, 0, 1], 3);

/** The data come from another prior than the samplers have: an image of the prior does not explain them. */
const { arrays, measurement, matrix } = mriProblem(isotropicPrior([7, 3], 1), {
  mask,
  coils: 2,
  sigma: 0.05,
});
const { denoise } = isotropicPrior([7, 3], 0.02);
const SIGMA_DATA = Math.sqrt(0.02);

function residual(image: ArrayLike<number>): number {
  return Math.hypot(...forward(matrix, image).map((value, i) => value - arrays.y.data[i]));
}

function assertGrows(name: string, values: readonly number[]): void {
  values.slice(1).forEach((value, i) =>
    assert.ok(value > values[i], `${name}: residuals ${values} of weights ${WEIGHTS}`)
  );
}

for (const sampler of samplers) {
  Deno.test(`${sampler.name}: the residual grows with the weight`, async () => {
    assert.ok(sampler.weightRole, sampler.name);
    const found: number[] = [];
    for (const weight of WEIGHTS) {
      const settings = samplerSettings(sampler, { weight, steps: 12 }, SIGMA_DATA);
      const task = { sampler, settings, measurement, denoise, samples: 4 };
      const samples = await (await compileSampler(runtime, task)).run(arrays, new Rng(1));
      found.push(residual(meanOf(samples).data));
    }
    assertGrows(sampler.name, found);
  });
}

// nlinv's image belongs to maps of its own: with others it has no residual that means something. Its weight
// is tested in tests/classical/nlinv_test.ts.
const weighed = classicalMethods.filter(({ name, weightRole }) => weightRole && name !== "nlinv");

for (const method of weighed) {
  Deno.test(`${method.name}: the residual grows with the weight`, async () => {
    const found = example(2, mask, 0.05);
    const residuals: number[] = [];
    for (const weight of WEIGHTS) {
      const solver = await method.prepare(runtime, found.geometry, { weight });
      const { data } = await solver.solve(found.problem);
      const error = forward(found.matrix, data).map((v, i) => v - found.problem.y.data[i]);
      residuals.push(Math.hypot(...error));
    }
    assertGrows(method.name, residuals);
  });
}

Deno.test("methods say what the weight multiplies, or have none", () => {
  const without = methods.filter(({ weightRole }) => weightRole === undefined);
  assert.deepEqual(without.map(({ name }) => name), [
    ...["zero-filled", "rss", "cold"],
    ...["unet", "varnet", "humus", "modl", "neumann", "swinir"],
  ]);
});
