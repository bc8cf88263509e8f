import assert from "node:assert/strict";
import { constantOf } from "../../src/graph/mod.ts";
import { onAllLines } from "../../src/mri/physics/operator.ts";
import { leastSquaresImage } from "../../src/mri/physics/proximal.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import { constantScope, initialParameters } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import {
  constantVarNetMask,
  leastSquaresOf,
  prepareUNet,
  smoothMagnitude,
  unetConfig,
  unetSpecs,
} from "../../src/unrolled/mod.ts";
import { maskForMaps } from "../../src/unrolled/own_maps.ts";
import { relativeError } from "../classical/support.ts";
import { runtime } from "../runtime.ts";

const UNET = { channels: 6, pools: 2 };
const REFINING = { ...UNET, sensitivityChannels: 4, sensitivityPools: 2 };

/** Every second line, and seven about the centre, of two coils. */
function problem([height, width]: readonly [number, number]) {
  const coils = 2;
  const values = Uint8Array.from(
    { length: height },
    (_, line) => line % 2 === 1 || Math.abs(line - (height >> 1)) < 4 ? 1 : 0,
  );
  const mask = maskFromLines(values, width);
  const shape = mask.yShape(coils);
  const y = ndarray(new Rng(3).normals(sizeOf(shape)), shape);
  return { geometry: { coils, height, width, mask }, given: { y, inputs: {}, sigma: 0.1 } };
}

for (const [name, config] of Object.entries({ "zero-filled": UNET, refining: REFINING })) {
  Deno.test(`a ${name} U-Net gives a magnitude of the problem's size, odd sizes too`, async () => {
    const { geometry, given } = problem([19, 22]);
    const parameters = initialParameters(unetSpecs(config), new Rng(2));
    assert.deepEqual(unetConfig(parameters, "these"), config);
    const solver = await prepareUNet(runtime, geometry, { config, parameters });
    const image = await solver.solve(given);
    assert.deepEqual(image.shape, [2, 19, 22]);
    assert.ok(image.data.every(Number.isFinite));
  });
}

Deno.test("a refining U-Net begins as the least-squares image with its own maps", async () => {
  const { geometry, given: { y, sigma } } = problem([24, 20]);
  const parameters = initialParameters(unetSpecs(REFINING), new Rng(2));
  const solver = await prepareUNet(runtime, geometry, { config: REFINING, parameters });
  const image = await solver.solve({ y, inputs: {}, sigma });
  const program = await runtime.build<"y", "image">({ y: y.shape }, ({ y }) => {
    const kspace = onAllLines(y, geometry.mask);
    const mask = constantVarNetMask(geometry.mask);
    const { data } = leastSquaresOf(constantScope(parameters), kspace, mask, REFINING);
    return {
      image: smoothMagnitude(
        leastSquaresImage(data, constantOf(Float32Array.of(sigma), [1, 1, 1, 1])),
      ),
    };
  });
  const { image: expected } = await program.run({ y });
  const real = image.data.subarray(0, expected.data.length);
  assert.ok(relativeError(real, expected.data) < 1e-5);
});

Deno.test("weights of another network are refused by name", () => {
  assert.throws(
    () => unetConfig({ "conv.weight": ndarray(Float32Array.of(1), [1]) }, "a.safetensors"),
    /conv.weight/,
  );
});

Deno.test("networks with maps of their own refuse several coils without calibration lines", () => {
  const [height, width] = [16, 16];
  const mask = maskFromLines(Uint8Array.from({ length: height }, (_, i) => i % 2), width);
  assert.throws(
    () => maskForMaps("varnet", { coils: 2, height, width, mask }),
    /varnet: it makes coil maps of the calibration lines, 6 of them .* required, found 1/,
  );
  maskForMaps("varnet", { coils: 1, height, width, mask }); // one coil needs no maps
});
