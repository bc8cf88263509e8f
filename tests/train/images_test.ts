/** Training images, coils, masks and noise levels. */
import assert from "node:assert/strict";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { calibratedCoils, randomCoils, someCoils } from "../../src/train/random_coils.ts";
import { equispacedLines, randomLineMask } from "../../src/train/random_masks.ts";
import { mapsInView, randomView } from "../../src/train/views.ts";
import { learningRateFactor } from "../../src/train/learning_rate.ts";
import { trainingSigma } from "../../src/train/noise_levels.ts";

Deno.test("learningRateFactor() rises, peaks at 1 and falls to a hundredth", () => {
  assert.ok(learningRateFactor(0) < 0.02);
  assert.ok(Math.abs(learningRateFactor(0.02) - 1) < 1e-12);
  assert.ok(Math.abs(learningRateFactor(1) - 0.01) < 1e-12);
  assert.ok(learningRateFactor(0.5) < 0.6 && learningRateFactor(0.5) > 0.4);
});

/** exp(log(x)) may differ from x in its last bit. */
const F64 = 1e-12;

Deno.test("trainingSigma() covers 0.005 to 20 with most levels below 1", () => {
  const rng = new Rng(1);
  const levels = Array.from({ length: 20000 }, () => trainingSigma(rng)).sort((a, b) => a - b);
  assert.ok(levels[0] >= 0.003 - F64 && levels.at(-1)! <= 30 + F64);
  const part = (low: number, high: number) =>
    levels.filter((sigma) => sigma > low && sigma < high).length / levels.length;
  assert.ok(part(0.003, 0.01) > 0.03 && part(5, 30) > 0.03 && part(0.02, 1) > 0.6);
});

Deno.test("randomView() gives the same finite image for the same seed, on a scale of about 1", () => {
  const image = ndarray(new Rng(1).normals(64 * 48).map((v) => 100 + 10 * v), [64, 48]);
  const source = { image, scale: 120, pixel: 0.8 };
  const view = (seed: number) => randomView(source, 32, new Rng(seed));
  assert.deepEqual(view(1), view(1));
  assert.notDeepEqual(view(1).data, view(2).data);
  const { data, shape } = view(1);
  assert.deepEqual(shape, [2, 32, 32]);
  assert.ok(data.every((value) => Math.abs(value) < 6));
});

Deno.test("mapsInView() takes the view that randomView() takes", () => {
  // Left half: real, seen by coil 0. Right half: imaginary, seen by coil 1.
  const [rows, columns] = [40, 32];
  const image = ndarray(new Float32Array(2 * rows * columns), [2, rows, columns]);
  const maps = ndarray(new Float32Array(4 * rows * columns), [2, 2, rows, columns]);
  for (let i = 0; i < rows * columns; i++) {
    const half = i % columns < columns / 2 ? 0 : 1;
    image.data[half * rows * columns + i] = 1;
    maps.data[2 * half * rows * columns + i] = 1;
  }
  for (let seed = 0; seed < 4; seed++) {
    const source = { image, maps, scale: 1, pixel: 1 };
    const view = randomView(source, 24, new Rng(seed), "whole");
    const seen = mapsInView(source, 24, new Rng(seed), "whole");
    const pixels = 24 * 24;
    let compared = 0;
    for (let i = 0; i < pixels; i++) {
      const [first, second] = [seen.data[i], seen.data[2 * pixels + i]];
      const [re, im] = [view.data[i], view.data[pixels + i]];
      if (Math.abs(first) > 0.999) assert.ok(Math.abs(im) < 0.05 * Math.abs(re) + 1e-6);
      if (Math.abs(second) > 0.999) assert.ok(Math.abs(re) < 0.05 * Math.abs(im) + 1e-6);
      if (Math.max(Math.abs(first), Math.abs(second)) > 0.999) compared++;
    }
    assert.ok(compared > pixels / 3);
  }
});

Deno.test("randomCoils() have a sum of squares of 1 and differ", () => {
  const { data, shape } = randomCoils(new Rng(1), 4, [16, 20]);
  assert.deepEqual(shape, [4, 2, 16, 20]);
  for (let i = 0; i < 320; i++) {
    let sum = 0;
    for (let part = 0; part < 8; part++) sum += data[part * 320 + i] ** 2;
    assert.ok(Math.abs(sum - 1) < 1e-5);
  }
  assert.notEqual(data[0], data[640]);
});

Deno.test("someCoils() leaves out or repeats, with a sum of squares of 1", () => {
  const maps = ndarray(new Rng(1).normals(3 * 2 * 5 * 7), [3, 2, 5, 7]);
  for (const coils of [1, 2, 3, 7]) {
    const { data, shape } = someCoils(new Rng(2), maps, coils);
    assert.deepEqual(shape, [coils, 2, 5, 7]);
    for (let i = 0; i < 35; i++) {
      let sum = 0;
      for (let plane = 0; plane < 2 * coils; plane++) sum += data[plane * 35 + i] ** 2;
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
  }
});

Deno.test("calibratedCoils() have unit norm about the head, none elsewhere, and err by a tenth at most", () => {
  const [coils, rows, columns] = [6, 40, 30];
  const maps = randomCoils(new Rng(5), coils, [rows, columns]);
  const head = new Float32Array(rows * columns);
  for (let y = 12; y < 28; y++) head.fill(1, y * columns + 10, y * columns + 20);
  let largest = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { data } = calibratedCoils(new Rng(seed), maps, head);
    let error = 0;
    for (let i = 0; i < rows * columns; i++) {
      let norm = 0;
      for (let part = 0; part < 2 * coils; part++) {
        norm += data[part * rows * columns + i] ** 2;
        if (head[i]) {
          error += (data[part * rows * columns + i] - maps.data[part * rows * columns + i]) ** 2;
        }
      }
      const near = i / columns >= 11 && i / columns < 29 && i % columns >= 9 && i % columns < 21;
      assert.ok(Math.abs(norm - (near ? 1 : 0)) < 1e-5, `${norm} at ${i}`);
    }
    largest = Math.max(largest, Math.sqrt(error / 160));
  }
  assert.ok(largest > 0.03 && largest < 0.2, `${largest}`);
});

Deno.test("randomLineMask() acquires its calibration lines, which are about the centre", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { acquired, centre } = randomLineMask(new Rng(seed), 100);
    const lines = [...centre.keys()].filter((line) => centre[line] === 1);
    assert.ok(lines.every((line) => acquired[line] === 1));
    assert.equal(lines[0] + lines.at(-1)! + 1, 100);
    assert.ok(acquired.includes(0) && lines.length >= 4 && lines.length <= 14);
  }
});

Deno.test("equispacedLines() keeps lines 0, R, 2R and the calibration lines", () => {
  const { acquired, centre } = equispacedLines(20, 0.2, 6);
  const lines = (kept: Float32Array) => [...kept.keys()].filter((line) => kept[line] === 1);
  assert.deepEqual(lines(centre), [8, 9, 10, 11]);
  assert.deepEqual(lines(acquired), [0, 6, 8, 9, 10, 11, 12, 18]);
});
