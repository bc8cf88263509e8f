import {
  adamwStep,
  OPTIMIZER_DEFAULTS,
  type OptimizerState,
  STEP_SCALARS,
  stepScalars,
} from "../../src/train/optimizer.ts";
import assert from "node:assert/strict";
import { slice } from "../../src/graph/mod.ts";
import { type ParameterSpec } from "../../src/nn/mod.ts";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";

/** Relative: a few roundings of float32. */
const F32 = 1e-5;
const init = { kind: "constant", value: 0 } as const;
const SPECS: readonly ParameterSpec[] = [
  { name: "kernel", shape: [4, 5], init },
  { name: "bias", shape: [7], init },
];
const COUNT = 27;
const STATE = ["weights", "mean", "square", "average"] as const;

/** Textbook AdamW and average in float64. */
function reference(
  state: Record<string, number[]>,
  gradient: number[],
  step: number,
  rate: number,
) {
  const { beta1, beta2, epsilon, weightDecay, maxNorm, emaDecay } = OPTIMIZER_DEFAULTS;
  const norm = Math.hypot(...gradient);
  const keep = Math.min(emaDecay, step / (step + 9));
  gradient.forEach((value, i) => {
    const g = value * Math.min(1, maxNorm / norm);
    state.mean[i] = beta1 * state.mean[i] + (1 - beta1) * g;
    state.square[i] = beta2 * state.square[i] + (1 - beta2) * g * g;
    const mean = state.mean[i] / (1 - beta1 ** step);
    const square = state.square[i] / (1 - beta2 ** step);
    const decay = i < 20 ? weightDecay * state.weights[i] : 0;
    state.weights[i] -= rate * (mean / (Math.sqrt(square) + epsilon) + decay);
    state.average[i] = keep * state.average[i] + (1 - keep) * state.weights[i];
  });
  return norm;
}

Deno.test("adamwStep() follows AdamW, clipping and the moving average in float64 for 5 steps", async () => {
  const shapes = Object.fromEntries([...STATE, "gradient"].map((name) => [name, [COUNT]]));
  const program = await runtime.build(
    { ...shapes, scalars: [STEP_SCALARS] } as Record<string, number[]>,
    (t) => {
      const scalars = Array.from({ length: STEP_SCALARS }, (_, i) => slice(t.scalars, 0, i, i + 1));
      const next = adamwStep(SPECS, t as unknown as OptimizerState, t.gradient, scalars);
      return Object.fromEntries(
        Object.entries(next).map(([name, value]) => [`next_${name}`, value]),
      );
    },
  );
  const rng = new Rng(5);
  const weights = rng.normals(COUNT);
  let current: Record<string, Float32Array> = {
    weights,
    mean: new Float32Array(COUNT),
    square: new Float32Array(COUNT),
    average: weights.slice(),
  };
  const exact = Object.fromEntries(STATE.map((name) => [name, Array.from(current[name])]));
  for (let step = 1; step <= 5; step++) {
    // Steps with a gradient below and above the norm at which it is clipped.
    const gradient = rng.normals(COUNT).map((value) => value * (step % 2 === 0 ? 0.01 : 3));
    const scalars = ndarray(stepScalars(step, 0.01), [STEP_SCALARS]);
    const feeds = Object.fromEntries(STATE.map((name) => [name, ndarray(current[name], [COUNT])]));
    const out = await program.run({ ...feeds, gradient: ndarray(gradient, [COUNT]), scalars });
    const norm = reference(exact, Array.from(gradient), step, 0.01);
    assert.ok(Math.abs(out.next_norm.data[0] / norm - 1) < F32);
    current = Object.fromEntries(STATE.map((name) => [name, out[`next_${name}`].data]));
    for (const name of STATE) {
      const worst = Math.max(...exact[name].map((value, i) => Math.abs(value - current[name][i])));
      assert.ok(worst < F32 * Math.max(...exact[name].map(Math.abs)), `${name} at step ${step}`);
    }
  }
});
