/** Projections of the denoised image, and measurements with steps. */
import assert from "node:assert/strict";
import {
  add,
  constantOf,
  evaluate,
  input,
  mul,
  round,
  type Tensor,
} from "../../../src/graph/mod.ts";
import type { Measurement } from "../../../src/method/measurement.ts";
import { denoising } from "../../../src/mri/physics/restoration_operators.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { compileSampler } from "../../../src/samplers/core/run.ts";
import { residualGradient, residualImage } from "../../../src/samplers/core/data_term.ts";
import {
  intensityRange,
  knownSupport,
  positivity,
  projected,
  type Projection,
} from "../../../src/samplers/core/projection.ts";
import { diffpir } from "../../../src/samplers/diffpir.ts";
import { dps } from "../../../src/samplers/dps.ts";
import { pigdm } from "../../../src/samplers/pigdm.ts";
import { runtime } from "../../runtime.ts";
import { isotropicPrior } from "../support.ts";

const SHAPE = [1, 2, 1, 3];

function value(build: (x: Tensor) => Tensor, data: readonly number[]): number[] {
  const x = input("x", SHAPE);
  const [y] = evaluate([build(x)], new Map([[x, { data: Float64Array.from(data), shape: SHAPE }]]));
  return [...y.data];
}

/** What was measured: the image itself, rounded to whole numbers. */
const rounded = { ...denoising(SHAPE), nonlinear: round };
const y = constantOf(Float32Array.of(1, 2, 3, 0, 0, 0), SHAPE);
const data = {
  operator: rounded,
  y,
  adjoint: y,
  sigma: constantOf(Float32Array.of(0.1), [1, 1, 1, 1]),
};
const IMAGE = [0.6, 2.7, -0.2, 0.1, -0.4, 0.3];

Deno.test("each projection gives the nearest image that obeys", () => {
  const of = ({ project }: Projection) => value((x) => project(x, data), IMAGE);
  assert.deepEqual(of(positivity), [0.6, 2.7, 0, 0, 0, 0]);
  assert.deepEqual(of(intensityRange(0.5, 1)), [0.6, 1, 0.5, 0, 0, 0]);
  assert.deepEqual(of(knownSupport([1, 0, 1], [1, 3])), [0.6, 0, -0.2, 0.1, -0, 0.3]);
});

Deno.test("a projection is applied at the chosen levels alone, one after the other", () => {
  const half: Projection = { project: (x) => mul(x, 0.5), below: 0.1 };
  const one: Projection = { project: (x) => add(x, 1) };
  const at = (sigma: number) =>
    value(
      (x) => projected(x, constantOf(Float32Array.of(sigma), [1, 1, 1, 1]), data, [half, one]),
      [
        ...[1, 2, 3],
        ...[4, 5, 6],
      ],
    );
  assert.deepEqual(at(0.2), [2, 3, 4, 5, 6, 7]);
  assert.deepEqual(at(0.05), [1.5, 2, 2.5, 3, 3.5, 4]);
});

Deno.test("the residual of a measurement with steps is that of the steps, its derivative that of the stand-in", () => {
  const expected = [1 - 1, 2 - 3, 3 - 0, 0, 0, 0];
  const close = (found: number[]) =>
    found.forEach((v, i) => assert.ok(Math.abs(v - expected[i]) < 1e-6, `${found}`));
  close(value((x) => residualImage(data, x), IMAGE));
  close(value((x) => mul(residualGradient(data, mul(x, 2), x), -0.5), IMAGE.map((v) => v / 2)));
});

const SIZE = [6, 7] as const;

/** Steps of 0.5, of an image of unit variance. */
function quantised() {
  const truth = new Rng(3).normals(2 * 6 * 7);
  const measurement: Measurement = {
    image: SIZE,
    y: [1, 2, ...SIZE],
    inputs: {},
    operator: (_inputs, batch) => ({
      ...denoising([batch, 2, ...SIZE]),
      nonlinear: (x) => mul(round(mul(x, 2)), 0.5),
    }),
  };
  const steps = truth.map((v) => Math.round(2 * v) / 2);
  return { truth, steps, measurement, y: ndarray(steps, [1, 2, ...SIZE]) };
}

for (const sampler of [pigdm, dps, diffpir]) {
  Deno.test(`${sampler.name} finds images that are measured as the data say, through steps`, async () => {
    const { steps, measurement, y } = quantised();
    const { denoise } = isotropicPrior(SIZE, 1);
    const settings = {
      ...{ steps: 40, weight: 1, sigmaMax: 1, sigmaMin: 0.2 },
      ...("sigmaData" in sampler.defaults ? { sigmaData: 1 } : {}),
    };
    const task = { sampler, settings, measurement, denoise, samples: 1 };
    const drawn = await (await compileSampler(runtime, task))
      .run({ y, inputs: {}, sigma: 0.05 }, new Rng(1));
    const same = [...drawn.data].filter((v, i) => Math.abs(v - steps[i]) < 0.3).length;
    assert.ok(same >= 0.95 * steps.length, `${same} of ${steps.length}`);
  });
}

Deno.test("a sampler whose images are projected ends with such an image", async () => {
  const { measurement, y } = quantised();
  const { denoise } = isotropicPrior(SIZE, 1);
  const projections = [positivity];
  const task = { sampler: diffpir, measurement, denoise, samples: 1, projections };
  const compiled = await compileSampler(runtime, { ...task, settings: { weight: 1e6 } });
  const { data } = await compiled.run({ y, inputs: {}, sigma: 0.05 }, new Rng(1));
  assert.ok(data.every((v, i) => i < 42 ? v > -0.01 : Math.abs(v) < 0.01), `${data}`);
});
