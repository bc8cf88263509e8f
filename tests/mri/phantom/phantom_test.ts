import assert from "node:assert/strict";
import fc from "fast-check";
import { brainPhantom, compilePhantom, type Contrast } from "../../../src/mri/phantom/phantom.ts";
import { randomAnatomy } from "../../../src/mri/phantom/anatomy.ts";
import { hullRadius } from "../../../src/mri/phantom/sulci.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

const CONTRASTS: readonly Contrast[] = ["T1", "T2", "FLAIR", "PD"];

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const difference = (a: Float32Array, b: Float32Array) =>
  mean(a.map((value, i) => Math.abs(value - b[i])));

Deno.test("brainPhantom: the seed decides all of the picture", async () => {
  const [height, width] = [72, 60];
  const draw = await compilePhantom(runtime, height, width);
  const first = await draw({ seed: 7 });
  assert.deepEqual(first.shape, [1, height, width]);
  assert.deepEqual((await draw({ seed: 7 })).data, first.data);
  assert.deepEqual((await brainPhantom(runtime, { height, width, seed: 7 })).data, first.data);
  const other = await draw({ seed: 8 });
  assert.ok(difference(other.data, first.data) > 0.02);
});

Deno.test("brainPhantom: any size gives finite intensities from 0 to 1.3 with a bright head in air", async () => {
  const side = fc.integer({ min: 8, max: 71 });
  const seeds = fc.integer({ min: 0, max: 1e6 });
  await fc.assert(
    fc.asyncProperty(side, side, seeds, fc.constantFrom(...CONTRASTS), async (h, w, seed, c) => {
      const image = await brainPhantom(runtime, { height: h, width: w, seed, contrast: c });
      assert.deepEqual(image.shape, [1, h, w]);
      assert.ok(image.data.every((value) => value >= 0 && value < 1.3));
      const brightest = image.data.reduce((a, b) => Math.max(a, b));
      assert.ok(brightest > 0.4, `brightest ${brightest}`);
      assert.ok(image.data[0] < 0.02, `corner ${image.data[0]}`);
    }),
    { numRuns: 12, examples: [[64, 64, 0, "T1"], [61, 53, 1, "T2"]] },
  );
});

Deno.test("brainPhantom: the two sides of the head are alike but not the same", async () => {
  const size = 65; // odd, so that the midline is a column
  const { data } = await brainPhantom(runtime, { height: size, width: size, seed: 3 });
  const mirrored = data.map((_, i) => data[i - i % size + size - 1 - i % size]);
  const [a, b] = [mean(data), mean(mirrored)];
  let product = 0, squares = 0;
  data.forEach((value, i) => {
    product += (value - a) * (mirrored[i] - b);
    squares += (value - a) ** 2;
  });
  const correlation = product / squares;
  assert.ok(correlation > 0.6 && correlation < 0.98, `correlation ${correlation}`);
});

Deno.test("brainPhantom: fluid is dark in T1 and FLAIR, and bright in T2", async () => {
  const draw = await compilePhantom(runtime, 160, 136);
  // The frontal horns of the ventricles: fluid within 14 mm to either side, 10 to 28 mm in front.
  const extremes = async (contrast: Contrast) => {
    const { data } = await draw({ seed: 0, contrast });
    const values: number[] = [];
    for (let row = 59; row < 73; row++) {
      for (let column = 58; column < 79; column++) values.push(data[row * 136 + column]);
    }
    return [Math.min(...values), Math.max(...values)];
  };
  assert.ok((await extremes("T1"))[0] < 0.3);
  assert.ok((await extremes("FLAIR"))[0] < 0.3);
  assert.ok((await extremes("T2"))[1] > 0.85);
});

Deno.test("brainPhantom: lesions change their surroundings and nothing else", async () => {
  const draw = await compilePhantom(runtime, 96, 80);
  const withLesions = (lesions: number) => draw({ seed: 4, contrast: "FLAIR", lesions });
  const [without, withThem] = [await withLesions(0), await withLesions(8)];
  const changed = without.data.filter((value, i) => Math.abs(value - withThem.data[i]) > 0.05);
  const share = changed.length / without.data.length;
  assert.ok(share > 0.001 && share < 0.05, `share ${share}`);
  await assert.rejects(withLesions(25), /Cannot draw 25 lesions: a whole number from 0 to 24/);
  await assert.rejects(withLesions(0.5), RangeError);
});

Deno.test("randomAnatomy: strokes fit their capacity and sulci keep inside the brain for any seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const { sulci } = randomAnatomy(new Rng(seed), 0);
      assert.ok(sulci.length > 150 && sulci.length <= 480, `${sulci.length} sulci`);
      for (const [, to] of sulci) assert.ok(hullRadius(to) < 1.02);
    }),
    { numRuns: 40 },
  );
});
