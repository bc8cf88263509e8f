import assert from "node:assert/strict";
import fc from "fast-check";
import { constant } from "../../../src/graph/mod.ts";
import { conjugateGradients } from "../../../src/mri/physics/cg.ts";
import { columnBases } from "../../../src/mri/physics/column_basis.ts";
import { mriOperator, regularised } from "../../../src/mri/physics/operator.ts";
import { mriSpectrum } from "../../../src/mri/physics/spectrum.ts";
import { makeMask, maskFromPlane, type SamplingMask } from "../../../src/mri/sampling/masks.ts";
import { type NdArray, partOf, sizeOf } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";
import { apply, inverse, matrixOf, plus, times, transposed } from "../../samplers/algebra.ts";
import { dot, evaluate, naiveDftH, randomArray, relativeError } from "../support.ts";

const F32 = 2e-5;

function maskOf(height: number, width: number, plane: boolean): SamplingMask {
  const lines = { kind: "equispaced", text: "test", acceleration: 3, acs: 2 } as const;
  if (!plane) return makeMask(lines, height, width);
  const rng = new Rng(height);
  const values = Uint8Array.from({ length: height * width }, () => rng.uniform() < 0.4 ? 1 : 0);
  values[0] = 1;
  return maskFromPlane(values, height, width);
}

Deno.test("several sets of maps: the dot test, and normal as adjoint after forward", async () => {
  const cases = fc.record({
    sets: fc.integer({ min: 1, max: 3 }),
    coils: fc.integer({ min: 1, max: 5 }),
    height: fc.constantFrom(2, 7, 12, 13, 30),
    width: fc.constantFrom(1, 4, 5, 11),
    batch: fc.integer({ min: 1, max: 2 }),
    plane: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ sets, coils, height, width, batch, plane }) => {
      const maps = constant(randomArray([sets, coils, 2, height, width], 3));
      const operator = mriOperator(maps, maskOf(height, width, plane), batch);
      assert.deepEqual(operator.domain, [batch, 2 * sets, height, width]);
      const x = randomArray(operator.domain, 4), y = randomArray(operator.range, 5);
      const ax = await evaluate(runtime, x, operator.forward);
      const aty = await evaluate(runtime, y, operator.adjoint);
      const scale = Math.sqrt(dot(ax.data, ax.data) * dot(y.data, y.data)) + 1e-6;
      assert.ok(Math.abs(dot(ax.data, y.data) - dot(x.data, aty.data)) / scale < F32);
      const normal = await evaluate(runtime, x, operator.normal);
      const steps = await evaluate(runtime, ax, operator.adjoint);
      const size = Math.sqrt(dot(steps.data, steps.data)) + 1e-6;
      const difference = normal.data.map((value, i) => value - steps.data[i]);
      assert.ok(Math.sqrt(dot(difference, difference)) / size < F32);
    }),
    { numRuns: 20 },
  );
});

/** A x by the definition, in float64: the sum over the sets of maps times image, transformed, on the lines. */
function definition(maps: NdArray, { lines }: SamplingMask, x: Float64Array): Float64Array {
  const [sets, coils, , height, width] = maps.shape;
  const plane = height * width;
  const y: number[] = [];
  for (let coil = 0; coil < coils; coil++) {
    const image = new Float64Array(2 * plane);
    for (let set = 0; set < sets; set++) {
      const { data } = partOf(partOf(maps, set), coil);
      for (let i = 0; i < plane; i++) {
        const [a, b] = [data[i], data[plane + i]];
        const [u, v] = [x[2 * set * plane + i], x[(2 * set + 1) * plane + i]];
        image[i] += a * u - b * v;
        image[plane + i] += a * v + b * u;
      }
    }
    const kspace = naiveDftH(
      { data: Float32Array.from(image), shape: [2, height, width] },
      -1,
    );
    for (let part = 0; part < 2; part++) {
      for (const line of lines) {
        y.push(...kspace.subarray(part * plane + line * width, part * plane + (line + 1) * width));
      }
    }
  }
  return Float64Array.from(y);
}

Deno.test("two sets in dense algebra: forward, and regularised least squares", async () => {
  const maps = randomArray([2, 3, 2, 7, 2], 8);
  const mask = maskOf(7, 2, false);
  const operator = mriOperator(constant(maps), mask);
  const n = sizeOf(operator.domain), m = sizeOf(operator.range);
  const columns = Array.from({ length: n }, (_, j) => {
    const unit = new Float64Array(n);
    unit[j] = 1;
    return definition(maps, mask, unit);
  });
  const a = matrixOf(m, n, (i, j) => columns[j][i]);
  const x = randomArray(operator.domain, 9), y = randomArray(operator.range, 10);
  const forward = await evaluate(runtime, x, operator.forward);
  assert.ok(relativeError(forward.data, apply(a, x.data)) < F32);
  const weight = 0.5;
  const identity = matrixOf(n, n, (i, j) => i === j ? 1 : 0);
  const expected = apply(
    inverse(plus(times(transposed(a), a), identity, weight)),
    apply(transposed(a), y.data),
  );
  const found = await evaluate(
    runtime,
    y,
    (y) => conjugateGradients(regularised(operator, weight), operator.adjoint(y), 80),
  );
  assert.ok(relativeError(found.data, expected) < 1e-3);
});

Deno.test("the eigenbasis of two sets diagonalises A^H A", async () => {
  const [height, width] = [6, 3];
  const maps = randomArray([2, 4, 2, height, width], 11);
  const mask = maskOf(height, width, false);
  const { vectors, squares } = await columnBases(maps, mask.lines);
  const { spectrum } = mriSpectrum({ coils: 4, sets: 2 }, mask);
  const operator = mriOperator(constant(maps), mask, 2);
  const c = randomArray([2, 2, 2 * height, width], 12);
  const bases = { vectors: constant(vectors), squares: constant(squares) };
  const adjoint = constant(randomArray([1, 4, height, width], 13));
  const { analyse, synthesise } = spectrum({ ...bases, adjoint });
  const found = await evaluate(runtime, c, (c) => analyse(operator.normal(synthesise(c))));
  const plane = 2 * height * width;
  const expected = c.data.map((value, i) => value * squares.data[i % plane]);
  assert.ok(relativeError(found.data, expected) < F32);
});
