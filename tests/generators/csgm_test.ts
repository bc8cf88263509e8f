/** CSGM and DGP on generators whose best image is known. */
import assert from "node:assert/strict";
import { compileSearch, type LatentSearch } from "../../src/generators/core/latent_search.ts";
import type { Generator } from "../../src/generators/networks/generator.ts";
import { input, leakyRelu, reshape, type Tensor } from "../../src/graph/mod.ts";
import { ndarray } from "../../src/ndarray.ts";
import {
  constantScope,
  convLayer,
  initialParameters,
  parameterSpecs,
  type Scope,
} from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { phaseRetrieval } from "../../src/samplers/phase_retrieval.ts";
import { runtime } from "../runtime.ts";
import { denseMeasurement } from "./support.ts";
import { apply, inverse, matrixOf, times, transposed } from "../samplers/algebra.ts";

const SIZE = [4, 5] as const, PIXELS = 20, LATENT = 3, SAMPLES = 8, SIGMA = 0.1;

/** Two layers, or with `linear` one, from latent vectors to images. */
function smallGenerator(linear: boolean, seed = 3): Generator {
  const image = (scope: Scope, z: Tensor) => {
    const first = linear ? z : leakyRelu(convLayer(scope.at("head"), z, 12, { kernel: 1 }), 0.2);
    const flat = convLayer(scope.at("tail"), first, PIXELS, { kernel: 1 });
    return reshape(flat, [z.shape[0], 1, ...SIZE]);
  };
  const specs = parameterSpecs((scope) => image(scope, input("z", [1, LATENT, 1, 1])));
  return { latent: LATENT, specs, parameters: initialParameters(specs, new Rng(seed)), image };
}

const SETTINGS: LatentSearch = { steps: 400, restarts: 3, rate: 0.1, weight: 1 };

Deno.test("csgm of a linear generator is regularised least squares in its range", async () => {
  const rng = new Rng(5);
  const rows = matrixOf(SAMPLES, 2 * PIXELS, () => rng.normal() / 3);
  const linear = smallGenerator(true);
  const B = matrixOf(
    2 * PIXELS,
    LATENT,
    (i, j) => i < PIXELS ? linear.parameters["tail.weight"].data[i * LATENT + j] : 0,
  );
  const y = Float32Array.from(rng.normals(SAMPLES));
  const AB = times(rows, B), normal = times(transposed(AB), AB);
  normal.forEach((row, i) => row[i] += SIGMA ** 2);
  const expected = apply(B, apply(inverse(normal), apply(transposed(AB), y)));
  const measurement = denseMeasurement(rows, SIZE);
  const { solve, nfe } = await compileSearch(runtime, "csgm", measurement, linear, SETTINGS);
  assert.equal(nfe, 1200);
  const problem = { y: ndarray(y, measurement.y), inputs: {}, sigma: SIGMA };
  const { data, shape } = await solve(problem);
  assert.deepEqual(shape, [1, 2, ...SIZE]);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(data[i] - value) < 2e-3, `${data[i]} ${value}`)
  );
});

/** The real part of the image of a latent vector. */
async function imageOf(generator: Generator, z: Float32Array): Promise<Float32Array> {
  const program = await runtime.build({ z: [1, LATENT, 1, 1] }, ({ z }) => ({
    image: generator.image(constantScope(generator.parameters), z),
  }));
  return (await program.run({ z: ndarray(z, [1, LATENT, 1, 1]) })).image.data;
}

const rms = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (value, i) => (value - b[i]) ** 2).reduce((s, v) => s + v) / a.length);

Deno.test("csgm finds an image of a network from fewer samples than pixels, dgp one outside", async () => {
  const rng = new Rng(9);
  const generator = smallGenerator(false);
  const truth = await imageOf(generator, Float32Array.of(0.7, -1.1, 0.4));
  const rows = matrixOf(SAMPLES, 2 * PIXELS, () => rng.normal() / Math.sqrt(SAMPLES));
  const measurement = denseMeasurement(rows, SIZE);
  const solved = async (image: Float32Array, settings: LatentSearch) => {
    const y = apply(rows, [...image, ...new Float32Array(PIXELS)]);
    const problem = { y: ndarray(Float32Array.from(y), measurement.y), inputs: {}, sigma: 1e-3 };
    const { solve } = await compileSearch(runtime, "dgp", measurement, generator, settings);
    const { data } = await solve(problem);
    return { image: data.subarray(0, PIXELS), misfit: rms(apply(rows, data), y) };
  };
  const inside = await solved(truth, SETTINGS);
  assert.ok(rms(inside.image, truth) < 0.02 * rms(truth, new Float32Array(PIXELS)));
  const outside = truth.map((value) => value + 0.3 * rng.normal());
  const before = await solved(outside, SETTINGS);
  const after = await solved(outside, { ...SETTINGS, tuneSteps: 150, tuneRate: 0.01 });
  assert.ok(after.misfit < 0.2 * before.misfit, `${after.misfit} ${before.misfit}`);
});

Deno.test("csgm retrieves phases: magnitudes of the transform of an image of the network are enough", async () => {
  const generator = smallGenerator(false);
  const truth = await imageOf(generator, Float32Array.of(1.2, 0.3, -0.8));
  const measurement = phaseRetrieval(SIZE);
  const observe = await runtime.build({ x: [1, 2, ...SIZE] }, ({ x }) => ({
    y: measurement.operator({}, 1).forward(x),
  }));
  const image = ndarray(Float32Array.from([...truth, ...new Float32Array(PIXELS)]), [
    1,
    2,
    ...SIZE,
  ]);
  const { y } = await observe.run({ x: image });
  const settings = { ...SETTINGS, restarts: 8 };
  const { solve } = await compileSearch(runtime, "csgm", measurement, generator, settings);
  const { data } = await solve({ y, inputs: {}, sigma: 1e-3 });
  const found = data.subarray(0, PIXELS);
  const error = Math.min(rms(found, truth), rms(found.map((value) => -value), truth));
  assert.ok(error < 0.05 * rms(truth, new Float32Array(PIXELS)), `${error}`);
});

Deno.test("csgm makes grey pictures only", async () => {
  const colour = { ...phaseRetrieval(SIZE), sets: 3 };
  const search = compileSearch(runtime, "csgm", colour, smallGenerator(true), SETTINGS);
  await assert.rejects(search, /Cannot search a picture of 3 channels: csgm makes grey ones/);
});
