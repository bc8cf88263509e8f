import assert from "node:assert/strict";
import { compileInverse, compileSeen } from "../../src/method/inverse.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { type GeneratedMaskSpec, makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import { randomArray, relativeError } from "../mri/support.ts";
import { runtime } from "../runtime.ts";

const [IMAGES, HEIGHT, WIDTH] = [3, 15, 14];
const WEIGHT = 0.2;

/** A coil that sees all alike: A^H A is a projection P, and (P + w)^-1 = P / (1 + w) + (1 - P) / w. */
async function problem(text: string) {
  const mask = makeMask(parseMaskSpec(text) as GeneratedMaskSpec, HEIGHT, WIDTH);
  const measurement = mriMeasurement({ coils: 1, height: HEIGHT, width: WIDTH, mask });
  const ones = new Float32Array(2 * HEIGHT * WIDTH).fill(1, 0, HEIGHT * WIDTH);
  const maps = ndarray(ones, [1, 1, 2, HEIGHT, WIDTH]);
  const b = randomArray([IMAGES, 2, HEIGHT, WIDTH]);
  const program = await runtime.build<string, "seen">(
    { b: b.shape, ...measurement.inputs },
    ({ b, ...arrays }) => ({ seen: measurement.operator(arrays, IMAGES).normal(b) }),
  );
  const { seen } = await program.run({ b, maps });
  return { measurement, b, seen, task: { inputs: { maps }, weight: WEIGHT, iterations: 3 } };
}

for (const mask of ["full", "equispaced:R=2,acs=4", "poisson:R=2,acs=4"]) {
  Deno.test(`each image has the regularised inverse of its own, ${mask}`, async () => {
    const { measurement, b, seen, task } = await problem(mask);
    const found = await (await compileInverse(runtime, measurement))(b, task);
    const expected = b.data.map((value, i) =>
      seen.data[i] / (1 + WEIGHT) + (value - seen.data[i]) / WEIGHT
    );
    assert.equal(found.data.length, sizeOf(b.shape));
    assert.ok(relativeError(found.data, expected) < 1e-5);
  });

  Deno.test(`what the data determine of each image, ${mask}`, async () => {
    const { measurement, b, seen, task } = await problem(mask);
    const found = await (await compileSeen(runtime, measurement))(b, task);
    const expected = seen.data.map((value) => value / (1 + WEIGHT));
    assert.ok(relativeError(found.data, expected) < 1e-5);
  });
}

Deno.test("steps that the graph does not hold are refused", async () => {
  const { measurement, b, task } = await problem("full");
  const inverse = await compileInverse(runtime, measurement);
  await assert.rejects(inverse(b, { ...task, iterations: 4 }), /multiple of 3 .* found 4/);
});
