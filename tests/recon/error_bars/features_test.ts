import assert from "node:assert/strict";
import { mul } from "../../../src/graph/mod.ts";
import type { Denoiser } from "../../../src/nn/mod.ts";
import type { SamplingGeometry } from "../../../src/method/problem.ts";
import { type GeneratedMaskSpec, makeMask } from "../../../src/mri/sampling/masks.ts";
import { ndarray, partOf, zeros } from "../../../src/ndarray.ts";
import {
  compileFeatures,
  type Feature,
  featuresOf,
} from "../../../src/recon/error_bars/features.ts";
import { logWidth } from "../../../src/recon/error_bars/conformal.ts";
import { compileWidths } from "../../../src/recon/error_bars/widths.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

const H = 32, W = 24, SIGMA = 0.1;

/** One coil of sensitivity 1 everywhere. */
const MAPS = ndarray(new Float32Array(2 * H * W).fill(1, 0, H * W), [1, 1, 2, H, W]);

const FULL: GeneratedMaskSpec = { kind: "full", text: "full" };
const EVERY_FOURTH: GeneratedMaskSpec = {
  kind: "equispaced",
  acceleration: 4,
  acs: 0,
  text: "equispaced:R=4,acs=0",
};

/** An image with an edge down its middle, and its second opinion. */
function images(difference = 0) {
  const image = zeros([2, H, W]);
  for (let i = 0; i < H * W; i++) image.data[i] = i % W < W / 2 ? 1 : 0.5;
  const opinion = ndarray(image.data.map((v, i) => v + (i < H * W ? difference : 0)), [2, H, W]);
  return { image, opinion };
}

/** A denoiser that leaves a part of what it is given. */
const keeping = (part: number): Denoiser => (x) => mul(x, part);

async function features(
  spec: GeneratedMaskSpec,
  { difference = 0, samples = 1, denoise = keeping(1) } = {},
) {
  const mask = makeMask(spec, H, W);
  const geometry: SamplingGeometry = { coils: 1, height: H, width: W, mask };
  const names = featuresOf(samples, true);
  const measure = await compileFeatures(runtime, geometry, { names, samples, denoise });
  const problem = { y: zeros(mask.yShape(1)), inputs: { maps: MAPS }, sigma: SIGMA };
  const { image, opinion } = images(difference);
  const drawn = new Rng(3).normals(samples * 2 * H * W).map((v, i) =>
    image.data[i % (2 * H * W)] + 0.01 * v
  );
  const found = await measure(problem, {
    image,
    opinion,
    samples: samples > 1 ? ndarray(drawn, [samples, 2, H, W]) : undefined,
  });
  return (name: Feature) => partOf(found, names.indexOf(name)).data;
}

const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("the probes find the noise and the share that is not seen of acquisitions where both are known", async () => {
  // Ridge (0.1 / 0.1)^2 = 1: the inverse of full data keeps 1/2 of noise and misses 1/2 of an image.
  const full = await features(FULL);
  const size = Math.SQRT2; // of a complex number with variance 1 in each part
  assert.ok(Math.abs(mean(full("noise")) / (SIGMA * size / 2) - 1) < 0.05);
  assert.ok(Math.abs(mean(full("unseen")) / (size / 2) - 1) < 0.05);
  // A quarter of the lines: a quarter of both energies, and three quarters are not seen at all.
  const fourth = await features(EVERY_FOURTH);
  assert.ok(Math.abs(mean(fourth("noise")) / (SIGMA * size / 2 / 2) - 1) < 0.07);
  assert.ok(Math.abs(mean(fourth("unseen")) / (size * Math.sqrt(3 / 4 + 1 / 16)) - 1) < 0.05);
  assert.ok(Math.abs(mean(full("level")) - SIGMA) < 1e-6);
});

Deno.test("contrast and edge are found at an edge, and the difference of the second opinion everywhere", async () => {
  const found = await features(FULL, { difference: 0.2 });
  const at = (row: number, column: number) => row * W + column;
  assert.ok(Math.abs(found("edge")[at(10, W / 2)] - 0.25) < 1e-6);
  assert.ok(found("edge")[at(10, 5)] < 2e-4);
  assert.ok(found("contrast")[at(10, W / 2)] > 0.2);
  assert.ok(found("contrast")[at(10, 5)] < 1e-3);
  assert.ok(Math.abs(found("brightness")[at(10, 5)] - 1) < 1e-6);
  for (const name of ["opinion", "opinionNear"] as const) {
    assert.ok(Math.abs(found(name)[at(0, 0)] - 0.2) < 1e-5, name);
  }
});

Deno.test("what the denoiser leaves of noise that is not seen is found", async () => {
  // Nothing is seen but a quarter of the lines: of noise of 0.08 along the phase most is left.
  const unseen = Math.sqrt(3 / 4 + 1 / 4 / 2 ** 4); // the part not seen of what is not seen already
  const all = await features(EVERY_FOURTH), none = await features(FULL, { denoise: keeping(1) });
  assert.ok(Math.abs(mean(all("moved")) / (0.08 * unseen) - 1) < 0.1, `${mean(all("moved"))}`);
  assert.ok(Math.abs(mean(none("moved")) / (0.08 / 4) - 1) < 0.1, `${mean(none("moved"))}`);
  // A denoiser that changes nothing of the image but takes half of it: the change is of the image too.
  const half = await features(EVERY_FOURTH, { denoise: keeping(0.5) });
  assert.ok(mean(half("moved")) > 2 * mean(all("moved")));
});

Deno.test("the spread of posterior samples is a feature of methods that draw them", async () => {
  const found = await features(FULL, { samples: 8 });
  assert.ok(Math.abs(mean(found("spread")) - 0.01) < 1e-3);
  assert.ok(!featuresOf(1, true).includes("spread"));
});

Deno.test("the graph of the widths gives those of logWidth(), in the orientation of the file", async () => {
  const rng = new Rng(5);
  const names = featuresOf(1, true), count = names.length;
  const logs = Array.from({ length: count * 4 * 6 }, () => rng.normal());
  const drawn = () => names.map(() => rng.normal() / 3), [powers, means] = [drawn(), drawn()];
  const width = { sizes: [-1, 0, 0.5], factors: [0.3, -0.2, 0.8] };
  const named = (values: readonly number[]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const size = { constant: 0.1, powers: named(powers), means: named(means) };
  const geometry = { from: [4, 6], size: [4, 6], transposed: true } as const;
  const array = ndarray(Float32Array.from(logs, Math.exp), [count, 4, 6]);
  const factor = ndarray(new Float32Array(2 * 4 * 6).fill(7), [2, 4, 6]);
  const head = new Uint8Array(24).fill(1, 0, 10);
  const widths = await compileWidths(runtime, geometry, { size, width });
  const found = await widths(array, head, factor, 1.5);
  assert.deepEqual(found.shape, [6, 4]);
  const inHead = names.map((_, f) => mean(Float32Array.from(logs.slice(f * 24, f * 24 + 10))));
  for (let i = 0; i < 24; i++) {
    const log = names.reduce(
      (sum, _, f) => sum + powers[f] * (logs[f * 24 + i] - inHead[f]) + means[f] * inHead[f],
      size.constant,
    );
    const expected = 1.5 * 7 * Math.exp(logWidth(width, log));
    const [row, column] = [Math.floor(i / 6), i % 6];
    assert.ok(Math.abs(found.data[column * 4 + row] / expected - 1) < 1e-4);
  }
});
