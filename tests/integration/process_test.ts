/** What belongs to the whole process: memory, descriptors, environment. These tests run one by one. */
import assert from "node:assert/strict";
import { withPeakMemory } from "../../src/report/compare/peak_memory.ts";
import { runHere } from "../cli/support.ts";
import { assertImages, session, talk, withServer } from "../serve/client.ts";

/** Open descriptors of this process. */
const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;

Deno.test("140 sessions one after the other: all images right, memory flat, no descriptor left", async () => {
  await withServer(async ({ port }) => {
    // The heaps of the worker have their size after some 60 sessions.
    for (let i = 0; i < 60; i++) assertImages(await talk(port, session(i)), i);
    const [files, memory] = [descriptors(), Deno.memoryUsage().rss];
    for (let i = 60; i < 140; i++) assertImages(await talk(port, session(i)), i);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(descriptors() <= files + 2, `${descriptors()} descriptors after ${files}`);
    const grown = (Deno.memoryUsage().rss - memory) / 2 ** 20;
    assert.ok(grown < 30, `memory grew by ${grown} MB in 80 sessions`);
  });
});

Deno.test("withPeakMemory() sees what the work holds", async () => {
  const size = 150e6;
  const idle = Deno.memoryUsage().rss;
  const { result, peak } = await withPeakMemory(() =>
    Promise.resolve(new Uint8Array(size).fill(1)[7])
  );
  assert.equal(result, 1);
  assert.ok(peak > idle + 0.8 * size, `${peak} after ${idle}`);
  await assert.rejects(withPeakMemory(() => Promise.reject(new Error("no"))), /no/);
});

Deno.test("LARMOR_DEBUG shows the stack of an error that is ours", async () => {
  const command = () => Promise.reject(new TypeError("x is not a function"));
  Deno.env.set("LARMOR_DEBUG", "1");
  try {
    assert.match((await runHere([], { command })).err, /process_test\.ts/);
  } finally {
    Deno.env.delete("LARMOR_DEBUG");
  }
});
