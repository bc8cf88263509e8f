import assert from "node:assert/strict";
import { Runtime } from "../../../src/graph/mod.ts";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { Simulator } from "../../../src/mri/phantom/simulate.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { runtime } from "../../runtime.ts";

/** Float32 through two transforms of a few hundred terms. */
const F32_TOL = 1e-5;

const disc = (height: number, width: number): NdArray => {
  const data = new Float32Array(2 * height * width);
  for (let i = 0; i < height * width; i++) {
    const y = Math.floor(i / width) - height / 2, x = i % width - width / 2;
    if (Math.hypot(y / height, x / width) < 0.4) data[i] = 1;
  }
  return { data, shape: [2, height, width] };
};

async function rootSumOfSquares(runtime: Runtime, kspace: NdArray): Promise<Float32Array> {
  const program = await runtime.build(
    { kspace: kspace.shape },
    ({ kspace }) => ({ images: dft2(kspace, "inverse") }),
  );
  const { images: { data, shape } } = await program.run({ kspace });
  const plane = shape[2] * shape[3];
  return Float32Array.from({ length: plane }, (_, i) => {
    let sum = 0;
    for (let at = i; at < data.length; at += plane) sum += data[at] ** 2;
    return Math.sqrt(sum);
  });
}

Deno.test("Simulator: without noise the coils' root sum of squares is the image", async () => {
  for (const [coils, height, width] of [[1, 24, 20], [2, 21, 16], [8, 17, 23], [32, 16, 16]]) {
    const simulator = await Simulator.create(runtime, { coils, height, width, seed: coils });
    const image = disc(height, width);
    const kspace = await simulator.kspace(image, { sigma: 0, slice: 0 });
    assert.deepEqual(kspace.shape, [coils, 2, height, width]);
    const rss = await rootSumOfSquares(runtime, kspace);
    rss.forEach((value, i) => assert.ok(Math.abs(value - image.data[i]) < F32_TOL));
  }
});

Deno.test("Simulator: maps are smooth and differ between coils", async () => {
  const [coils, size] = [8, 64];
  const { maps } = await Simulator.create(runtime, { coils, height: size, width: size });
  let steepest = 0;
  maps.data.forEach((value, i) => {
    if (i % size > 0) steepest = Math.max(steepest, Math.abs(value - maps.data[i - 1]));
  });
  assert.ok(steepest < 0.1, `steps of ${steepest}`);
  const plane = 2 * size * size;
  const correlation = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < plane; i++) sum += maps.data[a * plane + i] * maps.data[b * plane + i];
    return Math.abs(sum) / (size * size / coils);
  };
  assert.ok(correlation(0, 4) < 0.5, `${correlation(0, 4)}`);
});

Deno.test("Simulator: the noise has the level asked for, and a slice its own", async () => {
  const options = { coils: 4, height: 48, width: 40, seed: 5 };
  const simulator = await Simulator.create(runtime, options);
  const nothing = { data: new Float32Array(2 * 48 * 40), shape: [2, 48, 40] };
  const noisy = (slice: number) => simulator.kspace(nothing, { sigma: 0.3, slice });
  const [first, second, again] = [await noisy(0), await noisy(1), await noisy(0)];
  const { data } = first;
  const deviation = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
  // Four standard errors of a standard deviation.
  assert.ok(Math.abs(deviation / 0.3 - 1) < 4 / Math.sqrt(2 * data.length));
  assert.deepEqual(again.data, data);
  assert.notDeepEqual(second.data, data);
  const other = await Simulator.create(runtime, options);
  assert.deepEqual(other.maps.data, simulator.maps.data);
  const differently = await Simulator.create(runtime, { ...options, seed: 6 });
  assert.notDeepEqual(differently.maps.data, simulator.maps.data);
});
