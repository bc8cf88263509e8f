import assert from "node:assert/strict";
import { smoothPhase } from "../../../src/mri/calibration/smooth_phase.ts";
import { ndarray, zeros } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

const [ROWS, COLUMNS, COILS] = [21, 32, 3];
const PIXELS = ROWS * COLUMNS;

/** Unit vectors that vary slowly and have a period, each with a phase of its own. */
function vectors(seed: number) {
  const phases = new Rng(seed).normals(PIXELS);
  const found = zeros([PIXELS, 2 * COILS, 1]);
  for (let i = 0; i < PIXELS; i++) {
    const [v, u] = [2 * Math.PI * Math.floor(i / COLUMNS) / ROWS, 2 * Math.PI * i / COLUMNS];
    const parts = [1, 0.6 + 0.3 * Math.cos(v), 0.5 + 0.3 * Math.sin(u)];
    for (let c = 0; c < COILS; c++) {
      const angle = 3 * phases[i] + 0.5 * c * Math.sin(v + u);
      const size = parts[c] / Math.hypot(...parts);
      found.data[i * 2 * COILS + c] = size * Math.cos(angle);
      found.data[i * 2 * COILS + COILS + c] = size * Math.sin(angle);
    }
  }
  return found;
}

/** Cosine of the angle between vectors, as real ones. */
function cosine(data: Float32Array, i: number, j: number): number {
  let sum = 0;
  for (let p = 0; p < 2 * COILS; p++) sum += data[2 * COILS * i + p] * data[2 * COILS * j + p];
  return sum;
}

Deno.test("vectors up to a phase get that of their surroundings, whichever they had", async () => {
  const program = await runtime.build(
    { v: [PIXELS, 2 * COILS, 1], w: [PIXELS, 1, 1] },
    ({ v, w }) => ({ smooth: smoothPhase(v, w, [ROWS, COLUMNS]) }),
  );
  const w = ndarray(new Float32Array(PIXELS).fill(1), [PIXELS, 1, 1]);
  const { data } = (await program.run({ v: vectors(1), w })).smooth;
  const { data: other } = (await program.run({ v: vectors(2), w })).smooth;
  const furthest = data.reduce((max, value, i) => Math.max(max, Math.abs(value - other[i])), 0);
  assert.ok(furthest < 1e-3, `${furthest}`);
  for (let i = 0; i < PIXELS; i++) {
    const [y, x] = [Math.floor(i / COLUMNS), i % COLUMNS];
    assert.ok(Math.abs(cosine(data, i, i) - 1) < 1e-4);
    for (const j of [y * COLUMNS + (x + 1) % COLUMNS, (y + 1) % ROWS * COLUMNS + x]) {
      assert.ok(cosine(data, i, j) > 0.98, `${i} ${j}: ${cosine(data, i, j)}`);
    }
  }
});
