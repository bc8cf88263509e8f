/** Distance of spectra. */
import assert from "node:assert/strict";
import { spectralDistance } from "../../../src/mri/metrics/spectral_distance.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

const SHAPE = [2, 24, 20];
const noise = (seed: number) => ndarray(new Rng(seed).normals(2 * 24 * 20), SHAPE);

Deno.test("an image has no distance from itself, moved or mirrored, and 6 dB from its double", async () => {
  const image = noise(1);
  const [rows, columns] = [24, 20];
  const moved = image.data.map((_, i) => {
    const row = (Math.floor(i / columns) % rows + 5) % rows, plane = Math.floor(i / 480);
    return image.data[plane * 480 + row * columns + i % columns];
  });
  const mirrored = image.data.map((_, i) => image.data[i - i % 480 + 479 - i % 480]);
  for (const data of [image.data, moved, mirrored]) {
    assert.ok(await spectralDistance(runtime, ndarray(data, SHAPE), image) < 1e-3);
  }
  const double = ndarray(image.data.map((value) => 2 * value), SHAPE);
  const distance = await spectralDistance(runtime, double, image);
  assert.ok(Math.abs(distance - 20 * Math.log10(2)) < 1e-3, `${distance}`);
});

Deno.test("smoothing brings an image away, other noise of the same spectrum hardly", async () => {
  const image = noise(1);
  const smooth = image.data.map((value, i) => (value + image.data[(i + 1) % 960]) / 2);
  const other = await spectralDistance(runtime, noise(2), image);
  assert.ok(other < 2, `${other}`);
  assert.ok(await spectralDistance(runtime, ndarray(smooth, SHAPE), image) > 2 * other);
});
