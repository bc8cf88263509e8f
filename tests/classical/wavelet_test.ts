import assert from "node:assert/strict";
import fc from "fast-check";
import { waveletShrinkage } from "../../src/classical/wavelet.ts";
import { haarAnalysis, haarSynthesis } from "../../src/classical/wavelet_transform.ts";
import { concat, type Tensor } from "../../src/graph/mod.ts";
import { constantOf } from "../../src/graph/ops/leaf.ts";
import { wavelet } from "../../src/classical/mod.ts";
import { waveletWeight } from "../../src/classical/weights.ts";
import { Rng } from "../../src/rng.ts";
import { adjoint, assertClose, everyOtherLine, example, forward, reconstruct } from "./support.ts";
import { runtime } from "../runtime.ts";

/** Sums of some ten float32 values at each of three levels. */
const FLOAT32 = 1e-5;

/** Limit of the step size of POGM. */
const GAMMA = 3;

const norm = (x: ArrayLike<number>) => Math.hypot(...Array.from(x));

async function evaluate(data: Float32Array, shape: number[], define: (x: Tensor) => Tensor) {
  const program = await runtime.build({ x: shape }, ({ x }) => ({ y: define(x) }));
  return (await program.run({ x: { data, shape } })).y.data;
}

/** All coefficients in one array. */
const coefficients = (x: Tensor, levels: number) => {
  const { coarse, details } = haarAnalysis(x, levels);
  const all = details.flat();
  return concat([coarse, ...all], 1);
};

Deno.test("The undecimated Haar transform keeps the norm and is undone by its adjoint, for any size", async () => {
  const side = fc.integer({ min: 1, max: 19 });
  await fc.assert(
    fc.asyncProperty(side, side, fc.integer({ min: 1, max: 4 }), async (height, width, levels) => {
      const shape = [1, 2, height, width];
      const x = new Rng(height).normals(2 * height * width);
      const bands = await evaluate(x, shape, (x) => coefficients(x, levels));
      assert.ok(Math.abs(norm(bands) - norm(x)) <= FLOAT32 * norm(x));
      assertClose(
        await evaluate(x, shape, (x) => haarSynthesis(haarAnalysis(x, levels))),
        x,
        FLOAT32,
      );
    }),
    { numRuns: 25 },
  );
});

Deno.test("Analysis and synthesis pass the dot test on coefficients that are no image's", async () => {
  for (const [height, width] of [[8, 6], [7, 5], [13, 11]]) {
    const size = 2 * height * width;
    const x = new Rng(1).normals(size);
    const c = new Rng(2).normals(7 * size);
    const shape = [1, 2, height, width];
    const bands = await evaluate(x, shape, (x) => coefficients(x, 2));
    const image = await evaluate(x, shape, () => {
      const [coarse, ...rest] = Array.from(
        { length: 7 },
        (_, i) => constantOf(c.slice(i * size, (i + 1) * size), shape),
      );
      const details = [0, 3].map((i) => rest.slice(i, i + 3));
      return haarSynthesis({ coarse, details });
    });
    const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
    assert.ok(Math.abs(inner(bands, c) - inner(x, image)) <= FLOAT32 * norm(bands) * norm(c));
  }
});

/** Soft thresholding in the orthonormal Haar basis of a complex image, three levels, in float64. */
function orthonormalShrinkage(x: Float64Array, height: number, width: number, threshold: number) {
  const plane = height * width;
  const out = Float64Array.from(x);
  const transform = (level: number, inverse: boolean) => {
    const [h, w] = [height >> level, width >> level];
    const along = (count: number, size: number, at: (line: number, i: number) => number) => {
      for (const part of [0, plane]) {
        for (let line = 0; line < count; line++) {
          const values = Array.from({ length: size }, (_, i) => out[part + at(line, i)]);
          for (let i = 0; i < size / 2; i++) {
            const [a, b] = inverse
              ? [values[i], values[i + size / 2]]
              : values.slice(2 * i, 2 * i + 2);
            const [first, second] = inverse ? [2 * i, 2 * i + 1] : [i, i + size / 2];
            out[part + at(line, first)] = (a + b) * Math.SQRT1_2;
            out[part + at(line, second)] = (a - b) * Math.SQRT1_2;
          }
        }
      }
    };
    const rows = () => along(h, w, (y, x) => y * width + x);
    const columns = () => along(w, h, (x, y) => y * width + x);
    rows();
    columns();
  };
  for (const level of [0, 1, 2]) transform(level, false);
  for (let i = 0; i < plane; i++) {
    if (i % width < width / 8 && i / width < height / 8) continue;
    const factor = Math.max(0, 1 - threshold / Math.hypot(out[i], out[plane + i]));
    out[i] *= factor;
    out[plane + i] *= factor;
  }
  for (const level of [2, 1, 0]) transform(level, true);
  return out;
}

Deno.test("Shrinkage in the frame is the mean over all shifts of shrinkage in the orthonormal basis", async () => {
  const [height, width, threshold] = [16, 8, 0.7];
  const x = new Rng(3).normals(2 * height * width);
  const expected = new Float64Array(x.length);
  const index = (i: number, dy: number, dx: number) => {
    const [part, y, column] = [
      Math.floor(i / (height * width)),
      Math.floor(i / width) % height,
      i % width,
    ];
    return part * height * width + (y + dy) % height * width + (column + dx) % width;
  };
  for (let dy = 0; dy < 8; dy++) {
    for (let dx = 0; dx < 8; dx++) {
      const shifted = Float64Array.from(x, (_, i) => x[index(i, dy, dx)]);
      orthonormalShrinkage(shifted, height, width, threshold)
        .forEach((value, i) => expected[index(i, dy, dx)] += value / 64);
    }
  }
  const t = constantOf(Float32Array.of(threshold), [1, 1, 1, 1]);
  const actual = await evaluate(x, [1, 2, height, width], (x) => waveletShrinkage(x, t));
  assertClose(actual, expected, FLOAT32);
});

Deno.test("wavelet converges to the fixed point of a gradient step and shrinkage", async () => {
  const given = example(4, everyOtherLine(16, 8), 0.05);
  const { matrix, problem } = given;
  const x = (await reconstruct(wavelet, given, { steps: 400, weight: 3 })).data;
  const residual = forward(matrix, x).map((value, i) => value - problem.y.data[i]);
  const gradient = adjoint(matrix, residual);
  const point = x.map((value, i) => value - GAMMA * gradient[i]);
  const threshold = GAMMA * 3 * waveletWeight(problem);
  const t = constantOf(Float32Array.of(threshold), [1, 1, 1, 1]);
  const again = await evaluate(point, [1, 2, 16, 8], (x) => waveletShrinkage(x, t));
  assertClose(again, x, 1e-3);
  const few = await reconstruct(wavelet, given, { weight: 3 });
  assertClose(few.data, x, 1e-2);
});
