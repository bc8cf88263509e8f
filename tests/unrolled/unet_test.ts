import assert from "node:assert/strict";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { ndarray } from "../../src/ndarray.ts";
import { initialParameters } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { prepareUNet } from "../../src/unrolled/mod.ts";
import { imageUNetSpecs } from "../../src/unrolled/networks/unet.ts";
import { runtime } from "../runtime.ts";

const UNET = { channels: 6, pools: 2 };

Deno.test("prepareUNet() gives a magnitude of the problem's size, odd sizes too", async () => {
  const [coils, height, width] = [2, 19, 22];
  const values = Uint8Array.from({ length: height }, (_, line) => line % 2);
  const lines = values.filter((value) => value === 1).length;
  const parameters = initialParameters(imageUNetSpecs(UNET), new Rng(2));
  const mask = maskFromLines(values, width);
  const weights = { config: UNET, parameters };
  const solver = await prepareUNet(runtime, { coils, height, width, mask }, weights);
  const samples = ndarray(new Rng(3).normals(coils * 2 * lines * width), [
    1,
    coils,
    2,
    lines,
    width,
  ]);
  const image = await solver.solve({ y: samples, inputs: {}, sigma: 0.1 });
  assert.deepEqual(image.shape, [2, height, width]);
  assert.ok(image.data.every(Number.isFinite));
});
