import assert from "node:assert/strict";
import { constant } from "../../../src/graph/mod.ts";
import { compileMapUpdate } from "../../../src/mri/calibration/map_update.ts";
import { mriOperator } from "../../../src/mri/physics/operator.ts";
import { makeMask } from "../../../src/mri/sampling/masks.ts";
import { asBatch, type NdArray, ndarray, onlyOf, stack } from "../../../src/ndarray.ts";
import { evaluate, relativeError } from "../support.ts";
import { runtime } from "../../runtime.ts";
import { scene } from "./calibration_support.ts";

const [COILS, HEIGHT, WIDTH] = [4, 32, 30];

/** Maps times 1 + a smooth error that differs between coils, at the norm they had. */
function wrong(maps: NdArray): NdArray {
  const pixels = HEIGHT * WIDTH;
  const data = maps.data.slice();
  for (let i = 0; i < pixels; i++) {
    const [y, x] = [Math.floor(i / WIDTH) / HEIGHT - 0.5, i % WIDTH / WIDTH - 0.5];
    let norm = 0;
    for (let coil = 0; coil < COILS; coil++) {
      const factor = 1 + 0.2 * Math.cos(coil + x) + 0.3 * y * Math.sin(2 * coil);
      for (const p of [2 * coil, 2 * coil + 1]) {
        data[p * pixels + i] *= factor;
        norm += data[p * pixels + i] ** 2;
      }
    }
    for (let p = 0; p < 2 * COILS; p++) data[p * pixels + i] /= Math.sqrt(norm);
  }
  return ndarray(data, maps.shape);
}

Deno.test("maps that err come nearer to the truth with the true image; true maps stay", async () => {
  const { maps: truth, inside } = await scene(runtime, {
    coils: COILS,
    height: HEIGHT,
    width: WIDTH,
    sigma: 0,
  });
  const spec = { kind: "equispaced", text: "test", acceleration: 2, acs: 6 } as const;
  const mask = makeMask(spec, HEIGHT, WIDTH);
  const image = ndarray(
    Float32Array.from({ length: 2 * HEIGHT * WIDTH }, (_, i) => inside[i] ?? 0),
    [2, HEIGHT, WIDTH],
  );
  const operator = mriOperator(constant(asBatch(truth)), mask);
  const y = await evaluate(runtime, asBatch(image), operator.forward);
  const update = await compileMapUpdate(runtime, {
    coils: COILS,
    height: HEIGHT,
    width: WIDTH,
    mask,
  });
  const within = ({ data }: NdArray) => data.map((value, i) => value * inside[i % inside.length]);
  const error = (maps: NdArray) => relativeError(within(maps), within(truth));
  const first = wrong(truth);
  const better = await update({ y, maps: asBatch(first), sigma: 1e-3 }, image);
  assert.ok(error(onlyOf(better)) < error(first) / 2.5, `${error(first)} ${error(onlyOf(better))}`);
  const same = await update({ y, maps: asBatch(truth), sigma: 1e-3 }, image);
  assert.ok(error(onlyOf(same)) < 1e-3);
});

Deno.test("maps of two sets are updated for two images, and stay orthogonal", async () => {
  const { maps: truth } = await scene(runtime, {
    coils: COILS,
    height: HEIGHT,
    width: WIDTH,
    sigma: 0,
  });
  const empty = ndarray(new Float32Array(truth.data.length), truth.shape);
  const spec = { kind: "equispaced", text: "test", acceleration: 2, acs: 6 } as const;
  const mask = makeMask(spec, HEIGHT, WIDTH);
  const maps = stack([truth, empty]);
  const image = ndarray(new Float32Array(4 * HEIGHT * WIDTH).fill(0.5), [4, HEIGHT, WIDTH]);
  const operator = mriOperator(constant(maps), mask);
  const y = await evaluate(runtime, asBatch(image), operator.forward);
  const geometry = { coils: COILS, sets: 2, height: HEIGHT, width: WIDTH, mask };
  const found = await (await compileMapUpdate(runtime, geometry))({ y, maps, sigma: 1e-3 }, image);
  // What fits the data is not changed, and an empty set stays empty.
  assert.ok(relativeError(found.data, maps.data) < 1e-3);
});
