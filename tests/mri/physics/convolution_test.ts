/** Convolutions, and the camera without lens. */
import assert from "node:assert/strict";
import {
  convolution,
  lenslessCamera,
  motionKernel,
  padding,
  unitSum,
} from "../../../src/mri/physics/convolution.ts";
import { bicubicDownsampling } from "../../../src/mri/physics/restoration_operators.ts";
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { assertClose } from "../../classical/support.ts";
import { applied, dotTest } from "./restoration_support.ts";

const kernel = (h: number, w: number): NdArray => ndarray(new Rng(4).normals(h * w), [h, w]);

Deno.test("convolutions and their adjoints agree, at odd, even and prime sizes", () => {
  for (const [height, width] of [[6, 4], [5, 7], [9, 3]]) {
    const shape = [2, 4, height, width];
    dotTest(convolution(shape, kernel(3, 2)));
    dotTest(convolution(shape, kernel(height, width)));
    dotTest(padding(shape, [1, 0], [2, 3]));
    dotTest(lenslessCamera(shape, kernel(3, 3), [height - 2, width - 1]));
  }
  dotTest(bicubicDownsampling([2, 2, 8, 12], 4));
  dotTest(bicubicDownsampling([1, 2, 9, 3], 3));
});

Deno.test("convolution is the sum over the kernel, round the edges", () => {
  const [height, width] = [5, 4], k = kernel(3, 2);
  const x = new Rng(5).normals(2 * height * width);
  const wrap = (i: number, size: number) => ((i % size) + size) % size;
  const expected = Float64Array.from(x, (_, i) => {
    const part = Math.floor(i / (height * width)), row = Math.floor(i / width) % height;
    return [...k.data].reduce((sum, value, at) => {
      const [dy, dx] = [Math.floor(at / 2) - 1, at % 2 - 1];
      const from = wrap(row - dy, height) * width + wrap(i % width - dx, width);
      return sum + value * x[part * height * width + from];
    }, 0);
  });
  const { forward } = convolution([1, 2, height, width], k);
  assertClose(applied(forward, [1, 2, height, width], x), expected, 1e-5);
  assert.throws(() => convolution([1, 2, 2, 9], k), RangeError);
});

Deno.test("a camera without lens sees the middle of the scene's convolution, dark beyond its edges", () => {
  const shape = [1, 2, 4, 5], x = new Rng(6).normals(40), k = kernel(3, 3);
  const y = applied(lenslessCamera(shape, k, [2, 3]).forward, shape, x);
  const pixel = (part: number, row: number, column: number) =>
    row < 0 || row >= 4 || column < 0 || column >= 5 ? 0 : x[part * 20 + row * 5 + column];
  const expected = Float64Array.from({ length: 12 }, (_, i) => {
    const part = Math.floor(i / 6), row = Math.floor(i / 3) % 2 + 1, column = i % 3 + 1;
    return [...k.data].reduce(
      (sum, value, at) =>
        sum + value * pixel(part, row - (Math.floor(at / 3) - 1), column - (at % 3 - 1)),
      0,
    );
  });
  assertClose(y, expected, 1e-5);
});

Deno.test("bicubic downsampling keeps constants, and straight lines away from the edges", () => {
  const { forward, range } = bicubicDownsampling([1, 1, 4, 16], 2);
  assert.deepEqual(range, [1, 1, 2, 8]);
  const ramp = Float32Array.from({ length: 64 }, (_, i) => i % 16);
  const y = applied(forward, [1, 1, 4, 16], ramp);
  for (const column of [2, 3, 4, 5]) {
    assert.ok(Math.abs(y[column] - (2 * column + 0.5)) < 1e-5, `${y[column]}`);
  }
  assertClose(
    applied(forward, [1, 1, 4, 16], new Float32Array(64).fill(3)),
    new Float32Array(16).fill(3),
    1e-6,
  );
  assert.throws(() => bicubicDownsampling([1, 2, 5, 4], 2), RangeError);
});

Deno.test("the kernel of a motion is a line of unit sum in its direction", () => {
  const across = motionKernel(5, 0), up = motionKernel(5, 90);
  const { data, shape: [size] } = across, middle = (size - 1) / 2;
  assert.ok(Math.abs(data.reduce((a, b) => a + b) - 1) < 1e-6);
  const row = [...data.subarray(middle * size, (middle + 1) * size)];
  assertClose(row.slice(middle - 2, middle + 3), new Float32Array(5).fill(1 / 5), 1e-6);
  const turned = data.map((_, i) => data[(i % size) * size + Math.floor(i / size)]);
  assertClose(up.data, turned, 1e-6);
  assert.throws(() => unitSum(ndarray(new Float32Array(4), [2, 2])), RangeError);
});
