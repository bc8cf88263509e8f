import assert from "node:assert/strict";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { makeMask } from "../../../src/mri/sampling/masks.ts";
import { type NdArray, partOf } from "../../../src/ndarray.ts";
import { Preparation } from "../../../src/recon/prepare.ts";
import { Rng } from "../../../src/rng.ts";
import { evaluate } from "../support.ts";
import { runtime } from "../../runtime.ts";
import { folded, scene } from "./calibration_support.ts";

const [COILS, WIDTH, SIGMA] = [8, 60, 0.002];

/** A disc of 0.74 of 80 rows on a field of view of `height` rows, calibrated from 24 lines. */
async function calibrated(height: number, sets: "auto" | 1 | 2, error = 0) {
  const whole = await scene(runtime, { coils: COILS, height: 80, width: WIDTH, sigma: 0 });
  return { ...await calibratedFrom(folded(whole.images, height), sets, error), whole };
}

/** Maps of coil images with noise, and an error of each sample, relative to the largest. */
async function calibratedFrom(images: NdArray, sets: "auto" | 1 | 2, error = 0) {
  const height = images.shape[2];
  const kspace = await evaluate(runtime, images, (x) => dft2(x, "forward"));
  const noise = new Rng(1).normals(kspace.data.length);
  const errors = new Rng(2).normals(kspace.data.length);
  const largest = kspace.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const noisy = {
    ...kspace,
    data: kspace.data.map((value, i) => value + SIGMA * noise[i] + error * largest * errors[i]),
  };
  const spec = { kind: "equispaced", text: "test", acceleration: 2, acs: 24 } as const;
  const mask = makeMask(spec, height, WIDTH);
  const preparation = new Preparation(runtime, { coils: COILS, mask, full: true });
  const { problem } = await preparation.slice(noisy, { kind: "espirit", sets });
  return { maps: problem.inputs.maps, images };
}

/** Part of the energy of the coil images that lies outside the span of orthogonal sets. */
function unexplained(maps: NdArray, images: NdArray): number {
  const pixels = images.shape[2] * images.shape[3];
  const energy = images.data.reduce((sum, value) => sum + value * value, 0);
  let explained = 0;
  for (let set = 0; set < maps.shape[0]; set++) {
    const { data } = partOf(maps, set);
    for (let i = 0; i < pixels; i++) {
      let re = 0, im = 0, norm = 0;
      for (let p = 0; p < 2 * COILS; p += 2) {
        const [a, b] = [data[p * pixels + i], data[(p + 1) * pixels + i]];
        const [u, v] = [images.data[p * pixels + i], images.data[(p + 1) * pixels + i]];
        re += a * u + b * v;
        im += a * v - b * u;
        norm += a * a + b * b;
      }
      if (norm > 0) explained += (re * re + im * im) / norm;
    }
  }
  return 1 - explained / energy;
}

Deno.test("an object within the field of view gets one set of maps, the same as when one is asked for", async () => {
  const auto = await calibrated(80, "auto");
  assert.equal(auto.maps.shape[0], 1);
  assert.deepEqual(auto.maps, (await calibrated(80, 1)).maps);
});

Deno.test("an object that is folded gets two sets, which explain it", async () => {
  const { maps, images, whole } = await calibrated(40, "auto");
  assert.deepEqual(maps.shape, [2, COILS, 2, 40, WIDTH]);
  const one = unexplained((await calibrated(40, 1)).maps, images);
  const two = unexplained(maps, images);
  assert.ok(two < one / 100, `one set leaves ${one}, two leave ${two}`);
  // The first set is that of what belongs into the field of view, up to a phase.
  const pixels = 40 * WIDTH, first = 20;
  for (const [y, x] of [[23, 30], [3, 30], [36, 28], [1, 36]]) {
    let [re, im, size] = [0, 0, 0];
    for (let p = 0; p < 2 * COILS; p += 2) {
      const at = y * WIDTH + x, from = (y + first) * WIDTH + x;
      const [a, b] = [maps.data[p * pixels + at], maps.data[(p + 1) * pixels + at]];
      const [u, v] = [
        whole.maps.data[p * 80 * WIDTH + from],
        whole.maps.data[(p + 1) * 80 * WIDTH + from],
      ];
      re += a * u + b * v;
      im += a * v - b * u;
      size += a * a + b * b;
    }
    assert.ok(Math.hypot(re, im) / Math.sqrt(size) > 0.95, `${y} ${x}: ${Math.hypot(re, im)}`);
  }
});

Deno.test("two sets explain what is folded in where the object's own part has ended", async () => {
  const { maps } = await scene(runtime, { coils: COILS, height: 80, width: WIDTH, sigma: 0 });
  const plane = 80 * WIDTH;
  const images = { ...maps, data: maps.data.slice() };
  for (let i = 0; i < images.data.length; i++) {
    const [y, x] = [Math.floor(i % plane / WIDTH), i % WIDTH];
    const own = y >= 14 && y < 60 && x >= 8 && x < 52; // rows 4 to 49 of 60
    const far = y >= 4 && y < 10 && x >= 18 && x < 36; // onto rows 54 to 59
    images.data[i] *= own ? 1 : far ? 4 : 0;
  }
  const found = await calibratedFrom(folded(images, 60), 2);
  const left = unexplained(found.maps, found.images);
  assert.ok(left < 0.002, `${left}`);
});

Deno.test("two sets of maps do not hang on rounding, and vary slowly", async () => {
  const { maps, images } = await calibrated(40, 2);
  const { maps: other } = await calibrated(40, 2, 1e-7);
  const pixels = 40 * WIDTH,
    of = (array: NdArray, plane: number, i: number) => array.data[plane * pixels + i];
  /** Largest difference of the second sets of two pixels. */
  const apart = (a: NdArray, i: number, b: NdArray, j: number) => {
    const planes = Array.from({ length: 2 * COILS }, (_, p) => 2 * COILS + p);
    return Math.max(...planes.map((p) => Math.abs(of(a, p, i) - of(b, p, j))));
  };
  const bright = (i: number) =>
    Math.hypot(...Array.from({ length: 2 * COILS }, (_, p) => of(images, p, i))) > 0.5;
  for (let i = 0; i < pixels; i++) {
    if (!bright(i)) continue;
    assert.ok(apart(maps, i, other, i) < 0.002, `${i}: ${apart(maps, i, other, i)}`);
    const next = i + 1;
    if (next % WIDTH === 0 || !bright(next)) continue;
    assert.ok(apart(maps, i, maps, next) < 0.25, `${i}: ${apart(maps, i, maps, next)}`);
  }
});

Deno.test("the sets of a pixel are orthogonal, and of unit norm at most", async () => {
  const { maps } = await calibrated(40, 2);
  const pixels = 40 * WIDTH, size = maps.data.length / 2;
  for (let i = 0; i < pixels; i++) {
    let [re, im] = [0, 0];
    const norms = [0, 0];
    for (let p = 0; p < 2 * COILS; p += 2) {
      const at = p * pixels + i;
      const [a, b] = [maps.data[at], maps.data[at + pixels]];
      const [u, v] = [maps.data[size + at], maps.data[size + at + pixels]];
      re += a * u + b * v;
      im += a * v - b * u;
      norms[0] += a * a + b * b;
      norms[1] += u * u + v * v;
    }
    assert.ok(Math.hypot(re, im) < 2e-3, `${Math.hypot(re, im)}`);
    assert.ok(Math.max(...norms) < 1 + 1e-5);
  }
});
