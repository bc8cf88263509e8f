/** Untrained networks on problems with a known answer, and the last step beside `tv`. */
import assert from "node:assert/strict";
import { tv } from "../../src/classical/tv.ts";
import { tvWeight } from "../../src/classical/weights.ts";
import { compileAround, PULLS } from "../../src/generators/core/around.ts";
import { compileSplits } from "../../src/generators/core/splits.ts";
import { compileUntrained } from "../../src/generators/core/untrained.ts";
import { convDecoderMethod, dip } from "../../src/generators/deep_image_prior.ts";
import type { Tensor } from "../../src/graph/mod.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { allOf, heldBack, keptOf } from "../../src/mri/sampling/hold_back.ts";
import { type GeneratedMaskSpec, makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { asBatch, ndarray, zeros } from "../../src/ndarray.ts";
import { convLayer, type Scope } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";
import { apply, inverse, matrixOf, times, transposed } from "../samplers/algebra.ts";
import { denseMeasurement } from "./support.ts";

const ZERO = { kind: "constant", value: 0 } as const;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
const rms = (a: ArrayLike<number>, b?: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (v, i) => (v - (b?.[i] ?? 0)) ** 2).reduce((s, v) => s + v) / a.length);

Deno.test("an untrained network that is linear finds least squares in its range", async () => {
  const size = [3, 4] as const, pixels = 12, channels = 4, samples = 9;
  const rng = new Rng(2);
  const rows = matrixOf(samples, 2 * pixels, () => rng.normal() / 3);
  const measurement = denseMeasurement(rows, size);
  const z = rng.normals(channels * pixels);
  let drawn = 0;
  const network = {
    inputShape: () => [1, channels, ...size],
    draw: () => z[drawn++ % z.length],
    image: (scope: Scope, x: Tensor) =>
      convLayer(scope.at("out"), x, 2, { kernel: 1, bias: false }),
  };
  const settings = { steps: 600, rate: 0.1, held: 0 };
  const nothing = () => zeros([1, samples]);
  const { fit } = await compileUntrained(runtime, "dip", measurement, network, settings, nothing);
  const y = rng.normals(samples);
  const problem = { y: ndarray(y, measurement.y), inputs: {}, sigma: 0.1 };
  const { image } = await fit(problem);
  // Columns: the channels of z as the real part, then as the imaginary part.
  const basis = matrixOf(2 * pixels, 2 * channels, (i, j) => {
    const [part, pixel] = [Math.floor(i / pixels), i % pixels];
    return Math.floor(j / channels) === part ? z[(j % channels) * pixels + pixel] : 0;
  });
  const AB = times(rows, basis);
  const weights = apply(
    inverse(times(transposed(AB), AB)),
    apply(transposed(AB), Float64Array.from(y)),
  );
  assert.ok(rms(image.data, apply(basis, weights)) < 0.02 * rms(image.data));
  // With total variation in the fit the sum of both is smaller than that of least squares.
  const weight = 0.3;
  const { image: flat } = await fit(problem, {}, weight);
  const cost = (x: Float32Array) =>
    apply(rows, Float64Array.from(x)).reduce((sum, v, i) => sum + (v - y[i]) ** 2 / 2, 0) +
    weight * totalVariation(x, size);
  assert.ok(cost(flat.data) < 0.99 * cost(image.data));
});

/** Isotropic total variation of a complex image, re and im one after the other. */
function totalVariation(x: ArrayLike<number>, [height, width]: readonly [number, number]): number {
  let sum = 0;
  for (let i = 0; i < height * width; i++) {
    const right = i % width < width - 1 ? 1 : 0, below = i + width < height * width ? width : 0;
    const at = [i, i + height * width];
    sum += Math.hypot(...at.flatMap((k) => [x[k + right] - x[k], x[k + below] - x[k]]));
  }
  return sum;
}

const SIZE = 32, COILS = 2;
const mask = makeMask(parseMaskSpec("equispaced:R=2,acs=8") as GeneratedMaskSpec, SIZE, SIZE);
const geometry = { coils: COILS, height: SIZE, width: SIZE, mask };

/** A square seen by two coils, with noise. */
async function squareProblem(sigma: number) {
  const rng = new Rng(4);
  const maps = zeros([1, COILS, 2, SIZE, SIZE]);
  const image = zeros([1, 2, SIZE, SIZE]);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const [row, column] = [Math.floor(i / SIZE), i % SIZE];
    const share = (row + 1) / (SIZE + 2);
    maps.data[i] = Math.sqrt(share);
    maps.data[2 * SIZE * SIZE + i] = Math.sqrt(1 - share);
    if (row > 8 && row < 24 && column > 6 && column < 26) image.data[i] = 1;
  }
  const { y: yShape, inputs, operator } = mriMeasurement(geometry);
  const shapes: Record<string, readonly number[]> = { x: image.shape, ...inputs };
  const program = await runtime.build<string, "y">(shapes, ({ x, ...arrays }) => ({
    y: operator(arrays, 1).forward(x),
  }));
  const { y } = await program.run({ x: image, maps });
  const noisy = y.data.map((value) => value + sigma * rng.normal());
  return { problem: { y: ndarray(noisy, yShape), inputs: { maps }, sigma }, image };
}

Deno.test("around(): without pull it is tv, and a good image of the network is taken up", async () => {
  const { problem, image } = await squareProblem(0.1);
  const held = heldBack(mask, 0.3, new Rng(1));
  const around = await compileAround(runtime, "dip", mriMeasurement(geometry), held.shape);
  const weight = tvWeight(problem, geometry);
  const reference = await (await tv.prepare(runtime, geometry)).solve(problem);
  const wrong = { image: { ...image, data: image.data.map((value) => -value) }, held };
  const alone = await around.solve(problem, wrong, weight);
  assert.equal(alone.pull, 0);
  assert.ok(rms(alone.image.data, reference.data) < 1e-5);
  const helped = await around.solve(problem, { image, held }, weight);
  assert.ok(helped.pull >= PULLS[2], `${helped.pull}`);
  assert.ok(rms(helped.image.data, image.data) < 0.9 * rms(reference.data, image.data));
});

Deno.test("conv-decoder is no worse than tv, repeats itself, and says when the network does not count", async () => {
  const { problem, image } = await squareProblem(0.05);
  const solver = await convDecoderMethod.method.prepare(runtime, geometry, { steps: 20 });
  assert.equal(solver.nfe, 20);
  const warnings: string[] = [];
  const control = () => ({
    rng: new Rng(3),
    onWarning: ({ code }: { code: string }) => warnings.push(code),
  });
  const first = await solver.solve(problem, control());
  assert.deepEqual(asBatch(first).shape, image.shape);
  const reference = await (await tv.prepare(runtime, geometry)).solve(problem);
  assert.ok(rms(first.data, image.data) < 1.1 * rms(reference.data, image.data));
  assert.equal(warnings.length > 0, rms(first.data, reference.data) < 1e-5);
  assert.deepEqual((await solver.solve(problem, control())).data, first.data);
});

Deno.test("dip is no worse than tv, which it is without pull, and repeats itself", async () => {
  const { problem, image } = await squareProblem(0.05);
  const solver = await dip.method.prepare(runtime, geometry, { steps: 50 });
  assert.equal(solver.nfe, 51);
  const first = await solver.solve(problem, { rng: new Rng(3) });
  assert.deepEqual(asBatch(first).shape, image.shape);
  assert.deepEqual((await solver.solve(problem, { rng: new Rng(3) })).data, first.data);
  const reference = await (await tv.prepare(runtime, geometry)).solve(problem);
  assert.ok(rms(first.data, reference.data) > 1e-4);
  assert.ok(rms(first.data, image.data) < 1.1 * rms(reference.data, image.data));
  const alone = await dip.method.prepare(runtime, geometry, { steps: 1, settings: { pull: 0 } });
  assert.ok(rms((await alone.solve(problem)).data, reference.data) < 1e-5);
});

Deno.test("a linear network that is fitted by splits finds least squares on all lines", async () => {
  const { problem } = await squareProblem(0.1);
  const measurement = mriMeasurement(geometry), { y, inputs } = problem;
  const linear = (scope: Scope, x: Tensor) =>
    convLayer(scope.at("out"), x, 2, { kernel: 1, bias: false, init: () => ZERO });
  const held = heldBack(mask, 0.4, new Rng(1)), weight = 0.02;
  // A pull as large as this gives the network's image.
  const settings = { steps: 800, rate: 0.02, held: 0.4, splits: 1, pull: 1e6 };
  const solve = await compileSplits(runtime, "dip", measurement, linear, settings, () => held);
  const found = await solve(problem, weight);
  const around = await compileAround(runtime, "dip", measurement, held.shape);
  const split = await around.image(problem, keptOf(held), weight);
  const whole = await around.image(problem, allOf(held), weight);
  // Columns: the real part of the split's image as real and as imaginary part, then its imaginary part.
  const pixels = SIZE * SIZE;
  const columns = (x: Float32Array) =>
    [0, 1].flatMap((from) =>
      [0, 1].map((to) => {
        const column = zeros([1, 2, SIZE, SIZE]);
        column.data.set(x.subarray(from * pixels, (from + 1) * pixels), to * pixels);
        return column;
      })
    );
  const program = await runtime.build<string, "y">(
    { x: split.shape, ...measurement.inputs },
    ({ x, ...arrays }) => ({ y: measurement.operator(arrays, 1).forward(x) }),
  );
  const forward = async (x: typeof split) => (await program.run({ x, ...inputs })).y.data;
  const A = await Promise.all(columns(split.data).map(forward));
  const start = await forward(split);
  const rest = Float64Array.from(y.data, (value, i) => value - start[i]);
  const normal = A.map((a) => Float64Array.from(A, (b) => dot(a, b)));
  const theta = apply(inverse(normal), Float64Array.from(A, (a) => dot(a, rest)));
  const expected = whole.data.slice();
  columns(whole.data).forEach(({ data }, k) =>
    data.forEach((value, i) => expected[i] += theta[k] * value)
  );
  assert.ok(rms(expected, whole.data) > 0.01 * rms(whole.data));
  assert.ok(rms(found.data, expected) < 1e-3 * rms(expected));
});
