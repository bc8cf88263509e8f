import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { drawLabel, LABEL_HEIGHT } from "../../../src/cli/render/bitmap_font.ts";
import { previewPng, slicePngs } from "../../../src/cli/render/preview.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { tabulate } from "../../io/support.ts";

/** Brightness 0 to 255, row by row. */
function decoded(png: Uint8Array): { width: number; height: number; grey: number[] } {
  const { width, height, data } = PNG.sync.read(Buffer.from(png));
  return { width, height, grey: Array.from({ length: width * height }, (_, i) => data[4 * i]) };
}

const ramp = (slices: number): NdArray => tabulate([slices, 4, 3], (s, y, x) => s + y + x);

Deno.test("previewPng() tiles at most 16 slices, evenly spread", () => {
  const sizes = (count: number) => {
    const { width, height } = decoded(previewPng({ magnitude: ramp(count), method: "rss" }));
    return [width, height];
  };
  assert.deepEqual(sizes(1), [3, 4]);
  assert.deepEqual(sizes(5), [9, 8]);
  assert.deepEqual(sizes(100), [12, 16]);
});

Deno.test("previewPng() puts a single slice beside its reference and the error times 5", () => {
  const reference = tabulate([1, 4, 3], () => 1);
  const magnitude = tabulate([1, 4, 3], (_s, y) => y === 3 ? 0.9 : 1);
  const { width, height, grey } = decoded(previewPng({ magnitude, reference, method: "tv" }));
  assert.deepEqual([width, height], [9, 4 + LABEL_HEIGHT]);
  const last = grey.slice(-9);
  assert.deepEqual(last.slice(0, 3), [255, 255, 255]);
  assert.ok(Math.abs(last[3] - 0.9 * 255) <= 1);
  assert.ok(Math.abs(last[6] - 0.5 * 255) <= 1);
});

Deno.test("previewPng() shows the standard deviation on its own scale beside the image", () => {
  const magnitude = tabulate([1, 4, 3], () => 1), std = tabulate([1, 4, 3], () => 0.05);
  for (const reference of [undefined, magnitude]) {
    const { width, height, grey } = decoded(previewPng({ magnitude, reference, std, method: "x" }));
    const tiles = reference === undefined ? 2 : 4;
    assert.deepEqual([width, height], [3 * tiles, 4 + LABEL_HEIGHT]);
    assert.deepEqual(grey.slice(-3), [255, 255, 255]);
  }
  const volume = tabulate([4, 60, 70], () => 1);
  const { width, grey } = decoded(
    previewPng({ magnitude: volume, std: tabulate([4, 60, 70], () => 0.05), method: "dds" }),
  );
  assert.equal(width, 280);
  // "std to 5 %": the last letter ends with two dots below its stroke.
  const at = 140 + 3 + 9 * 6;
  const row = (y: number) => grey.slice((3 + y) * width + at, (3 + y) * width + at + 5);
  assert.deepEqual([row(0), row(6)].map((line) => line.map((v) => Number(v > 0))), [
    [1, 1, 0, 0, 1],
    [1, 0, 0, 1, 1],
  ]);
});

Deno.test("previewPng() hangs a slice with the front up and the right on the left", () => {
  // x to the patient's right, y to the front: both are turned.
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const show = (known: boolean) => {
    const geometry = { affine, known };
    return decoded(previewPng({ magnitude: ramp(1), geometry, method: "rss" })).grey;
  };
  assert.deepEqual(show(true), show(false).reverse());
});

Deno.test("previewPng() of an empty image is black", () => {
  const magnitude = tabulate([1, 2, 2], () => 0);
  assert.deepEqual(decoded(previewPng({ magnitude, method: "rss" })).grey, [0, 0, 0, 0]);
});

Deno.test("slicePngs() gives every slice in one window", () => {
  const pngs = [...slicePngs(ramp(2))].map(decoded);
  assert.equal(pngs.length, 2);
  assert.equal(Math.max(...pngs[1].grey), 255);
  assert.ok(Math.max(...pngs[0].grey) < 255);
});

Deno.test("drawLabel() keeps within the image and its rows", () => {
  const image = tabulate([LABEL_HEIGHT, 10], () => 0);
  drawLabel(image, "I? too long");
  const lit = [...image.data.entries()].filter(([, value]) => value > 0).map(([i]) => i);
  assert.equal(lit.length, 3 + 5 + 3);
  for (const i of lit) assert.ok(i % 10 >= 3 && i % 10 < 8);
});
