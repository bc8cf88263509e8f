import assert from "node:assert/strict";
import fc from "fast-check";
import { detectMask, detectSampling } from "../../../src/mri/sampling/detect.ts";
import { hullSupport, judgeEnds, limitToSupport } from "../../../src/mri/sampling/padding.ts";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { type NdArray, zeros } from "../../../src/ndarray.ts";
import { runtime } from "../../runtime.ts";

/** K-space of one coil that is 1 where `kept` says so. */
function kspaceOf(
  height: number,
  width: number,
  kept: (row: number, column: number) => boolean,
): NdArray {
  const kspace = zeros([1, 2, height, width]);
  for (let i = 0; i < height * width; i++) {
    if (kept(Math.floor(i / width), i % width)) kspace.data[i] = 1;
  }
  return kspace;
}

const between = (first: number, end: number) => (row: number) => row >= first && row < end;

for (const [height, first, end] of [[96, 9, 88], [97, 10, 90], [96, 0, 91], [89, 4, 89]] as const) {
  Deno.test(`lines ${first} to ${end - 1} of ${height} are all of a padded scan`, () => {
    const mask = detectMask(kspaceOf(height, 16, between(first, end)));
    assert.ok(mask.isFull);
    assert.equal(mask.acceleration, 1);
    assert.equal(mask.size, end - first);
    assert.equal(mask.partial, undefined);
  });
}

Deno.test("one side that ends far before the other is partial Fourier, not padding", () => {
  for (const [height, first, end] of [[80, 0, 60], [81, 21, 81], [96, 0, 60]]) {
    const mask = detectMask(kspaceOf(height, 16, between(first, end)));
    assert.deepEqual(mask.partial, { rows: [first, end] });
    assert.equal(mask.acceleration, height / (end - first));
    assert.ok(!mask.isFull);
  }
});

Deno.test("partial Fourier within padding lacks only the mirror image of what it has", () => {
  const mask = detectMask(kspaceOf(96, 16, between(10, 60)));
  assert.deepEqual(mask.partial, { rows: [10, 60] });
  assert.equal(mask.size, 77); // 10 to 86, about line 48
});

Deno.test("uneven ends that no partial Fourier scan has are taken for padding, with a warning", () => {
  const { mask, warnings } = detectSampling(kspaceOf(96, 16, between(9, 96)));
  assert.ok(mask.isFull);
  assert.deepEqual(warnings.map(({ code }) => code), ["padding-assumed"]);
  const declared = detectSampling(kspaceOf(96, 16, between(9, 96)), {
    partial: { rows: [9, 96] },
  });
  assert.deepEqual(declared.warnings, []);
  assert.equal(declared.mask.size, 96, "the header says that it is partial Fourier");
});

Deno.test("undersampled lines are padded only where far more is empty than between them", () => {
  const every4 = detectMask(kspaceOf(96, 16, (row) => row % 4 === 1));
  assert.equal(every4.acceleration, 4);
  const padded = detectMask(kspaceOf(96, 16, (row) => row % 4 === 1 && row > 16 && row < 80));
  assert.equal(padded.size, 61); // 17 to 77
  const told = detectMask(kspaceOf(96, 16, (row) => row % 4 === 1 && row > 8 && row < 88), {
    encoded: [8, 88],
  });
  assert.equal(told.size, 80);
});

Deno.test("the corners that an ellipse leaves out are padding", () => {
  for (const [height, width] of [[40, 32], [37, 41]]) {
    const ellipse = (row: number, column: number) =>
      Math.hypot((2 * row + 1) / height - 1, (2 * column + 1) / width - 1) <= 1;
    const full = detectMask(kspaceOf(height, width, ellipse));
    assert.ok(!full.isLines && full.isFull);
    const poisson = makeMask(
      {
        ...parseMaskSpec("poisson:R=4,acs=10"),
        kind: "poisson",
        acceleration: 4,
        acs: 10,
        seed: 0,
      },
      height,
      width,
    );
    const thinned = detectMask(
      kspaceOf(height, width, (row, column) => ellipse(row, column) && poisson.keeps(row, column)),
    );
    assert.ok(!thinned.isFull);
    assert.ok(Math.abs(thinned.size / full.size - 1) < 0.1, `${thinned.size} of ${full.size}`);
    const square = detectMask(kspaceOf(height, width, (y, x) => poisson.keeps(y, x)));
    assert.ok(square.size > 0.9 * height * width);
  }
});

Deno.test("hullSupport() holds all points, and no other where they are convex", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 63, maxLength: 63, max: 1 }).filter((points) => points.includes(1)),
    (points) => {
      const hull = hullSupport(points, 9, 7);
      if (hull === undefined) return;
      assert.ok(points.every((kept, i) => kept <= hull[i]));
      const again = hullSupport(hull, 9, 7);
      assert.deepEqual(again, hull);
    },
  ));
});

Deno.test("judgeEnds() keeps what a header calls partial", () => {
  assert.deepEqual(judgeEnds([0, 92], 100, 1), { support: [0, 92], isUnclear: true });
  assert.deepEqual(judgeEnds([0, 92], 100, 1, true), {
    support: [0, 100],
    partial: [0, 92],
    isUnclear: false,
  });
});

Deno.test("limitToSupport() leaves k-space within the support and nothing beyond", async () => {
  const plane = detectMask(kspaceOf(11, 9, (row, column) => row + column > 3 && row + column < 15));
  const lines = detectMask(kspaceOf(11, 9, between(2, 9)));
  const image = zeros([2, 11, 9]);
  image.data.forEach((_, i) => image.data[i] = Math.sin(3 * i));
  for (const mask of [plane, lines]) {
    const program = await runtime.build({ x: image.shape }, ({ x }) => {
      const once = limitToSupport(x, mask);
      return { once, twice: limitToSupport(once, mask) };
    });
    const { once, twice } = await program.run({ x: image });
    once.data.forEach((value, i) => assert.ok(Math.abs(value - twice.data[i]) < 1e-5));
    const energy = ({ data }: NdArray) => data.reduce((sum, value) => sum + value ** 2, 0);
    assert.ok(energy(once) < energy(image));
  }
});
