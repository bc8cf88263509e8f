import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { Runtime } from "../../../src/graph/mod.ts";
import { makeMask, parseMaskSpec, type SamplingMask } from "../../../src/mri/sampling/masks.ts";
import { type MapsSource, Preparation, type PreparedSlice } from "../../../src/recon/prepare.ts";
import { type NdArray, onlyOf } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { projectionResidual, scene } from "./calibration_support.ts";
import { runtime } from "../../runtime.ts";

const ESPIRIT: MapsSource = { kind: "espirit" };

function mask(text: string, height: number, width: number): SamplingMask {
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") throw new Error("a formula is required");
  return makeMask(spec, height, width);
}

async function prepare(
  runtime: Runtime,
  kspace: NdArray,
  sampling: SamplingMask,
  compress?: number,
  source = ESPIRIT,
): Promise<PreparedSlice> {
  const preparation = new Preparation(runtime, {
    coils: kspace.shape[0],
    mask: sampling,
    full: true,
    ...(compress === undefined ? {} : { compress }),
  });
  return await preparation.slice(kspace, source);
}

for (
  const { coils, height, width, spec } of [
    { coils: 4, height: 64, width: 64, spec: "equispaced:R=4,acs=24" },
    { coils: 8, height: 61, width: 83, spec: "equispaced:R=3,acs=20" },
    { coils: 6, height: 150, width: 140, spec: "equispaced:R=6,acs=16" },
    { coils: 5, height: 72, width: 60, spec: "poisson:R=4,acs=24" },
  ]
) {
  Deno.test(`ESPIRiT spans the coil images of ${coils} coils, ${height} x ${width}, ${spec}`, async () => {
    const sigma = 0.004;
    const { kspace, images, inside } = await scene(runtime, { coils, height, width, sigma });
    const { problem } = await prepare(runtime, kspace, mask(spec, height, width));
    assert.deepEqual(problem.inputs.maps.shape, [1, coils, 2, height, width]);
    const residual = projectionResidual(onlyOf(problem.inputs.maps), images, inside);
    assert.ok(residual < 0.02, `residual ${residual}`);
  });
}

Deno.test("adaptive maps span the coil images of smooth coils", async () => {
  const { kspace, images, inside } = await scene(runtime, {
    coils: 6,
    height: 70,
    width: 64,
    sigma: 0.004,
  });
  const sampling = mask("equispaced:R=4,acs=24", 70, 64);
  const { problem } = await prepare(runtime, kspace, sampling, undefined, { kind: "adaptive" });
  const residual = projectionResidual(onlyOf(problem.inputs.maps), images, inside);
  assert.ok(residual < 0.06, `residual ${residual}`);
});

Deno.test("ESPIRiT has unit sum of squares inside the object and no NaN anywhere", async () => {
  const { kspace, inside } = await scene(runtime, { coils: 4, height: 64, width: 64, sigma: 0.01 });
  const { problem: { inputs: { maps } } } = await prepare(
    runtime,
    kspace,
    mask("equispaced:R=2,acs=24", 64, 64),
  );
  assert.ok(maps.data.every(Number.isFinite));
  const plane = 64 * 64;
  for (let i = 0; i < plane; i++) {
    let energy = 0;
    for (let p = 0; p < 8; p++) energy += maps.data[p * plane + i] ** 2;
    assert.ok(energy <= 1.0001);
    if (inside[i] === 1) assert.ok(energy > 0.98, `${energy} at ${i}`);
  }
});

Deno.test("ESPIRiT of one coil is 1 up to a phase", async () => {
  const { kspace, inside } = await scene(runtime, { coils: 1, height: 48, width: 50, sigma: 0.01 });
  const { problem: { inputs: { maps } } } = await prepare(
    runtime,
    kspace,
    mask("equispaced:R=2,acs=16", 48, 50),
  );
  inside.forEach((kept, i) => {
    if (kept) assert.ok(Math.hypot(maps.data[i], maps.data[48 * 50 + i]) > 0.98);
  });
});

for (
  const [sigma, spec] of [[0.002, "full"], [0.02, "full"], [0.02, "equispaced:R=4,acs=24"]] as const
) {
  Deno.test(`the noise level ${sigma} is found within 10 % from ${spec} k-space`, async () => {
    const { kspace } = await scene(runtime, { coils: 6, height: 128, width: 120, sigma });
    const { problem, scale } = await prepare(runtime, kspace, mask(spec, 128, 120));
    const found = problem.sigma * scale;
    assert.ok(Math.abs(found / sigma - 1) < 0.1, `${found}`);
  });
}

for (
  const [coils, height, width, spec] of [
    [1, 64, 64, "full"],
    [1, 30, 25, "equispaced:R=2,acs=4"],
    [4, 96, 80, "equispaced:R=4,acs=12"],
    [8, 128, 100, "full"],
    [3, 48, 40, "poisson:R=4,acs=8"],
  ] as const
) {
  Deno.test(`the noise level of white noise is unbiased: ${coils} x ${height} x ${width}, ${spec}`, async () => {
    const sampling = mask(spec, height, width);
    const preparation = new Preparation(runtime, { coils, mask: sampling, full: false });
    const draws = Math.ceil(40 * 4096 / (height * width)); // a standard error below 0.5 %
    let sum = 0;
    for (let draw = 0; draw < draws; draw++) {
      const shape = [coils, 2, height, width];
      const kspace = { data: new Rng(7, draw).normals(2 * coils * height * width), shape };
      const { problem, scale } = await preparation.slice(kspace, { kind: "none" });
      sum += problem.sigma * scale / draws;
    }
    assert.ok(Math.abs(sum - 1) < 0.01, `${sum}`);
  });
}

Deno.test("the noise level of an asymmetric echo is that of what was acquired", async () => {
  const sampling = mask("full", 64, 64).with({ partial: { columns: [20, 64] } });
  const data = new Rng(3).normals(2 * 2 * 64 * 64).map((value, i) => i % 64 < 20 ? 0 : value);
  const { problem, scale } = await prepare(runtime, { data, shape: [2, 2, 64, 64] }, sampling);
  assert.ok(Math.abs(problem.sigma * scale - 1) < 0.03, `${problem.sigma * scale}`);
});

Deno.test("Preparation scales with the data and not with samples that the mask drops", async () => {
  const { kspace } = await scene(runtime, { coils: 3, height: 40, width: 32, sigma: 0.01 });
  const sampling = mask("equispaced:R=4,acs=12", 40, 32);
  const plain = await prepare(runtime, kspace, sampling);
  const spoiled = kspace.data.map((value, i) =>
    sampling.values[Math.floor(i / 32) % 40] === 1 ? 1e-6 * value : 123
  );
  const other = await prepare(runtime, { data: spoiled, shape: kspace.shape }, sampling);
  assert.ok(Math.abs(other.scale / plain.scale / 1e-6 - 1) < 1e-4);
  plain.problem.y.data.forEach((value, i) =>
    assert.ok(Math.abs(value - other.problem.y.data[i]) < 1e-3)
  );
});

Deno.test("coil compression keeps the signal of many coils in a few", async () => {
  const { kspace } = await scene(runtime, { coils: 12, height: 64, width: 64, sigma: 0.002 });
  const sampling = mask("full", 64, 64);
  const few = await prepare(runtime, kspace, sampling, 6);
  assert.deepEqual(few.problem.y.shape, [1, 6, 2, 64, 64]);
  const energy = (data: Float32Array) => data.reduce((sum, value) => sum + value ** 2, 0);
  const all = await prepare(runtime, kspace, sampling);
  const kept = energy(few.problem.y.data) / energy(all.problem.y.data);
  assert.ok(kept > 0.995, `${kept}`);
  // Any six of the coils themselves hold about half: they surround the object evenly.
  const half = kspace.data.subarray(0, kspace.data.length / 2);
  const without = energy(half) / energy(kspace.data);
  assert.ok(without < 0.6, `${without}`);
});

Deno.test("maps cannot be calibrated without calibration lines: InputError", async () => {
  const { kspace } = await scene(runtime, { coils: 2, height: 32, width: 32, sigma: 0.01 });
  await assert.rejects(
    () => prepare(runtime, kspace, mask("equispaced:R=4,acs=0", 32, 32)),
    (error: Error) =>
      error instanceof InputError && /Cannot calibrate coil maps/.test(error.message),
  );
});

Deno.test("maps that are given are brought to unit sum of squares, and zeros stay zero", async () => {
  const { kspace, maps } = await scene(runtime, { coils: 3, height: 32, width: 30, sigma: 0.01 });
  const given = {
    data: maps.data.map((value, i) => i % 30 === 0 ? 0 : 7 * value),
    shape: [1, ...maps.shape],
  };
  const sampling = mask("equispaced:R=2,acs=12", 32, 30);
  const source: MapsSource = { kind: "given", maps: given };
  const { problem } = await prepare(runtime, kspace, sampling, undefined, source);
  problem.inputs.maps.data.forEach((value, i) =>
    assert.ok(Math.abs(value - (i % 30 === 0 ? 0 : maps.data[i])) < 1e-5)
  );
});
