/** Order of steps. */
import assert from "node:assert/strict";
import { descend, posteriorLevels, withJumps } from "../../src/samplers/core/plans.ts";

const walk = (moves: readonly { sigma: number; sigmaNext: number }[]) =>
  [moves[0].sigma, ...moves.map(({ sigmaNext }) => sigmaNext)].join(" ");

Deno.test("withJumps() goes back as RePaint's schedule does", () => {
  const levels = [6, 5, 4, 3, 2, 1];
  assert.equal(walk(withJumps(levels, { jump: 2, repeats: 1 })), "6 5 4 3 2 1 0");
  // Times 3 2 1 0 of the last levels: back from 2 and from 0, each once.
  assert.equal(walk(withJumps(levels, { jump: 2, repeats: 2 })), "6 5 4 3 5 4 3 2 1 3 2 1 0");
  assert.equal(walk(withJumps([3, 2, 1], { jump: 1, repeats: 3 })), "3 2 3 2 3 2 1 2 1 2 1 0");
  assert.equal(walk(withJumps([3, 2], { jump: 5, repeats: 3 })), "3 2 0"); // too short to jump
  const moves = withJumps(levels, { jump: 2, repeats: 2 });
  for (const { move, sigma, sigmaNext } of moves) {
    assert.equal(move, sigmaNext > sigma ? "back" : "step");
  }
});

Deno.test("plans reach 0 with any number of steps", () => {
  const settings = { steps: 1, weight: 1, sigmaMax: 2, sigmaMin: 0.5 };
  assert.deepEqual(posteriorLevels(settings, { sigma: 0.1 }), descend([2]));
  const three = posteriorLevels({ ...settings, steps: 3 }, { sigma: 0.1 });
  assert.equal(three.length, 3);
  assert.ok(Math.abs(three[2].sigma - 0.05) < 1e-12 && three[2].sigmaNext === 0);
});
