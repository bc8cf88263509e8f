import assert from "node:assert/strict";
import { constantOf, input } from "../../src/graph/mod.ts";
import { compileModelSigma } from "../../src/method/model_sigma.ts";
import { mriOperator } from "../../src/mri/physics/operator.ts";
import { leastSquaresImage } from "../../src/mri/physics/proximal.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { type NdArray, ndarray, sizeOf } from "../../src/ndarray.ts";
import { constantScope, initialParameters, parameterSpecs } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import {
  prepareUNet,
  refinement,
  smoothMagnitude,
  unetConfig,
  unetSpecs,
} from "../../src/unrolled/mod.ts";
import { maskForMaps } from "../../src/unrolled/own_maps.ts";
import { relativeError } from "../classical/support.ts";
import { runtime } from "../runtime.ts";

const UNET = { channels: 6, pools: 2 };
const REFINING = { ...UNET, refining: true } as const;

/** Every second line, and seven about the centre, of two coils. */
function problem([height, width]: readonly [number, number]) {
  const coils = 2;
  const values = Uint8Array.from(
    { length: height },
    (_, line) => line % 2 === 1 || Math.abs(line - (height >> 1)) < 4 ? 1 : 0,
  );
  const mask = maskFromLines(values, width);
  const random = (seed: number, shape: readonly number[]) =>
    ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
  const y = random(3, mask.yShape(coils));
  const maps = random(4, [1, coils, 2, height, width]);
  maps.data.forEach((value, i) => maps.data[i] = 0.5 * value);
  return { geometry: { coils, height, width, mask }, given: { y, inputs: { maps }, sigma: 0.1 } };
}

for (const [name, config] of Object.entries({ "zero-filled": UNET, refining: REFINING })) {
  Deno.test(`a ${name} U-Net gives an image of the problem's size, odd sizes too`, async () => {
    const { geometry, given } = problem([19, 22]);
    const parameters = initialParameters(unetSpecs(config), new Rng(2));
    assert.deepEqual(unetConfig(parameters, "these"), config);
    const solver = await prepareUNet(runtime, geometry, { config, parameters });
    const image = await solver.solve(given);
    assert.deepEqual(image.shape, [2, 19, 22]);
    assert.ok(image.data.every(Number.isFinite));
  });
}

Deno.test("a refining U-Net begins as the least-squares image, whatever the phase of the maps", async () => {
  const { geometry, given } = problem([24, 20]);
  const parameters = initialParameters(unetSpecs(REFINING), new Rng(2));
  const solver = await prepareUNet(runtime, geometry, { config: REFINING, parameters });
  const image = await solver.solve(given);
  const { y, inputs: { maps } } = given;
  const sigma = await (await compileModelSigma(runtime, geometry))(given);
  const program = await runtime.build({ y: y.shape, maps: maps.shape }, ({ y, maps }) => {
    const operator = mriOperator(maps, geometry.mask);
    const data = { operator, adjoint: operator.adjoint(y) };
    const noise = constantOf(Float32Array.of(sigma), [1, 1, 1, 1]);
    return { size: smoothMagnitude(leastSquaresImage(data, noise)) };
  });
  const { size } = await program.run({ y, maps });
  const half = size.data.length;
  const found = size.data.map((_, i) => Math.hypot(image.data[i], image.data[i + half]));
  assert.ok(relativeError(found, size.data) < 1e-4);
});

Deno.test("a U-Net is shown the zero-filled image, each set of coil maps by itself", async () => {
  const config = { channels: 3, pools: 1 };
  const random = (seed: number, sets: number) => new Rng(seed).normals(2 * sets * 16 * 12);
  const x = ndarray(random(1, 2), [1, 4, 16, 12]), zeroFilled = ndarray(random(2, 2), x.shape);
  const parameters = initialParameters(
    parameterSpecs((scope) =>
      refinement(scope, input("x", x.shape), input("zeroFilled", x.shape), config)
    ),
    new Rng(3),
  );
  const last = Object.keys(parameters).find((name) => /up_conv\.0\.1\.weight/.test(name))!;
  parameters[last].data.fill(0.3); // zero before training
  const run = async (x: NdArray, zeroFilled: NdArray) => {
    const program = await runtime.build(
      { x: x.shape, zeroFilled: x.shape },
      (t) => ({ y: refinement(constantScope(parameters), t.x, t.zeroFilled, config) }),
    );
    return (await program.run({ x, zeroFilled })).y.data;
  };
  const both = await run(x, zeroFilled);
  const half = both.length / 2;
  const second = ({ data }: NdArray) => ndarray(data.slice(half), [1, 2, 16, 12]);
  assert.ok(relativeError(both.slice(half), await run(second(x), second(zeroFilled))) < 1e-5);
  assert.ok(relativeError(both, await run(x, x)) > 0.01);
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
