/** The network evaluations that a sampler reports, against those in the graphs that really run. */
import assert from "node:assert/strict";
import {
  add,
  div,
  mul,
  type NamedTensors,
  type Program,
  type Runtime,
  tanh,
} from "../../../src/graph/mod.ts";
import { topological } from "../../../src/graph/tensor.ts";
import { mriMeasurement } from "../../../src/method/measurement.ts";
import { makeMask } from "../../../src/mri/sampling/masks.ts";
import { ndarray, sizeOf } from "../../../src/ndarray.ts";
import type { Denoiser } from "../../../src/nn/mod.ts";
import { Rng } from "../../../src/rng.ts";
import { compileSampler, samplers } from "../../../src/samplers/mod.ts";
import { randomCoils } from "../../../src/train/random_coils.ts";
import { runtime } from "../../runtime.ts";

const [COILS, HEIGHT, WIDTH] = [2, 12, 9];
const SIGMA = 0.1;

/** A denoiser with an operator of its own: as many of them as a graph holds, so often it is evaluated. */
const MARK = "Tanh";
const marked: Denoiser = (x, sigma) => tanh(div(x, add(mul(sigma, sigma), 1)));

/** The runtime, which adds up what its programs hold of {@link MARK} whenever one runs. */
function counting(counted: { evaluations: number }): Runtime {
  const counter = (program: Program, marks: number): Program => ({
    ...program,
    run: (feeds) => {
      counted.evaluations += marks;
      return program.run(feeds);
    },
    bind: async (fixed) => {
      const bound = await program.bind(fixed);
      return Object.assign(counter(bound, marks), {
        [Symbol.dispose]: () => bound[Symbol.dispose](),
      });
    },
  });
  return {
    build: (...args: Parameters<Runtime["build"]>) => runtime.build(...args),
    compile: async (inputs: NamedTensors, outputs: NamedTensors, options: object) => {
      const nodes = topological(Object.values(outputs));
      const marks = nodes.filter(({ op }) => op === MARK).length;
      return counter(await runtime.compile(inputs, outputs, options) as Program, marks);
    },
  } as unknown as Runtime;
}

const mask = makeMask(
  { kind: "equispaced", text: "", acceleration: 2, acs: 4 },
  HEIGHT,
  WIDTH,
);
const measurement = mriMeasurement({ coils: COILS, height: HEIGHT, width: WIDTH, mask });
const random = (shape: readonly number[], seed: number) =>
  ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
const problem = {
  y: random(measurement.y, 1),
  inputs: {
    maps: ndarray(randomCoils(new Rng(2), COILS, [HEIGHT, WIDTH]).data, measurement.inputs.maps),
  },
  sigma: SIGMA,
};

for (const sampler of samplers) {
  Deno.test(`${sampler.name} evaluates the network as often as it says`, async () => {
    const counted = { evaluations: 0 };
    const samples = 2;
    const task = {
      sampler,
      settings: { steps: 3 },
      measurement,
      denoise: marked,
      samples,
      batch: 1,
    };
    const compiled = await compileSampler(counting(counted), task);
    await compiled.run(problem, new Rng(3));
    assert.equal(compiled.nfe(SIGMA), counted.evaluations);
    assert.ok(counted.evaluations >= samples * 3);
    assert.ok(compiled.steps(SIGMA) * samples <= counted.evaluations);
  });
}
