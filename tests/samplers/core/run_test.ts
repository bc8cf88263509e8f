import { randomCoils } from "../../../src/train/random_coils.ts";
/** The loop: reproducible, independent of the batch, stopped by what is not finite, one graph call a step. */
import assert from "node:assert/strict";
import { DivergenceError } from "../../../src/errors.ts";
import {
  add,
  div,
  type InputShapes,
  max,
  mul,
  type NamedTensors,
  type Program,
  Runtime,
  sub,
  type Tensor,
} from "../../../src/graph/mod.ts";
import { TIKHONOV } from "../../../src/mri/physics/proximal.ts";
import { makeMask } from "../../../src/mri/sampling/masks.ts";
import { type GeneratedMaskSpec, parseMaskSpec } from "../../../src/mri/sampling/mask_spec.ts";
import { ndarray, sizeOf } from "../../../src/ndarray.ts";
import { type Denoiser } from "../../../src/nn/mod.ts";
import { Rng } from "../../../src/rng.ts";
import { samplers } from "../../../src/samplers/mod.ts";
import { daps } from "../../../src/samplers/daps.ts";
import { dps } from "../../../src/samplers/dps.ts";
import { pigdm } from "../../../src/samplers/pigdm.ts";
import { score } from "../../../src/samplers/score.ts";
import { mriMeasurement } from "../../../src/method/measurement.ts";
import { compileSteps, type SamplingTask } from "../../../src/samplers/core/compile.ts";
import { compileSampler } from "../../../src/samplers/core/run.ts";
import { assertClose } from "../../classical/support.ts";
import { draw, gaussianPrior, mriProblem } from "../support.ts";
import { runtime } from "../../runtime.ts";

const problem = mriProblem(gaussianPrior([3, 2], "correlated"));
const { measurement, arrays, prior: { denoise } } = problem;
const taskOf = (rest: Partial<SamplingTask>): SamplingTask => ({
  sampler: dps,
  settings: { steps: 3 },
  measurement,
  denoise,
  samples: 1,
  ...rest,
});

Deno.test("the same seed gives the same samples bit for bit, another seed others", async () => {
  const samplesOf = (seed: number) =>
    draw(runtime, score, problem, { count: 2, seed, settings: { steps: 3 } });
  const [first, again, other] = [await samplesOf(5), await samplesOf(5), await samplesOf(6)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  const size = first.length / 2;
  assert.notDeepEqual(first.slice(0, size), first.slice(size));
});

Deno.test("a batch equals single runs within 1e-5", async () => {
  for (const sampler of [score, daps, dps, pigdm]) {
    const run = async (batch: number) => {
      const task = taskOf({ sampler, samples: 3, batch });
      return (await (await compileSampler(runtime, task)).run(arrays, new Rng(2))).data;
    };
    assertClose(await run(3), await run(1), 1e-5);
  }
});

for (const coils of [1, 2]) {
  Deno.test(`every sampler draws a batch as it draws single samples, coils ${coils}`, async () => {
    const [height, width] = [12, 9];
    const mask = makeMask(
      parseMaskSpec("equispaced:R=2,acs=4") as GeneratedMaskSpec,
      height,
      width,
    );
    const scan = mriMeasurement({ coils, height, width, mask });
    const noise = (shape: readonly number[], seed: number) =>
      ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
    const maps = ndarray(randomCoils(new Rng(1), coils, [height, width]).data, scan.inputs.maps);
    const given = { y: noise(scan.y, 2), inputs: { maps }, sigma: 0.1 };
    const shrink: Denoiser = (x, sigma) => div(x, add(mul(sigma, sigma), 1));
    for (const sampler of samplers) {
      const run = async (batch: number) => {
        const settings = { steps: 2 };
        const task = { sampler, settings, measurement: scan, denoise: shrink, samples: 3, batch };
        return (await (await compileSampler(runtime, task)).run(given, new Rng(2))).data;
      };
      assertClose(await run(3), await run(1), 1e-5);
    }
  });
}

Deno.test("a network that gives what is not finite is caught, with step and noise level", async () => {
  const broken: Denoiser = (x, sigma) => div(x, max(sub(sigma, 0.5), 0));
  const task = taskOf({ denoise: broken, settings: { steps: 3, sigmaMax: 1, sigmaMin: 0.5 } });
  await assert.rejects(
    (await compileSampler(runtime, task)).run(arrays, new Rng(2)),
    (error: Error) =>
      error instanceof DivergenceError && error.exitCode === 1 &&
      /step 2 of 3, sigma 0\.316/.test(error.message) && error.hint !== undefined,
  );
});

type LoopProgram = Program<string, string, string>;
type Keep = { readonly keep?: readonly string[] };
type Definition = (inputs: Record<string, Tensor>) => Record<string, Tensor>;
const NOTHING_BOUND = { [Symbol.dispose]: () => {} };

Deno.test("dps and pigdm make one graph call a step, with the network in it once", async () => {
  for (const sampler of [dps, pigdm]) {
    const calls = { networks: 0, graphs: 0 };
    const counted = (program: LoopProgram): LoopProgram => ({
      ...program,
      run: (feeds) => (calls.graphs++, program.run(feeds)),
      bind: async (fixed) => Object.assign(counted(await program.bind(fixed)), NOTHING_BOUND),
    });
    const counting = {
      build: async (shapes: InputShapes<string>, define: Definition, options: Keep) =>
        counted(await runtime.build(shapes, define, options)),
      compile: async (inputs: NamedTensors, outputs: NamedTensors, options: Keep) =>
        counted(await runtime.compile(inputs, outputs, options)),
    } as unknown as Runtime;
    const once: Denoiser = (x, sigma) => (calls.networks++, denoise(x, sigma));
    const task = taskOf({ sampler, denoise: once, settings: { steps: 7 } });
    await (await compileSampler(counting, task)).run(arrays, new Rng(1));
    // A^H y, the steps of the start's conjugate gradients by threes, and those of the sampler.
    assert.deepEqual(
      calls,
      { networks: 1, graphs: 1 + TIKHONOV.start.iterations / 3 + 7 },
      sampler.name,
    );
  }
});

Deno.test("a run reports its progress and stops when it is told to", async () => {
  const compiled = await compileSampler(runtime, taskOf({ samples: 2, batch: 1 }));
  const fractions: number[] = [];
  await compiled.run(arrays, new Rng(1), { onProgress: (fraction) => fractions.push(fraction) });
  assert.deepEqual(fractions.map((f) => Math.round(6 * f)), [1, 2, 3, 4, 5, 6]);
  const stop = new AbortController();
  await assert.rejects(
    compiled.run(arrays, new Rng(1), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    }),
    /enough/,
  );
});

Deno.test("every sampler takes one step or many, ends at 0, and has ranges of its settings", async () => {
  for (const sampler of samplers) {
    const { name, defaults, ranges } = sampler;
    if (name === "ilvr") continue; // needs calibration lines, which this problem lacks
    const { steps: kinds } = await compileSteps(runtime, taskOf({ sampler }), defaults, 1);
    for (const steps of [1, 2, 17]) {
      const planned = sampler.schedule({ ...defaults, steps }, { sigma: 0.02 });
      assert.ok(planned.length >= steps, name);
      assert.equal(planned[planned.length - 1].sigmaNext, 0, name);
      assert.ok(planned.every(({ kind }) => kinds.has(kind)), name);
    }
    for (const [key, { low, high }] of Object.entries(ranges)) {
      assert.ok(Object.hasOwn(defaults, key) && low < high, `${name} ${key}`);
      const [value, slack] = [defaults[key], 1e-9];
      assert.ok(value >= low - slack && value <= high + slack, `${name} ${key}: default in range`);
    }
  }
});

Deno.test("a run warns where the prior is called at noise levels that it was not trained for", async () => {
  const codes = async (trained: readonly [number, number]) => {
    const found: string[] = [];
    const settings = { steps: 3, sigmaMax: 10 };
    const compiled = await compileSampler(runtime, taskOf({ sampler: score, settings, trained }));
    await compiled.run(arrays, new Rng(1), { onWarning: ({ code }) => found.push(code) });
    return found;
  };
  assert.deepEqual(await codes([1e-4, 30]), []);
  assert.deepEqual(await codes([1e-4, 5]), ["outside-sigma-range"]);
});
