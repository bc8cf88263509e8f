/** Networks that begin with the least-squares image of maps that make it nearly real. */
import assert from "node:assert/strict";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { leastSquaresImage } from "../../src/mri/physics/proximal.ts";
import { makeMask } from "../../src/mri/sampling/masks.ts";
import { asBatch, type NdArray, ndarray } from "../../src/ndarray.ts";
import { randomCoils } from "../../src/train/random_coils.ts";
import { Rng } from "../../src/rng.ts";
import { prepareSolved } from "../../src/unrolled/solved_method.ts";
import { randomArray, relativeError } from "../mri/support.ts";
import { runtime } from "../runtime.ts";

const [COILS, HEIGHT, WIDTH] = [4, 12, 10];

/** Each set sees with a pair of coils of its own, with a phase of its own: sets are orthogonal. */
function separateSets(): NdArray {
  const plane = HEIGHT * WIDTH, maps = new Float32Array(2 * COILS * 2 * plane);
  for (const [set, part] of [[0, 0], [1, 1]]) {
    for (const coil of [2 * set, 2 * set + 1]) {
      const start = ((set * COILS + coil) * 2 + part) * plane;
      maps.fill(-Math.SQRT1_2, start, start + plane);
    }
  }
  return ndarray(maps, [2, COILS, 2, HEIGHT, WIDTH]);
}

const MAPS: Record<string, NdArray> = {
  "one set": asBatch(randomCoils(new Rng(3), COILS, [HEIGHT, WIDTH])),
  "two sets": separateSets(),
};

for (const [name, maps] of Object.entries(MAPS)) {
  Deno.test(`the image has its own phase in the maps that are given, ${name}`, async () => {
    const sets = maps.shape[0];
    const mask = makeMask({ kind: "full", text: "full" }, HEIGHT, WIDTH);
    const geometry = { coils: COILS, sets, height: HEIGHT, width: WIDTH, mask };
    const { inputs, operator } = mriMeasurement(geometry);
    const truth = randomArray([1, 2 * sets, HEIGHT, WIDTH]);
    const program = await runtime.build<string, "y">(
      { x: truth.shape, ...inputs },
      ({ x, ...arrays }) => ({ y: operator(arrays, 1).forward(x) }),
    );
    const { y } = await program.run({ x: truth, maps });
    const solver = await prepareSolved(
      runtime,
      geometry,
      "any",
      (data) => leastSquaresImage(data, data.sigma),
      { nfe: 0, steps: 1 },
    );
    const image = await solver.solve({ y, inputs: { maps }, sigma: 1e-4 });
    // Unit maps and all samples: least squares give the truth but for their small weight.
    assert.ok(relativeError(image.data, truth.data) < 2e-3);
  });
}
