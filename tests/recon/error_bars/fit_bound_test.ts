import assert from "node:assert/strict";
import { logFactor } from "../../../src/recon/error_bars/bound.ts";
import { fitBound } from "../../../src/recon/error_bars/fit_bound.ts";
import { Rng } from "../../../src/rng.ts";

/** A slice whose error is a power of its widths and its gap, but for a normal factor. */
function slice(rng: Rng, person: string) {
  const width = 2 * rng.normal(), gap = 2 * rng.normal();
  return { person, width, gap, error: 0.8 * width + 0.3 * gap - 1 + 0.2 * rng.normal() };
}

Deno.test("fitBound() follows widths and gaps, and holds for 90 % of the slices of new people", () => {
  const rng = new Rng(1);
  const known = Array.from({ length: 100 }, (_, i) => slice(rng, `${i % 10}`));
  const bound = fitBound(known, 0.9);
  assert.ok(Math.abs(1 + bound.width - 0.8) < 0.03, `${bound.width}`);
  assert.ok(Math.abs(bound.gap - 0.3) < 0.03, `${bound.gap}`);
  const others = Array.from({ length: 2000 }, () => slice(rng, "new"));
  const held = others.filter((one) => one.error <= one.width + logFactor(bound, one));
  assert.ok(Math.abs(held.length / others.length - 0.9) < 0.06, `${held.length}`);
});
