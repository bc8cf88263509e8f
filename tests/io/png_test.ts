import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { encodePng, encodePngRgb, montage, window } from "../../src/io/png.ts";
import { same, tabulate } from "./support.ts";

/** The IHDR chunk: width, height, depth, colour type. */
function header(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]];
}

Deno.test("encodePng() clamps to 0..1, takes NaN for black, and rounds", () => {
  const image = { data: Float32Array.of(-1, 0, 0.5, 1, 2, NaN), shape: [2, 3] };
  const bytes = encodePng(image);
  assert.deepEqual(header(bytes), [3, 2, 8, 0]);
  const { data } = PNG.sync.read(Buffer.from(bytes));
  assert.deepEqual([...data].filter((_, i) => i % 4 === 0), [0, 0, 128, 255, 255, 0]);
});

Deno.test("encodePng() keeps 16 bits", () => {
  const image = tabulate([2, 3], (y, x) => (1000 * y + 7 * x + 300) / 65535);
  const bytes = encodePng(image, 16);
  assert.deepEqual(header(bytes), [3, 2, 16, 0]);
  const { data } = PNG.sync.read(Buffer.from(bytes), { skipRescale: true });
  const red = [...data as unknown as Uint16Array].filter((_, i) => i % 4 === 0);
  assert.deepEqual(red, [300, 307, 314, 1300, 1307, 1314]);
});

Deno.test("encodePngRgb() keeps the colours", () => {
  const pixels = Uint8Array.of(255, 0, 0, 0, 128, 7);
  const bytes = encodePngRgb(pixels, 1, 2);
  assert.deepEqual(header(bytes), [2, 1, 8, 2]);
  assert.deepEqual([...PNG.sync.read(Buffer.from(bytes)).data], [255, 0, 0, 255, 0, 128, 7, 255]);
  assert.throws(() => encodePngRgb(pixels, 2, 2), RangeError);
});

Deno.test("window() maps low to 0 and high to 1", () => {
  const image = tabulate([1, 5], (_, x) => x);
  assert.deepEqual([...window(image, 1, 3).data], [0, 0, 0.5, 1, 1]);
  assert.throws(() => window(image, 1, 1), /low < high/);
});

Deno.test("montage() tiles left to right, then down, and leaves the rest black", () => {
  const images = [1, 2, 3].map((value) => tabulate([2, 2], () => value));
  const expected = tabulate([4, 4], (y, x) => y < 2 ? (x < 2 ? 1 : 2) : (x < 2 ? 3 : 0));
  same(montage(images, 2), expected);
  assert.throws(() => montage([images[0], tabulate([2, 3], () => 0)], 2), RangeError);
  assert.throws(() => montage([], 2), RangeError);
});
