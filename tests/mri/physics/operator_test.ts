import assert from "node:assert/strict";
import fc from "fast-check";
import { constant } from "../../../src/graph/mod.ts";
import { conjugateGradients } from "../../../src/mri/physics/cg.ts";
import {
  makeMask,
  maskFromLines,
  maskFromPlane,
  type SamplingMask,
} from "../../../src/mri/sampling/masks.ts";
import { densestComb } from "../../../src/mri/physics/dft.ts";
import {
  compose,
  mriOperator,
  regularised,
  sampledFourier,
} from "../../../src/mri/physics/operator.ts";
import { Rng } from "../../../src/rng.ts";
import { dot, evaluate, randomArray, relativeError } from "../support.ts";
import { runtime } from "../../runtime.ts";

const F32 = 2e-5;

const lineMask = (height: number, width: number, acs: number): SamplingMask =>
  makeMask(
    { kind: "equispaced", text: "test", acceleration: 3, acs: Math.min(acs, height) },
    height,
    width,
  );

function planeMask(height: number, width: number): SamplingMask {
  const rng = new Rng(height * 100 + width);
  const values = Uint8Array.from({ length: height * width }, () => rng.uniform() < 0.4 ? 1 : 0);
  values[0] = 1;
  return maskFromPlane(values, height, width);
}

const shapes = fc.record({
  coils: fc.integer({ min: 1, max: 16 }),
  height: fc.integer({ min: 1, max: 67 }),
  width: fc.integer({ min: 1, max: 23 }),
  batch: fc.integer({ min: 1, max: 2 }),
  plane: fc.boolean(),
});

Deno.test("mriOperator() passes the dot test on random complex data with 1 to 16 coils", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ coils, height, width, batch, plane }) => {
      const mask = plane ? planeMask(height, width) : lineMask(height, width, 4);
      const maps = constant(randomArray([1, coils, 2, height, width], 3));
      const operator = mriOperator(maps, mask, batch);
      const x = randomArray(operator.domain, 4);
      const y = randomArray(operator.range, 5);
      const ax = await evaluate(runtime, x, operator.forward);
      const aty = await evaluate(runtime, y, operator.adjoint);
      const scale = Math.sqrt(dot(ax.data, ax.data) * dot(y.data, y.data)) + 1e-6;
      assert.ok(Math.abs(dot(ax.data, y.data) - dot(x.data, aty.data)) / scale < F32);
    }),
    { numRuns: 30 },
  );
});

Deno.test("mriOperator().normal is adjoint after forward, however it is computed", async () => {
  for (const [height, acs] of [[64, 60], [63, 63], [128, 8], [53, 53], [96, 90], [96, 8]]) {
    const maps = constant(randomArray([1, 3, 2, height, 5], 6));
    const operator = mriOperator(maps, lineMask(height, 5, acs));
    const x = randomArray(operator.domain, 7);
    const direct = await evaluate(runtime, x, operator.normal);
    const steps = await evaluate(runtime, x, (x) => operator.adjoint(operator.forward(x)));
    assert.ok(relativeError(direct.data, steps.data) < F32, `${height}`);
  }
});

Deno.test("densestComb() finds equally spaced lines that go on across the end", () => {
  assert.deepEqual(densestComb([0, 4, 8], 12), { period: 4, first: 0 });
  assert.deepEqual(densestComb([1, 3, 4, 5, 7, 9], 10), { period: 2, first: 1 });
  assert.deepEqual(densestComb([0, 1, 2, 3], 4), { period: 1, first: 0 });
  assert.equal(densestComb([0, 4, 8], 11), undefined);
  assert.equal(densestComb([0, 4], 12), undefined);
});

Deno.test("lines of a comb fold: normal equals adjoint after forward, from any first line", async () => {
  for (
    const [height, period, first] of [[96, 4, 0], [96, 8, 3], [63, 3, 2], [66, 11, 5], [35, 7, 6]]
  ) {
    for (const others of [[], [1, 30, 31]]) {
      const values = Uint8Array.from(
        { length: height },
        (_, line) => line % period === first || others.includes(line) ? 1 : 0,
      );
      const operator = sampledFourier([2, 3, 2, height, 4], maskFromLines(values, 4));
      const x = randomArray(operator.domain, height + period);
      const direct = await evaluate(runtime, x, operator.normal);
      const steps = await evaluate(runtime, x, (x) => operator.adjoint(operator.forward(x)));
      assert.ok(relativeError(direct.data, steps.data) < F32, `${height} ${period} ${others}`);
    }
  }
});

Deno.test("compose() refuses operators that do not fit", () => {
  const maps = constant(randomArray([1, 2, 2, 8, 5]));
  const operator = mriOperator(maps, lineMask(8, 5, 2));
  assert.throws(() => compose(operator, operator), /must equal range/);
});

Deno.test("conjugateGradients() solves the regularised normal equations of a complex operator", async () => {
  const maps = constant(randomArray([1, 4, 2, 12, 5], 8));
  const operator = mriOperator(maps, lineMask(12, 5, 4), 2);
  const solve = regularised(operator, 0.5);
  const x = randomArray([2, 2, 12, 5], 9);
  const b = await evaluate(runtime, x, solve);
  const found = await evaluate(runtime, b, (b) => conjugateGradients(solve, b, 60));
  assert.ok(relativeError(found.data, x.data) < 1e-3);
});

Deno.test("conjugateGradients() stays put after convergence", async () => {
  const b = randomArray([1, 2, 4, 4], 10);
  const x = await evaluate(runtime, b, (b) => conjugateGradients((x) => x, b, 50));
  assert.ok(relativeError(x.data, b.data) < 1e-6);
});
