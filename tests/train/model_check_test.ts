/** Checks of a model on images of a normal distribution, whose exact denoiser is known. */
import assert from "node:assert/strict";
import { add, constant, div, mul, type Tensor } from "../../src/graph/mod.ts";
import { ndarray } from "../../src/ndarray.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { checkDenoiser } from "../../src/train/model_check.ts";
import { runtime } from "../runtime.ts";

/** Standard deviations of real and imaginary part. */
const SPREAD = [0.5, 0.2];
const SHAPE = [2, 2, 30, 26];

const clean = (() => {
  const data = new Rng(7).normals(SHAPE.reduce((a, b) => a * b));
  const plane = SHAPE[2] * SHAPE[3];
  return ndarray(data.map((value, i) => value * SPREAD[Math.floor(i / plane) % 2]), SHAPE);
})();

/** x v / (v + sigma^2) with the variances v of the two parts. */
const exact = ([re, im] = SPREAD): Denoiser => (x, sigma) => {
  const variance = constant(ndarray(Float32Array.of(re * re, im * im), [1, 2, 1, 1]));
  return mul(x, div(variance, add(variance, mul(sigma, sigma))));
};

const codesOf = async (denoise: Denoiser, sigma: readonly [number, number] = [0.01, 3]) => {
  const check = await checkDenoiser(runtime, { denoise, sigma, images: clean, seed: 1 });
  return { ...check, codes: check.findings.map(({ code }) => code) };
};

Deno.test("an exact denoiser has the error that its derivative predicts, and no finding", async () => {
  const { codes, levels, derivative, sizes } = await codesOf(exact());
  assert.deepEqual(codes, []);
  for (const { sigma, actualError, predictedError } of levels) {
    const variance = SPREAD.map((s) => s * s * sigma * sigma / (s * s + sigma * sigma));
    const expected = Math.sqrt((variance[0] + variance[1]) / 2);
    assert.ok(Math.abs(actualError / expected - 1) < 0.1, `${sigma}: ${actualError}`);
    assert.ok(Math.abs(predictedError / expected - 1) < 0.1, `${sigma}: ${predictedError}`);
  }
  for (const { error } of derivative) assert.ok(error < 1e-3);
  assert.ok(sizes.every(({ milliseconds, vjpMilliseconds }) => milliseconds && vjpMilliseconds));
});

Deno.test("a wrong scale, noise input or order of channels is named", async () => {
  const scaled = exact(SPREAD.map((s) => s * 10));
  assert.ok((await codesOf(scaled)).codes.includes("scale"));
  const told: Denoiser = (x, sigma) => exact()(x, mul(sigma, 0.25));
  assert.ok((await codesOf(told)).codes.includes("noise-input"));
  const swapped = exact([...SPREAD].reverse());
  assert.ok((await codesOf(swapped)).codes.includes("channel-order"));
});

Deno.test("levels that a network cannot take, a wrong derivative and sizes that fail are named", async () => {
  const amplified: Denoiser = (x) => mul(x, 1.5);
  assert.ok((await codesOf(amplified)).codes.includes("adds-noise"));
  const evenOnly: Denoiser = (x: Tensor, sigma) => {
    if (x.shape[2] % 2 === 1) throw new RangeError("even sides are required");
    return exact()(x, sigma);
  };
  const { codes, findings } = await codesOf(evenOnly);
  assert.deepEqual(codes, ["size", "size"]);
  assert.match(findings[0].message, /even sides/);
});
