/** Texts for Slurm. */
import assert from "node:assert/strict";
import { clock, quoted, ranges, slurmArrays } from "../../src/cohort/slurm.ts";

Deno.test("numbers, times and texts as Slurm and a shell take them", () => {
  assert.equal(ranges([7, 0, 1, 2, 9, 10]), "0-2,7,9-10");
  assert.equal(clock(90061.2), "1-01:01:02");
  assert.equal(quoted("/a/b c/d'e"), "'/a/b c/d'\\''e'");
  assert.equal(quoted("/a/b-1.h5"), "/a/b-1.h5");
});

Deno.test("shards of like memory make an array; its jobs have room for more than was predicted", () => {
  const shard = (seconds: number, memory: number) => ({ units: [], seconds, memory });
  const shards = [shard(10, 3e8), shard(100, 5e8), shard(1000, 4e9), shard(1, 1e8)];
  assert.deepEqual(slurmArrays(shards, [0, 1, 2]), [
    { shards: [0, 1], seconds: 900 + 300, megabytes: 1024 },
    { shards: [2], seconds: 900 + 3000, megabytes: 8192 },
  ]);
});
