import assert from "node:assert/strict";
import { tv } from "../../src/classical/mod.ts";
import { gradient, gradientAdjoint } from "../../src/classical/tv.ts";
import { tvWeight } from "../../src/classical/weights.ts";
import { Rng } from "../../src/rng.ts";
import {
  adjoint,
  everyOtherLine,
  type Example,
  example,
  forward,
  randomPlane,
  reconstruct,
} from "./support.ts";
import { runtime } from "../runtime.ts";

/** Differences of float32 values. */
const FLOAT32 = 1e-6;
/** Weight as a factor on the default, so that the prior matters. */
const FACTOR = 3;

/** Differences along H, then along W, of `[2, H, W]`, in float64. */
function differences(x: ArrayLike<number>, height: number, width: number): Float64Array {
  const size = 2 * height * width;
  const out = new Float64Array(2 * size);
  for (let i = 0; i < size; i++) {
    const [y, column] = [Math.floor(i / width) % height, i % width];
    if (y + 1 < height) out[i] = x[i + width] - x[i];
    if (column + 1 < width) out[size + i] = x[i + 1] - x[i];
  }
  return out;
}

/** Magnitude at pixel i over both directions, real and imaginary part. */
const magnitude = (p: ArrayLike<number>, i: number, plane: number) =>
  Math.hypot(p[i], p[i + plane], p[i + 2 * plane], p[i + 3 * plane]);

function objective({ matrix, problem, geometry }: Example, x: ArrayLike<number>): number {
  const { height, width } = geometry;
  const plane = height * width;
  const residual = forward(matrix, x).map((value, i) => value - problem.y.data[i]);
  const field = differences(x, height, width);
  let variation = 0;
  for (let i = 0; i < plane; i++) variation += magnitude(field, i, plane);
  const weight = FACTOR * tvWeight(problem, geometry);
  return residual.reduce((sum, value) => sum + value ** 2 / 2, 0) + weight * variation;
}

/** The adjoint of `differences`. */
function divergence(p: Float64Array, height: number, width: number): Float64Array {
  const size = 2 * height * width;
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const [y, column] = [Math.floor(i / width) % height, i % width];
    if (y + 1 < height) (out[i] -= p[i], out[i + width] += p[i]);
    if (column + 1 < width) (out[i] -= p[size + i], out[i + 1] += p[size + i]);
  }
  return out;
}

/** Another algorithm, in float64: the primal-dual method of Condat (2013) and Vu (2013). */
function primalDual(given: Example, iterations: number): Float64Array {
  const { matrix, problem, geometry: { height, width } } = given;
  const plane = height * width;
  const weight = FACTOR * tvWeight(problem, given.geometry);
  const b = adjoint(matrix, problem.y.data);
  let x = new Float64Array(2 * plane);
  const p = new Float64Array(4 * plane);
  for (let k = 0; k < iterations; k++) {
    const normal = adjoint(matrix, forward(matrix, x));
    const push = divergence(p, height, width);
    const next = x.map((value, i) => value - (normal[i] - b[i] + push[i]));
    const field = differences(next.map((value, i) => 2 * value - x[i]), height, width);
    p.forEach((_, i) => p[i] += field[i] / 16);
    for (let i = 0; i < plane; i++) {
      const factor = weight / Math.max(weight, magnitude(p, i, plane));
      for (let part = 0; part < 4; part++) p[i + part * plane] *= factor;
    }
    x = next;
  }
  return x;
}

Deno.test("The gradient is the forward difference, and passes the dot test with its adjoint", async () => {
  for (const [height, width] of [[8, 6], [7, 5], [1, 9], [4, 1]]) {
    const shape = [1, 2, height, width];
    const program = await runtime.build({ x: shape }, ({ x }) => {
      const [alongH, alongW] = gradient(x);
      return { alongH, alongW, back: gradientAdjoint([alongH, alongW]) };
    });
    const data = new Rng(1).normals(2 * height * width);
    const { alongH, alongW, back } = await program.run({ x: { data, shape } });
    const expected = differences(data, height, width);
    [...alongH.data, ...alongW.data].forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]) <= FLOAT32 * 10);
    });
    divergence(expected, height, width).forEach((value, i) => {
      assert.ok(Math.abs(back.data[i] - value) <= FLOAT32 * 20);
    });
  }
});

for (
  const [name, given] of [
    ["lines", example(4, everyOtherLine(8, 7), 0.1)],
    ["a plane", example(3, randomPlane(6, 7), 0.1)],
  ] as const
) {
  Deno.test(`tv reaches the minimum that another algorithm finds, for a mask of ${name}`, async () => {
    const minimum = objective(given, primalDual(given, 2000));
    const long = objective(
      given,
      (await reconstruct(tv, given, { steps: 400, weight: FACTOR })).data,
    );
    assert.ok(Math.abs(long - minimum) <= 1e-4 * minimum, `${long} is not ${minimum}`);
    const few = objective(given, (await reconstruct(tv, given, { weight: FACTOR })).data);
    assert.ok(few <= 1.01 * minimum, `${few} after the default steps, ${minimum} in the limit`);
  });
}
