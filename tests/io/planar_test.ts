import assert from "node:assert/strict";
import fc from "fast-check";
import { checkFinite, interleave, planarCoils } from "../../src/io/planar.ts";
import { refuses, same, tabulate } from "./support.ts";

const size = fc.integer({ min: 1, max: 70 });

Deno.test("planarCoils() puts each number where its indices say, with and without transpose", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), size, size, (coils, rows, columns) => {
      const value = (coil: number, row: number, column: number, part: number) =>
        1 + part + 2 * (column + columns * (row + rows * coil));
      const { data } = tabulate([coils, rows, columns, 2], value);
      const from = { source: "x", slice: 0 };
      same(
        planarCoils(data, coils, rows, columns, { transpose: false, ...from }),
        tabulate([coils, 2, rows, columns], (c, part, y, x) => value(c, y, x, part)),
      );
      same(
        planarCoils(data, coils, rows, columns, { transpose: true, ...from }),
        tabulate([coils, 2, columns, rows], (c, part, y, x) => value(c, x, y, part)),
      );
    }),
    { numRuns: 50 },
  );
});

Deno.test("interleave() undoes planarCoils()", () => {
  const planar = tabulate([3, 2, 5, 7], (...index) => index.reduce((sum, i) => 10 * sum + i));
  const options = { transpose: false, source: "x", slice: 0 };
  same(planarCoils(interleave(planar), 3, 5, 7, options), planar);
  assert.throws(() => interleave(tabulate([3, 5, 7], () => 0)), RangeError);
});

Deno.test("planarCoils() names slice and coil of a number that is not finite", async () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const data = new Float32Array(3 * 4 * 5 * 2);
    data[2 * 40 + 7] = bad;
    const options = { transpose: true, source: "k.npy", slice: 6 };
    await refuses(
      () => planarCoils(data, 3, 4, 5, options),
      new RegExp(`k.npy.*found ${bad} in slice 6, coil 2`),
    );
  }
});

Deno.test("checkFinite() takes the largest and smallest numbers for finite", () => {
  const largest = 3.4028234663852886e38;
  checkFinite(Float32Array.of(largest, -largest, 1e-45, -0, 0), "x");
});
