import assert from "node:assert/strict";
import { importOnnx, input } from "../../src/graph/mod.ts";
import {
  constantScope,
  countParameters,
  decodeSafetensors,
  DENOISER_NETWORK,
  encodeDenoiserNetwork,
  encodeSafetensors,
  flatScope,
  flatten,
  initialParameters,
  paddedSize,
  padImage,
  residualUNet,
  type ResidualUNetConfig,
  unflatten,
} from "../../src/nn/mod.ts";
import { cropImage, paddedDenoiser } from "../../src/nn/padding.ts";
import { InputError } from "../../src/errors.ts";
import { Rng } from "../../src/rng.ts";
import { evaluate, filled, randomArray, relativeError } from "./support.ts";
import { denoiserSpecs, scopedDenoiser } from "../../src/nn/residual_unet.ts";
import { runtime } from "../runtime.ts";

const F32 = 1e-5;
const SMALL: ResidualUNetConfig = {
  channels: 2,
  widths: [4, 6, 8],
  blocks: [1, 1, 2],
  embedding: 5,
};

/** Parameters without zeros, so that every layer matters. */
function livelyParameters(config: ResidualUNetConfig) {
  const specs = denoiserSpecs(config).map((spec) => ({
    ...spec,
    init: { kind: "normal", std: 0.2 } as const,
  }));
  return initialParameters(specs, new Rng(3));
}

Deno.test("the shipped denoiser's network has 1.5 to 2.5 million parameters: at most 16 MB", () => {
  const count = countParameters(denoiserSpecs(DENOISER_NETWORK));
  assert.ok(count > 1.5e6 && count < 2.5e6 && 4 * count < 16e6);
});

Deno.test("a new network gives c_skip x: its last convolution is zero", async () => {
  const parameters = initialParameters(denoiserSpecs(SMALL), new Rng(1));
  const y = await evaluate(
    { x: randomArray([1, 2, 8, 8], 1), noise: filled([1, 1, 1, 1], 0.3) },
    (t) => residualUNet(constantScope(parameters), t.x, t.noise, SMALL),
  );
  assert.ok(y.data.every((value) => value === 0));
});

Deno.test("paddedDenoiser() takes any even and odd size and keeps it", async () => {
  const parameters = livelyParameters(SMALL);
  for (const [height, width] of [[8, 8], [10, 6], [22, 34], [7, 13]]) {
    const denoise = paddedDenoiser(
      scopedDenoiser(constantScope(parameters), SMALL, 0.4),
      { multiple: 4, minimum: 8 },
    );
    const x = randomArray([2, 2, height, width], 2);
    const y = await evaluate(
      { x, sigma: filled([2, 1, 1, 1], 0.2) },
      (t) => denoise(t.x, t.sigma),
    );
    assert.deepEqual(y.shape, x.shape);
    assert.ok(y.data.every(Number.isFinite));
  }
});

Deno.test("padImage() and cropImage() undo each other", async () => {
  const x = randomArray([1, 2, 5, 6], 1);
  const y = await evaluate({ x }, (t) => cropImage(padImage(t.x, [12, 8], "reflect"), [5, 6]));
  assert.deepEqual(y.data, x.data);
});

Deno.test("paddedSize() refuses what a network cannot take", () => {
  assert.deepEqual(paddedSize([217, 181], { multiple: 8 }), [224, 184]);
  assert.deepEqual(paddedSize([3, 100], { multiple: 8, minimum: 16 }), [16, 104]);
  assert.throws(() => paddedSize([300, 10], { maximum: 256 }), InputError);
  assert.throws(() => paddedSize([300, 10], { fixed: [256, 256] }), InputError);
});

Deno.test("an exported network runs at other sizes and batches than it was written with", async () => {
  const parameters = livelyParameters(SMALL);
  const model = importOnnx(encodeDenoiserNetwork(SMALL, parameters));
  assert.deepEqual(model.inputs.map(({ shape }) => shape), [["N", 2, "H", "W"], ["N", 1, 1, 1]]);
  const arrays = { x: randomArray([3, 2, 12, 20], 5), noise: randomArray([3, 1, 1, 1], 6) };
  const direct = await evaluate(
    arrays,
    (t) => residualUNet(constantScope(parameters), t.x, t.noise, SMALL),
  );
  const imported = await evaluate(arrays, (t) => model.apply({ x: t.x, noise: t.noise }).y);
  assert.ok(relativeError(imported, direct.data) < F32);
});

Deno.test("weights as inputs and as constants give the same image", async () => {
  const specs = denoiserSpecs(SMALL);
  const parameters = livelyParameters(SMALL);
  const arrays = { x: randomArray([1, 2, 16, 8], 5), noise: randomArray([1, 1, 1, 1], 6) };
  const constants = await evaluate(
    arrays,
    (t) => residualUNet(constantScope(parameters), t.x, t.noise, SMALL),
  );
  const flat = flatten(specs, parameters);
  const program = await runtime.build(
    { x: arrays.x.shape, noise: [1, 1, 1, 1], weights: [flat.length] },
    (t) => ({ y: residualUNet(flatScope(specs, t.weights), t.x, t.noise, SMALL) }),
  );
  const { y } = await program.run({ ...arrays, weights: { data: flat, shape: [flat.length] } });
  assert.ok(relativeError(y, constants.data) < F32);
  const back = unflatten(specs, flat);
  for (const { name } of specs) assert.deepEqual(back[name], parameters[name]);
});

Deno.test("safetensors come back as they were written, and rubbish is refused", () => {
  const tensors = {
    "a.weight": randomArray([2, 3], 1),
    b: randomArray([5], 2),
    c: randomArray([], 3),
  };
  const bytes = encodeSafetensors({ tensors, metadata: { format: "pt" } });
  const back = decodeSafetensors(bytes, "test");
  assert.deepEqual(back.metadata, { format: "pt" });
  for (const [name, array] of Object.entries(tensors)) assert.deepEqual(back.tensors[name], array);
  for (const end of [0, 5, 40, bytes.length - 1]) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, end), "cut"), InputError);
  }
  const noise = new Uint8Array(new Rng(1).normals(64).buffer);
  assert.throws(() => decodeSafetensors(noise, "noise"), InputError);
});

Deno.test("constantScope() names a parameter that is missing or has another shape", () => {
  const x = input("x", [1, 2, 8, 8]), noise = input("n", [1, 1, 1, 1]);
  const parameters = { ...livelyParameters(SMALL) };
  assert.throws(
    () =>
      residualUNet(
        constantScope({ ...parameters, "head.bias": randomArray([3], 1) }),
        x,
        noise,
        SMALL,
      ),
    /head\.bias \[4\] is required, found \[3\]/,
  );
});
