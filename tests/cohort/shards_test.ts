/** Shards: every slice once, equal times, like memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { shardsOf, type Work } from "../../src/cohort/shards.ts";

const MB = 1e6;

const workOf = (change: Partial<Work> = {}): Work => ({
  ...{ file: 0, method: 0, slices: [0, 20], divisible: true, overhead: 1, perSlice: 2 },
  memory: (slices) => 200 * MB + slices * MB,
  ...change,
});

/** The slices of a piece of work that shards hold, in order. */
const slicesOf = (shards: ReturnType<typeof shardsOf>, { file, method }: Work) =>
  shards.flatMap(({ units }) => units)
    .filter((unit) => unit.file === file && unit.method === method)
    .sort((a, b) => a.slices[0] - b.slices[0])
    .flatMap(({ slices: [first, end] }) =>
      Array.from({ length: end - first }, (_, i) => first + i)
    );

Deno.test("shardsOf() has every slice once, whatever the files, and gives units different names", () => {
  const work = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    first: fc.integer({ min: 0, max: 5 }),
    divisible: fc.boolean(),
    overhead: fc.double({ min: 0, max: 30, noNaN: true }),
    perSlice: fc.double({ min: 0.01, max: 100, noNaN: true }),
    bytes: fc.integer({ min: 1, max: 64 }),
  });
  fc.assert(fc.property(fc.array(work, { minLength: 1, maxLength: 12 }), (drawn) => {
    const all = drawn.map(({ count, first, bytes, ...rest }, file) =>
      workOf({
        ...rest,
        file,
        slices: [first, first + count],
        memory: (slices) => bytes * 1e8 + slices,
      })
    );
    const shards = shardsOf(all, { seconds: 60 });
    for (const each of all) {
      const [first, end] = each.slices;
      const expected = Array.from({ length: end - first }, (_, i) => first + i);
      assert.deepEqual(slicesOf(shards, each), expected);
    }
    const ids = shards.flatMap(({ units }) => units.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(shards.every(({ units }) => units.length > 0));
    for (const each of all.filter(({ divisible }) => !divisible)) {
      const own = shards.flatMap(({ units }) => units).filter(({ file }) => file === each.file);
      assert.equal(own.length, 1, "a file that cannot be divided is in one piece");
    }
  }));
});

Deno.test("shards of a cohort of like files last about as long as each other", () => {
  const files = Array.from(
    { length: 30 },
    (_, file) => workOf({ file, slices: [0, 7 + file % 9] }),
  );
  const shards = shardsOf(files, { seconds: 100 });
  const seconds = shards.map((shard) => shard.seconds);
  const mean = seconds.reduce((a, b) => a + b) / seconds.length;
  assert.ok(Math.max(...seconds) < 1.3 * mean, `${seconds}`);
  assert.ok(seconds.slice(0, -1).every((each) => each > 0.7 * mean), `${seconds}`);
});

Deno.test("a cohort can be cut into a number of shards", () => {
  const files = Array.from({ length: 20 }, (_, file) => workOf({ file }));
  for (const count of [1, 4, 10, 33]) {
    const { length } = shardsOf(files, { count });
    assert.ok(Math.abs(length - count) <= 0.25 * count, `${length} for ${count}`);
  }
});

Deno.test("work that needs much more memory than other work has shards of its own", () => {
  const small = workOf(), large = workOf({ file: 1, memory: () => 8000 * MB });
  const shards = shardsOf([large, small], { seconds: 10_000 });
  assert.equal(shards.length, 2);
  assert.deepEqual(shards.map(({ memory }) => Math.round(memory / MB)), [220, 8000]);
});

Deno.test("a cohort has at most a thousand shards", () => {
  const files = Array.from({ length: 5000 }, (_, file) => workOf({ file }));
  const shards = shardsOf(files, { seconds: 1 });
  assert.ok(shards.length > 500 && shards.length <= 1000, `${shards.length}`);
});
