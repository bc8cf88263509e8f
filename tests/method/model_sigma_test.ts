import assert from "node:assert/strict";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { compileModelSigma } from "../../src/method/model_sigma.ts";
import { type GeneratedMaskSpec, makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { type NdArray, ndarray, zeros } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";

const [HEIGHT, WIDTH] = [48, 40];
const SIGMA = 0.02;
const DRAWS = 6;

/** Smooth maps of unit sum of squares on the first part of the rows, zero elsewhere. */
function mapsOn(coils: number, support: number): NdArray {
  const maps = zeros([1, coils, 2, HEIGHT, WIDTH]);
  const plane = HEIGHT * WIDTH;
  for (let i = 0; i < Math.round(support * HEIGHT) * WIDTH; i++) {
    const [y, x] = [Math.floor(i / WIDTH) / HEIGHT, i % WIDTH / WIDTH];
    const sizes = Array.from(
      { length: coils },
      (_, c) => 1.2 + Math.cos(3 * (c + 1) * y + c + 2 * x),
    );
    const norm = Math.hypot(...sizes);
    sizes.forEach((size, c) => {
      maps.data[2 * c * plane + i] = size / norm * Math.cos(c + x);
      maps.data[(2 * c + 1) * plane + i] = size / norm * Math.sin(c + x);
    });
  }
  return maps;
}

for (
  const [coils, support, spec] of [
    [2, 1, "equispaced:R=1,acs=24"],
    [2, 0.5, "equispaced:R=2,acs=24"],
    [2, 0.3, "equispaced:R=2,acs=24"],
    [3, 0.3, "equispaced:R=3,acs=16"],
    [4, 0.6, "poisson:R=2,acs=20"],
  ] as const
) {
  Deno.test(`the standard deviation about a right model is the noise: ${coils} coils on ${support}, ${spec}`, async () => {
    const mask = makeMask(parseMaskSpec(spec) as GeneratedMaskSpec, HEIGHT, WIDTH);
    const geometry = { coils, height: HEIGHT, width: WIDTH, mask };
    const { y, inputs, operator } = mriMeasurement(geometry);
    const program = await runtime.build<string, string>(
      { x: [1, 2, HEIGHT, WIDTH], ...inputs },
      ({ x, ...arrays }) => ({ y: operator(arrays, 1).forward(x) }),
    );
    const maps = mapsOn(coils, support);
    const x = new Rng(1).normals(2 * HEIGHT * WIDTH).map((value) => 0.5 + 0.1 * value);
    const clean = (await program.run({ x: ndarray(x, [1, 2, HEIGHT, WIDTH]), maps })).y;
    const modelSigma = await compileModelSigma(runtime, geometry);
    let sum = 0;
    for (let draw = 0; draw < DRAWS; draw++) {
      const noise = new Rng(2, draw).normals(clean.data.length);
      const data = clean.data.map((value, i) => value + SIGMA * noise[i]);
      // With a noise of 0 nothing is taken off for calibrated maps.
      sum += await modelSigma({ y: ndarray(data, y), inputs: { maps }, sigma: 0 }) / DRAWS;
    }
    assert.ok(Math.abs(sum / SIGMA - 1) < 0.02, `${sum / SIGMA}`);
  });
}
