import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { headMask, measure, nmse, psnr, ssim } from "../../../src/mri/metrics/metrics.ts";
import { percentile } from "../../../src/mri/metrics/percentile.ts";
import { type NdArray, ndarray, zeros } from "../../../src/ndarray.ts";
import { images, random, side } from "./metrics_support.ts";
import references from "../../fixtures/metrics/reference.json" with { type: "json" };

/** Both sides compute in float64; windows are summed in another order. */
const TOLERANCE = 1e-9;

function near(actual: number | null, expected: number, tolerance = TOLERANCE): void {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  );
}

/** A picture, one string per row: `#` is 1, everything else 0. */
function picture(...rows: string[]): NdArray {
  const pixels = rows.join("").split("").map((letter) => letter === "#" ? 1 : 0);
  return ndarray(Float32Array.from(pixels), [rows.length, rows[0].length]);
}

function packBits(mask: Uint8Array): string {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((bit, i) => bytes[i >> 3] |= bit << (7 - (i & 7)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

for (const expected of references.cases) {
  const { image, reference } = images(expected.shape);

  Deno.test(`measure() agrees with scikit-image on ${expected.shape.join(" x ")}`, () => {
    const found = measure(image, reference);
    for (const region of ["whole", "head"] as const) {
      for (const metric of ["psnr", "ssim", "nmse"] as const) {
        near(found[region][metric], expected[region][metric]);
      }
    }
  });

  Deno.test(`headMask() agrees with scipy.ndimage on ${expected.shape.join(" x ")}`, () => {
    assert.equal(packBits(headMask(reference)), expected.headBits);
  });

  Deno.test(`percentile() agrees with numpy on ${expected.shape.join(" x ")}`, () => {
    for (const [q, value] of expected.percentiles) near(percentile(reference.data, q), value);
  });
}

Deno.test("headMask() connects pixels through edges, not through corners", () => {
  const mask = headMask(picture(
    "##...",
    "##...",
    "..###",
    "..###",
  ));
  assert.deepEqual(Array.from(mask), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
});

Deno.test("headMask() fills holes that meet the background through corners only", () => {
  const rss = picture(
    ".......",
    ".####..",
    ".#..##.",
    ".##..#.",
    "..###..",
    ".......",
  );
  const expected = picture(
    ".......",
    ".####..",
    ".#####.",
    ".#####.",
    "..###..",
    ".......",
  );
  assert.deepEqual(Array.from(headMask(rss)), Array.from(expected.data));
});

Deno.test("headMask() takes the first of two equal components and none from zeros", () => {
  assert.deepEqual(Array.from(headMask(picture("#.#"))), [1, 0, 0]);
  assert.deepEqual(Array.from(headMask(zeros([2, 3, 4]))), new Array(24).fill(0));
});

Deno.test("headMask() finds the head of each slice on its own", () => {
  fc.assert(
    fc.property(side, side, fc.nat(), (height, width, seed) => {
      const volume = random([2, height, width], seed);
      const size = height * width;
      volume.data.subarray(size).forEach((_, i, slice) => slice[i] *= 100);
      const first = ndarray(volume.data.slice(0, size), [height, width]);
      const second = ndarray(volume.data.slice(size), [height, width]);
      assert.deepEqual(
        headMask(volume),
        Uint8Array.from([...headMask(first), ...headMask(second)]),
      );
    }),
    { numRuns: 20 },
  );
});

Deno.test("measure() gives null for the PSNR of identical images and survives JSON", () => {
  const reference = random([2, 9, 11], 1);
  const found = measure(reference, reference);
  assert.deepEqual(found.whole, { psnr: null, ssim: 1, nmse: 0 });
  assert.deepEqual(found.head, { psnr: null, ssim: 1, nmse: 0 });
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
  assert.equal(psnr(reference, reference), Infinity);
});

Deno.test("measure() does not depend on the unit of the images", () => {
  fc.assert(
    fc.property(side, side, fc.nat(), (height, width, seed) => {
      const reference = random([2, height, width], seed),
        image = random([2, height, width], seed + 1);
      const scaled = ({ data, shape }: NdArray) =>
        ndarray(data.map((value) => value * 1024), shape);
      const found = measure(image, reference), again = measure(scaled(image), scaled(reference));
      near(again.whole.psnr, found.whole.psnr ?? NaN);
      near(again.head.ssim, found.head.ssim);
      near(again.head.nmse, found.head.nmse);
    }),
    { numRuns: 20 },
  );
});

Deno.test("psnr() and nmse() of a constant error have their closed form", () => {
  const reference = ndarray(new Float32Array(49).fill(2), [7, 7]);
  const image = ndarray(new Float32Array(49).fill(1.5), [7, 7]);
  near(psnr(image, reference), 10 * Math.log10(16));
  near(nmse(image, reference), 1 / 16);
  const c1 = 0.02 ** 2; // no variance: only the luminance term is left
  near(ssim(image, reference), (2 * 1.5 * 2 + c1) / (1.5 ** 2 + 2 ** 2 + c1));
});

Deno.test("metrics take the data range from the whole volume, also over a region", () => {
  const reference = ndarray(Float32Array.of(1, 1, 1, 8), [2, 1, 2]);
  const image = ndarray(Float32Array.of(1, 0, 1, 8), [2, 1, 2]);
  near(psnr(image, reference, Uint8Array.of(1, 1, 0, 0)), 10 * Math.log10(64 / 0.5));
});

Deno.test("metrics refuse images that differ in shape, and images below the SSIM window", () => {
  const reference = random([1, 8, 9], 1);
  assert.throws(() => measure(random([1, 9, 8], 1), reference), {
    name: "RangeError",
    message:
      "Cannot measure PSNR: an image of the reference's shape [1,8,9] is required, found [1,9,8]",
  });
  const small = random([6, 40], 1);
  assert.throws(() => ssim(small, small), /at least 7 x 7 is required, found 6 x 40/);
  assert.throws(() => psnr(random([3], 1), random([3], 1)), /\[S, H, W\] or .* found \[3\]/);
  assert.throws(() => psnr(reference, reference, new Uint8Array(72)), /at least one of them 1/);
});

Deno.test("metrics refuse a reference of zeros, NaN and infinity", () => {
  const image = random([1, 8, 8], 1), black = zeros([1, 8, 8]);
  assert.throws(() => measure(image, black), InputError);
  assert.throws(() => nmse(image, image, Uint8Array.of(...new Array(64).fill(2))), RangeError);
  for (const value of [NaN, Infinity]) {
    const broken = random([1, 8, 8], 2);
    broken.data[5] = value;
    assert.throws(() => measure(broken, image), {
      name: "InputError",
      message: `Cannot measure PSNR: finite values are required, found ${value} in the image`,
    });
    assert.throws(() => measure(image, broken), /found .* in the reference/);
  }
});

Deno.test("percentile() keeps the order of its values and lies between the extremes", () => {
  const numbers = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  fc.assert(fc.property(numbers, fc.double({ min: 0, max: 100, noNaN: true }), (values, q) => {
    const copy = [...values];
    const found = percentile(values, q);
    assert.deepEqual(values, copy);
    assert.ok(found >= Math.min(...values) && found <= Math.max(...values));
  }));
});

Deno.test("percentile() refuses nothing and percentages beyond 100, and passes NaN on", () => {
  assert.throws(() => percentile([], 50), /at least one value/);
  assert.throws(() => percentile([1], 101), /from 0 to 100/);
  assert.throws(() => percentile([1], NaN), /from 0 to 100/);
  assert.ok(Number.isNaN(percentile([1, NaN], 0)));
  assert.equal(percentile([3, 1, 2], 50), 2);
});
