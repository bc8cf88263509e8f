/** The time that a plan predicts, of a method whose steps take a known time. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { Runtime } from "../../src/graph/mod.ts";
import type { Method } from "../../src/method/problem.ts";
import { zeros } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { planReconstruction } from "../../src/recon/plan.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import type { ReconstructOptions } from "../../src/recon/types.ts";
import { runtime } from "../runtime.ts";

const STEP = 0.05, FIRST = 0.3;

/** A method that does nothing, slowly. */
function idle(steps: number, seen: { steps: number }): Method {
  return {
    name: "idle",
    summary: "waits",
    citation: "none",
    needsMaps: false,
    prepare: (_runtime, { height, width }) =>
      Promise.resolve({
        nfe: 0,
        steps,
        async solve(_problem, { onProgress, signal } = {}) {
          for (let step = 0; step < steps; step++) {
            signal?.throwIfAborted();
            await pause(1000 * (step === 0 ? FIRST : STEP));
            seen.steps = step + 1;
            onProgress?.((step + 1) / steps);
          }
          return zeros([2, height, width]);
        },
      }),
  };
}

Deno.test("a plan predicts the time of all slices from the first steps of one", async () => {
  const seen = { steps: 0 };
  using file = await simulatedBrain({ size: 16, coils: 1 });
  const { seconds } = await planReconstruction(file, { method: idle(200, seen), device: runtime });
  const truth = FIRST + 199 * STEP;
  assert.ok(seconds! > 0.9 * truth && seconds! < 1.5 * truth, `${seconds} of ${truth}`);
  assert.ok(seen.steps < 60, `it stopped early: ${seen.steps} steps`);
});

Deno.test("a method of few steps is run in full to predict its time", async () => {
  const seen = { steps: 0 };
  using file = await simulatedBrain({ size: 16, coils: 1 });
  const { seconds } = await planReconstruction(file, { method: idle(2, seen), device: runtime });
  assert.equal(seen.steps, 2);
  assert.ok(seconds! > 0.9 * (FIRST + STEP) && seconds! < 4, `${seconds}`);
});

Deno.test("what only the first slice takes is counted once", async () => {
  let runs = 0;
  const slow = { ...idle(1, { steps: 0 }) };
  const method: Method = {
    ...slow,
    prepare: async (...args) => ({
      ...await slow.prepare(...args),
      async solve() {
        await pause(runs++ === 0 ? 600 : 10);
        return zeros([2, 16, 16]);
      },
    }),
  };
  using one = await simulatedBrain({ size: 16, coils: 1 });
  const file = { ...one, slices: 40, readSlice: () => one.readSlice(0) };
  const { seconds } = await planReconstruction(file, { method, device: runtime });
  assert.ok(seconds! > 0.9 && seconds! < 12, `${seconds}: 24 s if all were as slow as the first`);
});

const JUDGED: readonly ReconstructOptions[] = [
  { method: "rss" },
  { method: "sense", steps: 3, audit: "prediction", added: true },
  { method: "diffpir", steps: 2, samples: 2, updateMaps: 1 },
];

for (const options of JUDGED) {
  Deno.test(`a plan does each part of a run: ${JSON.stringify(options)}`, async () => {
    await using runtime = await Runtime.open("cpu", { threads: 1 });
    using file = await simulatedBrain({ size: 48, coils: 3 });
    const all = { ...options, mask: "equispaced:R=2,acs=16", device: runtime };
    const { seconds, compileSeconds } = await planReconstruction(file, all);
    assert.ok(seconds! > compileSeconds);
    const { size } = runtime;
    await reconstruct(file, all);
    assert.equal(runtime.size, size, "graphs that the plan did not compile");
  });
}
