import assert from "node:assert/strict";
import fc from "fast-check";
import { dft2, dftH, dftHRows, dftHRowsAdjoint, dftW } from "../../../src/mri/physics/dft.ts";
import { dot, evaluate, naiveDftH, randomArray, relativeError, turned } from "../support.ts";
import { runtime } from "../../runtime.ts";

/** Float32 products of a few hundred terms against float64. */
const F32 = 1e-5;

const LENGTHS = [1, 2, 5, 7, 13, 96, 126, 216, 230, 251, 256, 320, 368, 372, 640];

for (const length of LENGTHS) {
  Deno.test(`dftH() agrees with the definition in float64 at length ${length}`, async () => {
    const x = randomArray([2, length, 3], length);
    const forward = await evaluate(runtime, x, (x) => dftH(x));
    assert.ok(relativeError(forward.data, naiveDftH(x, -1)) < F32);
    const inverse = await evaluate(runtime, x, (x) => dftH(x, "inverse"));
    assert.ok(relativeError(inverse.data, naiveDftH(x, 1)) < F32);
  });

  Deno.test(`dftW() is dftH() of the turned array at length ${length}`, async () => {
    const x = randomArray([2, 3, length], length + 1);
    const direct = await evaluate(runtime, x, (x) => dftW(x));
    const other = turned({
      data: Float32Array.from(naiveDftH(turned(x), -1)),
      shape: [2, length, 3],
    });
    assert.ok(relativeError(direct.data, other.data) < F32);
  });
}

Deno.test("dft2() and its inverse undo each other for any shape", async () => {
  const size = fc.integer({ min: 1, max: 70 });
  await fc.assert(
    fc.asyncProperty(size, size, fc.integer({ min: 1, max: 3 }), async (height, width, coils) => {
      const x = randomArray([coils, 2, height, width], height * 71 + width);
      const back = await evaluate(runtime, x, (x) => dft2(dft2(x), "inverse"));
      assert.ok(relativeError(back.data, x.data) < F32);
    }),
    { numRuns: 40 },
  );
});

Deno.test("dft2() keeps the norm for any shape", async () => {
  const size = fc.integer({ min: 1, max: 130 });
  await fc.assert(
    fc.asyncProperty(size, size, async (height, width) => {
      const x = randomArray([2, height, width], height * 131 + width);
      const y = await evaluate(runtime, x, (x) => dft2(x));
      const ratio = dot(y.data, y.data) / dot(x.data, x.data);
      assert.ok(Math.abs(ratio - 1) < F32);
    }),
    { numRuns: 30 },
  );
});

Deno.test("dftHRows() takes lines of the whole transform, and its adjoint passes the dot test", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 90 }).chain((height) =>
        fc.tuple(
          fc.constant(height),
          fc.uniqueArray(fc.integer({ min: 0, max: height - 1 }), { minLength: 1 }),
        )
      ),
      async ([height, rows]) => {
        const x = randomArray([2, 2, height, 3], height);
        const y = randomArray([2, 2, rows.length, 3], height + 1);
        const ax = await evaluate(runtime, x, (x) => dftHRows(x, rows, "forward"));
        const aty = await evaluate(runtime, y, (y) => dftHRowsAdjoint(y, rows, height, "forward"));
        const scale = Math.sqrt(dot(ax.data, ax.data) * dot(y.data, y.data)) + 1e-9;
        assert.ok(Math.abs(dot(ax.data, y.data) - dot(x.data, aty.data)) / scale < F32);
        const whole = await evaluate(runtime, x, (x) => dftH(x));
        const picked = rows.map((row) => whole.data[row * 3]);
        const lines = rows.map((_, i) => ax.data[i * 3]);
        picked.forEach((value, i) => assert.ok(Math.abs(value - lines[i]) < 1e-4));
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("dftH() refuses an array without a re/im axis", async () => {
  await assert.rejects(
    () => evaluate(runtime, randomArray([3, 4, 5]), (x) => dftH(x)),
    /complex array \[\.\.\., 2, H, W\] is required/,
  );
});
