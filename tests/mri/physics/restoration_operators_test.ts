/** Operators of the restoration literature. */
import assert from "node:assert/strict";
import {
  averagePooling,
  denoising,
  gaussianBlur,
  inpainting,
} from "../../../src/mri/physics/restoration_operators.ts";
import { Rng } from "../../../src/rng.ts";
import { linearMeasurement } from "../../../src/method/measurement.ts";
import { assertClose } from "../../classical/support.ts";
import { applied, dotTest } from "./restoration_support.ts";

Deno.test("each operator and its adjoint agree, at odd, even and prime sizes", () => {
  for (const [height, width] of [[6, 4], [5, 7], [9, 3]]) {
    const shape = [2, 2, height, width];
    const kept = Float32Array.from(new Rng(3).normals(height * width), (v) => v > 0 ? 1 : 0);
    dotTest(denoising(shape));
    dotTest(inpainting(shape, kept));
    dotTest(gaussianBlur(shape, 0.8));
    dotTest(gaussianBlur(shape, 3)); // wider than the image
  }
  dotTest(averagePooling([2, 2, 6, 4], 2));
  dotTest(averagePooling([1, 2, 9, 3], 3));
});

Deno.test("inpainting keeps what it is told to", () => {
  const y = applied(inpainting([1, 2, 2, 2], [1, 0, 0, 1]).forward, [1, 2, 2, 2], [
    ...[1, 2, 3, 4],
    ...[5, 6, 7, 8],
  ]);
  assert.deepEqual([...y], [1, 0, 0, 4, 5, 0, 0, 8]);
  assert.throws(() => inpainting([1, 2, 2, 2], [1]), RangeError);
});

Deno.test("averagePooling gives the means of blocks", () => {
  const { forward, range } = averagePooling([1, 1, 2, 4], 2);
  assert.deepEqual(range, [1, 1, 1, 2]);
  assert.deepEqual([...applied(forward, [1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8])], [3.5, 5.5]);
  assert.throws(() => averagePooling([1, 2, 5, 4], 2), RangeError);
});

Deno.test("gaussianBlur keeps constants, and makes a Gaussian of a point", () => {
  const shape = [1, 1, 15, 11];
  const { forward } = gaussianBlur(shape, 1);
  assertClose(
    applied(forward, shape, new Float32Array(165).fill(2)),
    new Float32Array(165).fill(2),
    1e-6,
  );
  const point = new Float32Array(165);
  point[7 * 11 + 5] = 1;
  const y = applied(forward, shape, point);
  const peak = y[7 * 11 + 5];
  assert.ok(Math.abs(y[7 * 11 + 6] / peak - Math.exp(-0.5)) < 1e-6);
  assert.ok(Math.abs(y[9 * 11 + 4] / peak - Math.exp(-2.5)) < 1e-6);
});

Deno.test("each makes a measurement for samplers", () => {
  const measurement = linearMeasurement([4, 6], (batch) => averagePooling([batch, 2, 4, 6], 2));
  assert.deepEqual(measurement.y, [1, 2, 2, 3]);
  assert.deepEqual(measurement.operator({}, 3).range, [3, 2, 2, 3]);
});
