import assert from "node:assert/strict";
import fc from "fast-check";
import { philox4x32, Rng } from "../src/rng.ts";

/** Known answers for philox4x32-10, from kat_vectors of Random123 (D. E. Shaw Research). */
const KNOWN_ANSWERS = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: "6627e8d5 e169c58d bc57ac4c 9b00dbd8" },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: "408f276d 41c83b0e a20bc7c6 6d5451fd",
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: "d16cfe09 94fdcceb 5001e420 24126ea1",
  },
];
const SEED = 20240607;
/** Draws of the statistical tests; their bounds are five standard errors wide. */
const DRAWS = 1_000_000;
const FIVE_ERRORS = 5 / Math.sqrt(DRAWS);

for (const { counter, key, words } of KNOWN_ANSWERS) {
  Deno.test(`philox4x32() gives the known answer ${words}`, () => {
    const hex = Array.from(philox4x32(counter, key), (word) => word.toString(16).padStart(8, "0"));
    assert.equal(hex.join(" "), words);
  });
}

Deno.test("uint32() of seed 0 begins with the blocks of counters 0 and 1", () => {
  const rng = new Rng(0);
  const drawn = Array.from({ length: 8 }, () => rng.uint32());
  assert.deepEqual(drawn, [
    ...philox4x32([0, 0, 0, 0], [0, 0]),
    ...philox4x32([1, 0, 0, 0], [0, 0]),
  ]);
});

Deno.test("split() depends on the seed and the names, not on what was drawn", () => {
  const rng = new Rng(SEED);
  const before = rng.split(3, 1).normals(5);
  rng.normals(17);
  rng.uint32();
  assert.deepEqual(rng.split(3, 1).normals(5), before);
  assert.deepEqual(rng.split(3).split(1).normals(5), before);
  assert.deepEqual(new Rng(SEED, 3, 1).normals(5), before);
});

Deno.test("split() gives another stream for each path of names", () => {
  fc.assert(fc.property(
    fc.array(fc.maxSafeNat(), { maxLength: 4 }),
    fc.array(fc.maxSafeNat(), { maxLength: 4 }),
    (a, b) => {
      const first = new Rng(SEED, ...a).normals(4), second = new Rng(SEED, ...b).normals(4);
      if (`${a}` === `${b}`) assert.deepEqual(first, second);
      else assert.notDeepEqual(first, second);
    },
  ));
  assert.notDeepEqual(new Rng(SEED, 1, 2).normals(4), new Rng(SEED, 2, 1).normals(4));
});

Deno.test("streams of neighbouring names and seeds are not correlated", () => {
  const count = DRAWS / 10;
  const base = new Rng(SEED, 0).normals(count);
  for (const other of [new Rng(SEED, 1), new Rng(SEED + 1, 0), new Rng(SEED)]) {
    const normals = other.normals(count);
    const correlation = base.reduce((sum, value, i) => sum + value * normals[i], 0) / count;
    assert.ok(Math.abs(correlation) < 5 / Math.sqrt(count), `found ${correlation}`);
  }
});

Deno.test("Rng takes a number and a bigint for the same seed", () => {
  const seed = Number.MAX_SAFE_INTEGER;
  assert.equal(new Rng(seed).uint32(), new Rng(BigInt(seed)).uint32());
  assert.notEqual(new Rng(2n ** 32n).uint32(), new Rng(0n).uint32());
});

Deno.test("Rng refuses seeds and names that are no unsigned integers", () => {
  for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 1n << 64n]) {
    assert.throws(() => new Rng(seed), /RangeError: Cannot use .* as seed .* is required/);
  }
  assert.throws(() => new Rng(1, -3), /Cannot use -3 as stream/);
});

Deno.test("normals() has the moments of a standard normal distribution", () => {
  const normals = new Rng(SEED).normals(DRAWS);
  const moment = (power: number) =>
    normals.reduce((sum, value) => sum + value ** power, 0) / normals.length;
  // Standard errors of the raw moments: sqrt of 1, 2, 15 and 96, over sqrt(n).
  assert.ok(Math.abs(moment(1)) < FIVE_ERRORS);
  assert.ok(Math.abs(moment(2) - 1) < FIVE_ERRORS * Math.sqrt(2));
  assert.ok(Math.abs(moment(3)) < FIVE_ERRORS * Math.sqrt(15));
  assert.ok(Math.abs(moment(4) - 3) < FIVE_ERRORS * Math.sqrt(96));
});

Deno.test("normals() has independent neighbours and a uniform direction in pairs", () => {
  const normals = new Rng(SEED).normals(DRAWS);
  for (const lag of [1, 2, 3, 4]) {
    let sum = 0;
    for (let i = lag; i < DRAWS; i++) sum += normals[i] * normals[i - lag];
    assert.ok(Math.abs(sum / DRAWS) < FIVE_ERRORS, `lag ${lag}: ${sum / DRAWS}`);
  }
  const octants = new Array(16).fill(0);
  for (let i = 0; i < DRAWS; i += 2) {
    const angle = Math.atan2(normals[i], normals[i + 1]) / (2 * Math.PI) + 0.5;
    octants[Math.min(15, Math.floor(angle * 16))]++;
  }
  const expected = DRAWS / 2 / 16;
  const chiSquare = octants.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.ok(chiSquare < 15 + 5 * Math.sqrt(30), `chi-square with 15 degrees: ${chiSquare}`);
});

Deno.test("normals() of a new stream begins with a shorter draw of it", () => {
  fc.assert(fc.property(fc.nat(40), fc.nat(40), (a, b) => {
    const [short, long] = [Math.min(a, b), Math.max(a, b)];
    const normals = new Rng(SEED).normals(long);
    assert.deepEqual(new Rng(SEED).normals(short), normals.slice(0, short));
  }));
});

Deno.test("normals() and uint32() continue the stream instead of repeating it", () => {
  const rng = new Rng(SEED);
  assert.notDeepEqual(rng.normals(4), rng.normals(4));
  assert.notEqual(rng.uint32(), new Rng(SEED).uint32());
});

Deno.test("normal() and uniform() have the moments of their distributions", () => {
  const rng = new Rng(SEED);
  const count = DRAWS / 10, bound = 5 / Math.sqrt(count);
  let sum = 0, squares = 0, uniforms = 0;
  for (let i = 0; i < count; i++) {
    const normal = rng.normal(), uniform = rng.uniform();
    assert.ok(uniform >= 0 && uniform < 1);
    sum += normal;
    squares += normal ** 2;
    uniforms += uniform;
  }
  assert.ok(Math.abs(sum / count) < bound);
  assert.ok(Math.abs(squares / count - 1) < bound * Math.SQRT2);
  assert.ok(Math.abs(uniforms / count - 0.5) < bound / Math.sqrt(12));
});

Deno.test("integer() stays below its count and hits each value equally often", () => {
  const rng = new Rng(SEED);
  const hits = new Array(7).fill(0);
  for (let i = 0; i < 70_000; i++) hits[rng.integer(7)]++;
  const chiSquare = hits.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  assert.ok(chiSquare < 6 + 5 * Math.sqrt(12), `chi-square with 6 degrees: ${chiSquare}`);
  assert.equal(rng.integer(1), 0);
  assert.throws(() => rng.integer(0), /RangeError: Cannot draw an integer: a count from 1/);
});

Deno.test("permutation() holds each integer once", () => {
  fc.assert(fc.property(fc.nat(200), fc.nat(), (count, seed) => {
    const drawn = Array.from(new Rng(seed).permutation(count)).sort((a, b) => a - b);
    assert.deepEqual(drawn, Array.from({ length: count }, (_, i) => i));
  }));
});
