/** A run that leaves the range of images is a divergence, whatever the method. */
import assert from "node:assert/strict";
import { zeroFilled } from "../../src/classical/mod.ts";
import { DivergenceError } from "../../src/errors.ts";
import { mul } from "../../src/graph/mod.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { initialParameters } from "../../src/nn/mod.ts";
import { methods } from "../../src/recon/methods.ts";
import { Rng } from "../../src/rng.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import { defineSampler } from "../../src/samplers/mod.ts";
import { prepareUNet } from "../../src/unrolled/mod.ts";
import { allLines, everyOtherLine, example } from "../classical/support.ts";
import { runtime } from "../runtime.ts";
import { denseProblem, gaussianPrior } from "../samplers/support.ts";
import { unetSpecs } from "../../src/unrolled/mod.ts";

const diverged = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof DivergenceError && error.exitCode === 1, `${error}`);
  assert.match(error.message, message);
  return true;
};

const { measurement, arrays, prior: { denoise } } = denseProblem(
  gaussianPrior([2, 2], "diagonal"),
  3,
);

Deno.test("an iterate that grows a hundredfold is a divergence, finite or not: method, step and sigma", async () => {
  for (const factor of [7, Infinity]) {
    const sampler = defineSampler({
      name: "growing",
      defaults: { steps: 5, sigmaMax: 0.5, sigmaMin: 0.5 },
      // Each step evaluates the denoiser, so that it counts as one.
      stepKinds: () => ({
        step: ({ x, sigma, denoise }) => (denoise(x, sigma), { x: mul(x, factor) }),
      }),
      schedule: ({ steps }) =>
        Array.from({ length: steps }, () => ({ kind: "step", sigma: 0.5, sigmaNext: 0.5 })),
    });
    const task = { sampler, measurement, denoise, samples: 1 };
    const compiled = await compileSampler(runtime, task);
    const step = factor === 7 ? 3 : 1;
    await assert.rejects(
      compiled.run(arrays, new Rng(0)),
      diverged(new RegExp(`^growing diverged at step ${step} of 5, sigma 0.500: `)),
    );
  }
});

Deno.test("large noise is no divergence", async () => {
  const sampler = defineSampler({
    name: "noisy",
    defaults: { steps: 1, sigmaMax: 80, sigmaMin: 0.5 },
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
  });
  const task = { sampler, measurement, denoise, samples: 1 };
  const { data } = await (await compileSampler(runtime, task)).run(arrays, new Rng(0));
  assert.ok(Math.max(...data) > 50);
});

for (const name of ["zero-filled", "rss", "sense", "tv", "wavelet"]) {
  Deno.test(`${name}: data that are not finite end in a divergence`, async () => {
    const { geometry, problem } = example(2, everyOtherLine(8, 6));
    problem.y.data[3] = NaN;
    const solver = await methods.find((method) => method.name === name)!.prepare(runtime, geometry);
    await assert.rejects(solver.solve(problem), diverged(new RegExp(`^${name} diverged at `)));
  });
}

Deno.test("a bright point is no divergence for a method without iterations", async () => {
  const { geometry, problem } = example(1, allLines(8, 6));
  problem.y.data.forEach((value, i) => problem.y.data[i] = 1e6 * value);
  const solver = await zeroFilled.prepare(runtime, geometry);
  assert.ok((await solver.solve(problem)).data.some((value) => value > 1e4));
});

Deno.test("a network that gives NaN ends in a divergence", async () => {
  const config = { channels: 2, pools: 1 };
  const parameters = initialParameters(unetSpecs(config), new Rng(1));
  Object.values(parameters)[0].data.fill(NaN);
  const mask = maskFromLines(new Uint8Array(8).fill(1), 8);
  const geometry = { coils: 1, height: 8, width: 8, mask };
  const solver = await prepareUNet(runtime, geometry, { config, parameters });
  const { problem } = example(1, mask);
  await assert.rejects(solver.solve(problem), diverged(/^unet diverged at sigma 0\.00/));
});
