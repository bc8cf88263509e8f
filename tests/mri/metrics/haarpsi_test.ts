import assert from "node:assert/strict";
import fc from "fast-check";
import { haarpsi } from "../../../src/mri/metrics/haarpsi.ts";
import { headMask } from "../../../src/mri/metrics/metrics.ts";
import { ndarray, zeros } from "../../../src/ndarray.ts";
import references from "../../fixtures/metrics/haarpsi.json" with { type: "json" };
import { images, random, side } from "./metrics_support.ts";

/** Both sides compute in float64; one of them from sums over tables. */
const TOLERANCE = 1e-9;

for (const { shape, slices, whole, head } of references.cases) {
  Deno.test(`haarpsi() agrees with piq on ${shape.join(" x ")}`, () => {
    const { image, reference } = images(shape);
    const near = (found: number, expected: number) =>
      assert.ok(Math.abs(found - expected) < TOLERANCE, `${found} is not ${expected}`);
    const range = reference.data.reduce((a, b) => Math.max(a, b));
    const size = shape[1] * shape[2];
    slices.forEach((expected, index) => {
      const slice = (data: Float32Array) =>
        ndarray(data.subarray(index * size, (index + 1) * size), shape.slice(1));
      near(haarpsi(slice(image.data), slice(reference.data), undefined, range), expected);
    });
    near(haarpsi(image, reference), whole);
    near(haarpsi(image, reference, headMask(reference)), head);
  });
}

Deno.test("haarpsi() is 1 for equal images, symmetric, below 1 otherwise, and blind to a common scale", () => {
  fc.assert(
    fc.property(side, side, fc.integer({ min: 0, max: 1000 }), (height, width, seed) => {
      const a = random([height, width], seed), b = random([height, width], seed + 1);
      assert.ok(Math.abs(haarpsi(a, a) - 1) < TOLERANCE);
      const found = haarpsi(a, b, undefined, 4);
      assert.ok(found < 1 && found >= 0, `${found}`);
      assert.ok(Math.abs(found - haarpsi(b, a, undefined, 4)) < TOLERANCE);
      const scaled = (x: typeof a) => ndarray(x.data.map((value) => value * 8), x.shape);
      assert.ok(Math.abs(found - haarpsi(scaled(a), scaled(b), undefined, 32)) < TOLERANCE);
    }),
    { numRuns: 30 },
  );
});

Deno.test("haarpsi() over a region does not see what lies far from it", () => {
  const reference = random([40, 37], 1), image = random([40, 37], 2);
  const region = new Uint8Array(40 * 37);
  region.fill(1, 0, 10 * 37);
  const before = haarpsi(image, reference, region, 4);
  const changed = ndarray(image.data.map((v, i) => i < 24 * 37 ? v : 3), image.shape);
  assert.equal(haarpsi(changed, reference, region, 4), before);
  assert.notEqual(
    haarpsi(changed, reference, undefined, 4),
    haarpsi(image, reference, undefined, 4),
  );
  assert.throws(() => haarpsi(image, zeros([40, 36])), RangeError);
});
