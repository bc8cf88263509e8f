/** The loop of all methods: what is fed back, and when a run is stopped. */
import assert from "node:assert/strict";
import { DivergenceError } from "../../src/errors.ts";
import { add, mul } from "../../src/graph/mod.ts";
import { compileLoop, inputsOf, type Loop, runLoop } from "../../src/method/loop.ts";
import { ndarray } from "../../src/ndarray.ts";
import { runtime } from "../runtime.ts";

const SHAPE = [1, 2, 1, 2];

/** x' = factor x + offset, and a variable that counts. */
async function growth(factor: number, calls = 12): Promise<Loop> {
  const inputs = inputsOf({ x: SHAPE, count: SHAPE, offset: SHAPE });
  const { x, count, offset } = inputs;
  const program = await compileLoop(runtime, inputs, { x, count }, {
    x: add(mul(x, factor), offset),
    count: add(count, 1),
  });
  return {
    method: "growth",
    steps: calls,
    fixed: { offset: ndarray(Float32Array.of(0, 0, 1, 0), SHAPE) },
    state: {
      x: ndarray(Float32Array.of(1, -1, 0.5, 0), SHAPE),
      count: ndarray(new Float32Array(4), SHAPE),
    },
    scale: 1,
    calls: Array.from({ length: calls }, (_, i) => ({ program, step: i + 1, sigma: 0.25 })),
  };
}

Deno.test("runLoop() feeds variables back and keeps what is fixed", async () => {
  const { data } = await runLoop(await growth(0.5, 3));
  assert.deepEqual([...data], [0.125, -0.125, 0.0625 + 1.75, 0]);
});

for (const [factor, step] of [[3, 5], [-12, 2], [1e30, 1]]) {
  Deno.test(`a finite run that grows by ${factor} a step is a divergence at step ${step}`, async () => {
    await assert.rejects(runLoop(await growth(factor)), (error: Error) => {
      assert.ok(error instanceof DivergenceError);
      assert.equal(error.exitCode, 1);
      assert.match(
        error.message,
        new RegExp(`growth diverged at step ${step} of 12, sigma 0\\.25`),
      );
      assert.match(error.message, /found \d/, "a finite number is named");
      return error.hint !== undefined;
    });
  });
}

Deno.test("what is not finite is a divergence too, and growth within a hundredfold is none", async () => {
  await assert.rejects(runLoop(await growth(Infinity)), /NaN or infinity/);
  const { data } = await runLoop(await growth(2, 6));
  assert.equal(data[0], 64);
});
