/** JPEG's transform and quantisation. */
import assert from "node:assert/strict";
import { evaluate, input } from "../../../src/graph/mod.ts";
import { jpeg, jpegTables } from "../../../src/mri/physics/jpeg.ts";
import { Rng } from "../../../src/rng.ts";
import { assertClose } from "../../classical/support.ts";

/** Pictures `[1, 2 S, 8, 16]` with real parts from 0 to 1. */
function picture(channels: number): Float64Array {
  const rng = new Rng(7);
  return Float64Array.from({ length: 2 * channels * 128 }, () => rng.uniform());
}

function run(channels: number, quality: number, scale = 1) {
  const shape = [1, 2 * channels, 8, 16], data = picture(channels);
  const x = input("x", shape);
  const codec = jpeg([8, 16], quality, scale);
  const stored = codec.encode(x), shown = codec.decode(stored);
  const other = codec.project(x, codec.encode(codec.decode(stored)));
  const outputs = [stored, shown, codec.encode(shown), other, codec.encode(other)];
  return { data, outputs: evaluate(outputs, new Map([[x, { data, shape }]])) };
}

Deno.test("quality 50 has the standard's tables, 100 steps of 1, 10 steps five times as large", () => {
  assert.deepEqual(jpegTables(50)[0].slice(0, 4), [16, 11, 10, 16]);
  assert.deepEqual(jpegTables(50)[1].slice(0, 4), [17, 18, 24, 47]);
  assert.ok(jpegTables(100).every((table) => table.every((step) => step === 1)));
  assert.deepEqual(jpegTables(10)[0].slice(0, 4), [80, 55, 50, 80]);
  assert.ok(jpegTables(1).every((table) => table.every((step) => step <= 255)));
});

for (const channels of [1, 3]) {
  Deno.test(`what was stored is stored again: h h+ h = h, ${channels} channels`, () => {
    for (const quality of [5, 10, 50, 90]) {
      const { outputs: [stored, , again, near, ofNear] } = run(channels, quality);
      assertClose(again.data, stored.data, 1e-9);
      assertClose(ofNear.data, stored.data, 1e-9);
      assert.equal(near.data.length, 2 * channels * 128);
    }
  });
}

Deno.test("the coefficients are those of the definition of the cosine transform", () => {
  const { data, outputs: [stored] } = run(1, 30);
  const [table] = jpegTables(30);
  const c = (k: number) => k === 0 ? Math.SQRT1_2 : 1;
  const expected = Float64Array.from({ length: 128 }, (_, i) => {
    const u = Math.floor(i / 16), v = i % 8, left = i % 16 - v;
    let sum = 0;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        sum += (255 * data[y * 16 + left + x] - 128) *
          Math.cos((2 * y + 1) * u * Math.PI / 16) * Math.cos((2 * x + 1) * v * Math.PI / 16);
      }
    }
    return Math.round(c(u) * c(v) * sum / 4 / table[8 * u + v]);
  });
  assertClose(stored.data, expected, 1e-9);
});

Deno.test("an image that is stored as wished is its own projection, and the scale is undone", () => {
  const { data, outputs: [stored, , , near] } = run(1, 10, 1);
  assertClose([...near.data].slice(0, 128), data.slice(0, 128), 1e-5);
  const x = input("x", [1, 2, 8, 16]);
  const half = { data: data.map((value) => value / 2), shape: [1, 2, 8, 16] };
  const [again] = evaluate([jpeg([8, 16], 10, 2).encode(x)], new Map([[x, half]]));
  assertClose(again.data, stored.data, 1e-9);
  assert.throws(() => jpeg([8, 12], 10), RangeError);
});
