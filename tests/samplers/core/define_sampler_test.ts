/** Samplers cannot be written wrong: names are checked by the compiler and at run time, calls are counted. */
import assert from "node:assert/strict";
import { UsageError } from "../../../src/errors.ts";
import { add, mul } from "../../../src/graph/mod.ts";
import { Rng } from "../../../src/rng.ts";
import { compileSteps } from "../../../src/samplers/core/compile.ts";
import { compileSampler } from "../../../src/samplers/core/run.ts";
import { defineSampler, type Sampler } from "../../../src/samplers/mod.ts";
import { runtime } from "../../runtime.ts";
import { denseProblem, gaussianPrior } from "../support.ts";

const { measurement, arrays, prior: { denoise } } = denseProblem(
  gaussianPrior([2, 2], "diagonal"),
  3,
);
const LEVELS = { steps: 3, sigmaMax: 1, sigmaMin: 0.5 };

const compile = (sampler: Sampler, settings = {}) =>
  compileSampler(runtime, { sampler, settings, measurement, denoise, samples: 1 });

/** Compiling and planning fail, and say which name is meant. */
const refuses = async (sampler: Sampler, message: RegExp) =>
  await assert.rejects(async () => (await compile(sampler)).nfe(0.1), message);

Deno.test("a misspelt setting does not compile, and is named at run time", async () => {
  const sampler = defineSampler({
    name: "mine",
    defaults: { ...LEVELS, weight: 1 },
    // @ts-expect-error: wieght is no setting
    stepKinds: ({ wieght }) => ({ step: ({ x }) => ({ x: mul(x, wieght) }) }),
  });
  await refuses(
    sampler,
    /Cannot use wieght: a setting of mine is required .*Did you mean weight\?/,
  );
  const inSchedule = defineSampler({
    name: "mine",
    defaults: LEVELS,
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
    // @ts-expect-error: sigmaMx is no setting
    schedule: ({ sigmaMx }) => [{ kind: "step", sigma: sigmaMx, sigmaNext: 0 }],
  });
  await refuses(inSchedule, /Cannot use sigmaMx: .*Did you mean sigmaMax\?/);
  defineSampler({
    name: "mine",
    defaults: LEVELS,
    // @ts-expect-error: setps is no setting
    ranges: { setps: { low: 1, high: 2 } },
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
  });
});

Deno.test("a misspelt variable does not compile, and is named at run time", async () => {
  const read = defineSampler({
    name: "mine",
    defaults: LEVELS,
    variables: { dual: "zero" },
    // @ts-expect-error: daul is no variable
    stepKinds: () => ({ step: ({ x, state }) => ({ x: add(x, state.daul) }) }),
  });
  await refuses(
    read,
    /Cannot use daul: a variable of mine is required \(dual\)\. Did you mean dual\?/,
  );
  const written = defineSampler({
    name: "mine",
    defaults: LEVELS,
    variables: { dual: "zero" },
    // @ts-expect-error: daul is no variable
    stepKinds: () => ({ step: ({ x }) => ({ x, daul: x }) }),
  });
  await refuses(written, /Cannot use daul: .*Did you mean dual\?/);
});

Deno.test("a misspelt kind of step or scalar does not compile, and is named at run time", async () => {
  const kind = defineSampler({
    name: "mine",
    defaults: LEVELS,
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
    // @ts-expect-error: stpe is no kind of step
    schedule: () => [{ kind: "stpe", sigma: 1, sigmaNext: 0 }],
  });
  await refuses(
    kind,
    /Cannot use stpe: a kind of step of mine is required \(step\)\. Did you mean step\?/,
  );
  const scalar = defineSampler({
    name: "mine",
    defaults: LEVELS,
    scalars: ["angle"],
    // @ts-expect-error: angel is no scalar
    stepKinds: () => ({ step: ({ x, scalars }) => ({ x: mul(x, scalars.angel) }) }),
  });
  await refuses(scalar, /Cannot use angel: a scalar of mine .*Did you mean angle\?/);
});

Deno.test("a setting that the sampler does not have is refused, with the one that is meant", async () => {
  const sampler = defineSampler({
    name: "mine",
    defaults: { ...LEVELS, eta: 1 },
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
  });
  await assert.rejects(
    compile(sampler, { eat: 0.5 }),
    (error) =>
      error instanceof UsageError && /Cannot set eat of mine/.test(error.message) &&
      error.hint === "Did you mean eta?",
  );
});

Deno.test("network evaluations and noise arrays are counted while a step is built", async () => {
  const sampler = defineSampler({
    name: "twice",
    defaults: LEVELS,
    stepKinds: () => ({
      step({ x, sigma, denoise, noise, dataNoise, data }) {
        const first = denoise(add(x, noise()), sigma);
        const back = data.operator.adjoint(dataNoise());
        return { x: denoise(add(add(first, noise()), back), sigma) };
      },
      rest: ({ x }) => ({ x }),
    }),
    schedule: ({ steps }) => [
      ...Array.from({ length: steps }, () => ({ kind: "step" as const, sigma: 1, sigmaNext: 1 })),
      { kind: "rest", sigma: 1, sigmaNext: 0 },
    ],
  });
  const compiled = await compile(sampler);
  assert.equal(compiled.nfe(0.1), 6);
  assert.equal(compiled.steps(0.1), 3);
  const task = { sampler, measurement, denoise, samples: 1 };
  const { steps } = await compileSteps(runtime, task, sampler.defaults, 1);
  const { nfe, noises, dataNoises } = steps.get("step")!;
  assert.deepEqual([nfe, noises, dataNoises], [2, 2, 1]);
});

Deno.test("variables start from zero or from x, and steps may leave x as it is", async () => {
  const sampler = defineSampler({
    name: "inner",
    defaults: { steps: 2 },
    variables: { inner: "x", sum: "zero" },
    scalars: ["factor"],
    stepKinds: () => ({
      grow: ({ state: { inner, sum }, scalars: { factor } }) => ({
        inner: mul(inner, factor),
        sum: add(sum, inner),
      }),
      finish: ({ x, state: { inner, sum } }) => ({ x: add(add(x, inner), sum) }),
    }),
    schedule: ({ steps }) => [
      ...Array.from({ length: steps }, () => ({
        kind: "grow" as const,
        sigma: 1,
        sigmaNext: 1,
        scalars: { factor: 3 },
      })),
      { kind: "finish", sigma: 1, sigmaNext: 0 },
    ],
  });
  const compiled = await compile({ ...sampler, start: { around: "zero", addNoise: true } });
  const { data } = await compiled.run(arrays, new Rng(1));
  const start = new Rng(1).split(0, 0, 0).normals(8); // x + 9 x + (x + 3 x)
  data.forEach((value, i) => assert.ok(Math.abs(value - 14 * start[i]) < 1e-4));
});

Deno.test("an error in a step is the author's: it names the sampler and keeps the cause", async () => {
  const broken = defineSampler({
    name: "mine",
    defaults: LEVELS,
    stepKinds: () => ({
      step: () => {
        throw new TypeError("x is not a function");
      },
    }),
  });
  await refuses(broken, /Cannot build a step of the sampler mine: x is not a function/);
});
