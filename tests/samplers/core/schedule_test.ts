/** Order of steps. */
import assert from "node:assert/strict";
import { descend, posteriorSteps, stepsWithJumps } from "../../../src/samplers/core/schedule.ts";

const walk = (steps: readonly { sigma: number; sigmaNext: number }[]) =>
  [steps[0].sigma, ...steps.map(({ sigmaNext }) => sigmaNext)].join(" ");

Deno.test("stepsWithJumps() goes back as RePaint's schedule does", () => {
  const levels = [6, 5, 4, 3, 2, 1];
  assert.equal(walk(stepsWithJumps(levels, { jump: 2, repeats: 1 })), "6 5 4 3 2 1 0");
  // Times 3 2 1 0 of the last levels: back from 2 and from 0, each once.
  assert.equal(walk(stepsWithJumps(levels, { jump: 2, repeats: 2 })), "6 5 4 3 5 4 3 2 1 3 2 1 0");
  assert.equal(walk(stepsWithJumps([3, 2, 1], { jump: 1, repeats: 3 })), "3 2 3 2 3 2 1 2 1 2 1 0");
  assert.equal(walk(stepsWithJumps([3, 2], { jump: 5, repeats: 3 })), "3 2 0"); // too short to jump
  const steps = stepsWithJumps(levels, { jump: 2, repeats: 2 });
  for (const { kind, sigma, sigmaNext } of steps) {
    assert.equal(kind, sigmaNext > sigma ? "back" : "step");
  }
});

Deno.test("schedules reach 0 with any number of steps", () => {
  const settings = { steps: 1, weight: 1, sigmaMax: 2, sigmaMin: 0.5 };
  assert.deepEqual(posteriorSteps(settings, { sigma: 0.1 }), descend([2]));
  const three = posteriorSteps({ ...settings, steps: 3 }, { sigma: 0.1 });
  assert.equal(three.length, 3);
  assert.ok(Math.abs(three[2].sigma - 0.05) < 1e-12 && three[2].sigmaNext === 0);
});
