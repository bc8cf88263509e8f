import assert from "node:assert/strict";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { SamplingMask } from "../../../src/mri/sampling/sampling_mask.ts";
import { gapOf } from "../../../src/recon/error_bars/gap.ts";

const H = 20, W = 12;

/** The definition, point by point. */
function expected(mask: SamplingMask): number {
  const points = Array.from({ length: H * W }, (_, i) => [Math.floor(i / W), i % W]);
  const isOn = ([row, column]: number[]) =>
    mask.values[mask.isLines ? row : row * W + column] === 1;
  const on = points.filter(isOn);
  const [rows, columns] = [0, 1].map((axis) => on.map((point) => point[axis]));
  const isWithin = ([row, column]: number[]) =>
    row >= Math.min(...rows) && row <= Math.max(...rows) &&
    column >= Math.min(...columns) && column <= Math.max(...columns);
  let sum = 0, weights = 0;
  for (const [row, column] of points.filter(isWithin)) {
    const weight = 1 / (1 + (row - H / 2) ** 2 + (column - W / 2) ** 2);
    weights += weight;
    sum += weight * Math.min(...on.map(([r, c]) => (r - row) ** 2 + (c - column) ** 2));
  }
  return Math.sqrt(sum / weights);
}

const masked = (text: string) => {
  const spec = parseMaskSpec(text);
  assert.ok(spec.kind !== "file");
  return makeMask(spec, H, W);
};

Deno.test("gapOf() is the distance from the nearest sample, of lines and of points", () => {
  for (const text of ["equispaced:R=4,acs=4", "random:R=3,acs=2,seed=1", "poisson:R=4,acs=4"]) {
    const mask = masked(text);
    assert.ok(Math.abs(gapOf(mask) / expected(mask) - 1) < 1e-9, text);
  }
});

Deno.test("gapOf() of full data is the smallest, and what lies beyond the samples does not count", () => {
  assert.equal(gapOf(masked("full")), 0.25);
  const values = new Uint8Array(H).fill(1, 6, 15);
  const mask = new SamplingMask({ isLines: true, height: H, width: W, values, spec: "data" });
  assert.equal(gapOf(mask), 0.25);
});
