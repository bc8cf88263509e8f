import assert from "node:assert/strict";
import { importWeightsCommand } from "../../src/cli/commands/import_weights.ts";
import { InputError } from "../../src/errors.ts";
import { swapLastAxes } from "../../src/graph/mod.ts";
import { dftW } from "../../src/mri/physics/dft.ts";
import { makeMask, maskFromLines } from "../../src/mri/sampling/masks.ts";
import { type NdArray, ndarray, sizeOf } from "../../src/ndarray.ts";
import {
  constantScope,
  encodeSafetensors,
  initialParameters,
  type Parameters,
} from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import {
  appendedCascades,
  centreWindow,
  constantVarNetMask,
  fastmriVarNet,
  loadVarNet,
  prepareVarNet,
  realLeastSquares,
  separateCascades,
  solvedVarnet,
  unet,
  varnet,
  type VarNetConfig,
  varnetSpecs,
} from "../../src/unrolled/mod.ts";
import { runtime } from "../runtime.ts";
import { fixture, relativeError, turned, weightsOf } from "./support.ts";

/** float32 through two cascades of four normalised levels; the issue asks for 1e-4. */
const RELATIVE = 1e-4;

for (const name of ["even", "odd"]) {
  Deno.test(`unet() agrees with fastMRI's Unet at ${name} sizes`, async () => {
    const { image, result, ...rest } = fixture(`unet_${name}`);
    const config = { outChannels: 3, channels: 4, pools: 3 };
    const program = await runtime.build(
      { image: image.shape },
      (t) => ({ y: unet(constantScope(weightsOf(rest)), t.image, config) }),
    );
    const { y } = await program.run({ image });
    assert.ok(relativeError(y, result) < RELATIVE);
  });
}

const CASES = ["c1_even", "c15_odd", "c3_mixed"];

for (const name of CASES) {
  Deno.test(`varnet() agrees with fastMRI's VarNet (${name})`, async () => {
    const { kspace, mask: values, result, ...rest } = fixture(`varnet_${name}`);
    const { config, parameters } = fastmriVarNet(weightsOf(rest), name);
    assert.deepEqual(config, {
      cascades: 2,
      channels: 3,
      pools: 3,
      sensitivityChannels: 2,
      sensitivityPools: 2,
    });
    const full = turned(kspace);
    const [, coils, , height, width] = full.shape;
    const mask = maskFromLines(values.data, width);
    const program = await runtime.build({ kspace: full.shape }, (t) => {
      const hybrid = dftW(t.kspace, "inverse");
      const { magnitude } = varnet(
        constantScope(parameters),
        hybrid,
        constantVarNetMask(mask),
        config,
      );
      return { hybrid, result: swapLastAxes(magnitude) };
    });
    const out = await program.run({ kspace: full });
    assert.ok(relativeError(out.result, result) < RELATIVE);

    // The method, from acquired lines only.
    const lines = mask.lines;
    const size = lines.length * width;
    const samples = new Float32Array(2 * coils * size);
    for (let plane = 0; plane < 2 * coils; plane++) {
      lines.forEach((line, i) => {
        const at = (plane * height + line) * width;
        samples.set(out.hybrid.data.subarray(at, at + width), plane * size + i * width);
      });
    }
    const geometry = { coils, height, width, mask };
    const solver = await prepareVarNet(runtime, geometry, { config, parameters });
    const image = await solver.solve({
      y: ndarray(samples, [1, coils, 2, lines.length, width]),
      inputs: {},
      sigma: 0.1,
    });
    assert.deepEqual(image.shape, [2, height, width]);
    const expected = swapped(result);
    const magnitude = ndarray(image.data.subarray(0, height * width), [height, width]);
    assert.ok(relativeError(magnitude, expected) < RELATIVE);
  });
}

/** `[rows, columns]` transposed. */
function swapped({ data, shape: [rows, columns] }: NdArray): NdArray {
  const out = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
  return ndarray(out, [columns, rows]);
}

Deno.test("centreWindow() is symmetric about the centre and as wide as both sides allow", () => {
  const lines = (count: number, from: number, to: number) =>
    Array.from({ length: count }, (_, i) => i >= from && i < to ? 1 : 0);
  assert.deepEqual(centreWindow(lines(36, 14, 22)), { start: 14, count: 8 });
  assert.deepEqual(centreWindow(lines(35, 14, 21)), { start: 15, count: 6 });
  assert.deepEqual(centreWindow(lines(10, 5, 6)), { start: 5, count: 1 });
});

Deno.test("import-weights makes a folder from fastMRI's state dict, and refuses other files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { kspace: _k, mask: _m, result: _r, ...rest } = fixture("varnet_c1_even");
    const tensors = Object.fromEntries(
      Object.entries(weightsOf(rest)).map(([key, value]) => [`varnet.${key}`, value]),
    );
    const file = `${folder}/state.safetensors`;
    await Deno.writeFile(file, encodeSafetensors({ tensors, metadata: {} }));
    const console = { out: () => {}, err: () => {}, isTerminal: false };
    const context = { console, signal: new AbortController().signal };
    const run = (path: string) =>
      importWeightsCommand(["fastmri-varnet", path, "--output", `${folder}/model`], context);
    assert.equal(await run(file), 0);
    const card = await Deno.readTextFile(`${folder}/model/card.md`);
    assert.match(card, /state\.safetensors`, sha256 [0-9a-f]{64}/);
    const { config, parameters } = await loadVarNet(`${folder}/model`);
    assert.equal(Object.keys(parameters).length, varnetSpecs(config).length);
    const expected = fastmriVarNet(weightsOf(rest), "x").parameters;
    for (const [key, value] of Object.entries(parameters)) {
      assert.deepEqual(value, expected[key]);
    }
    const { "varnet.cascades.1.dc_weight": _w, ...incomplete } = tensors;
    await Deno.writeFile(file, encodeSafetensors({ tensors: incomplete, metadata: {} }));
    await assert.rejects(run(file), /cascades\.1\.dc_weight \[1\] is required, found none/);
    await Deno.writeFile(file, encodeSafetensors({ tensors: {}, metadata: {} }));
    await assert.rejects(run(file), InputError);
    await assert.rejects(run(`${folder}/none`), InputError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fastMRI's published sizes have 29.9 million parameters in 12 cascades of 18 channels", () => {
  const config = {
    cascades: 12,
    channels: 18,
    pools: 4,
    sensitivityChannels: 8,
    sensitivityPools: 4,
  };
  const count = varnetSpecs(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  assert.ok(Math.abs(count - 29.9e6) < 0.1e6, `${count}`);
});

Deno.test("shared cascades give what cascades of equal weights give, and a magnitude before each", async () => {
  const sizes = { cascades: 3, channels: 3, pools: 1, sensitivityChannels: 2, sensitivityPools: 1 };
  const shared = { ...sizes, shared: true };
  const parameters = initialParameters(varnetSpecs(shared), new Rng(3));
  parameters["cascades.0.model.unet.up_conv.0.1.bias"].data.fill(0.3);
  const apart = separateCascades(parameters, 3);
  assert.deepEqual(
    Object.keys(apart).toSorted(),
    varnetSpecs(sizes).map(({ name }) => name).toSorted(),
  );
  const spec = { kind: "equispaced", text: "any", acceleration: 2, acs: 4 } as const;
  const mask = constantVarNetMask(makeMask(spec, 20, 16));
  const kspace = ndarray(new Rng(4).normals(2 * 2 * 20 * 16), [1, 2, 2, 20, 16]);
  const run = async (config: VarNetConfig, weights: Parameters) => {
    const program = await runtime.build<string, string>({ kspace: kspace.shape }, ({ kspace }) => {
      const { magnitude, stages } = varnet(constantScope(weights), kspace, mask, config);
      return { magnitude, ...Object.fromEntries(stages.map((stage, i) => [`stage${i}`, stage])) };
    });
    return await program.run({ kspace });
  };
  const together = await run(shared, parameters);
  assert.deepEqual(together, await run(sizes, apart));
  const { magnitude } = await run({ ...sizes, cascades: 2 }, apart);
  assert.deepEqual(together.stage1.data, magnitude.data);
});

Deno.test("solved data consistency of all samples without a prior: closed form", async () => {
  const config = { cascades: 2, channels: 3, pools: 1 };
  const parameters = initialParameters(varnetSpecs(config), new Rng(5)); // U-Nets that give 0
  parameters["cascades.0.log_weight"].data[0] = Math.log(0.06) / 10; // w
  parameters["cascades.0.log_power"].data[0] = 0.5 / 10; // p
  const [height, width, sigma] = [20, 16, 0.1];
  const mask = constantVarNetMask(maskFromLines(new Float32Array(height).fill(1), width));
  const random = (seed: number) =>
    ndarray(new Rng(seed).normals(2 * 2 * height * width), [1, 2, 2, height, width]);
  const kspace = random(6), maps = unitMaps(random(7));
  const program = await runtime.build(
    { kspace: kspace.shape, maps: maps.shape, sigma: [1, 1, 1, 1] },
    ({ kspace, maps, sigma }) => {
      const data = realLeastSquares({ kspace, mask, maps, sigma });
      return {
        image: solvedVarnet(constantScope(parameters), data, config).image,
        adjoint: data.adjoint,
      };
    },
  );
  const { image, adjoint } = await program.run({
    ...{ kspace, maps },
    sigma: ndarray(Float32Array.of(sigma), [1, 1, 1, 1]),
  });
  // Maps of unit norm: A^H A is 1.
  let factor = 1 / (1 + 0.5 * sigma + 1e-3);
  // Of the first cascade as set, of the last as it begins: w (sigma / 0.02)^p.
  for (const rho of [0.06 * Math.sqrt(sigma / 0.02), 0.16 * (sigma / 0.02)]) {
    factor = (1 + rho * factor) / (1 + rho);
  }
  image.data.forEach((v, i) => assert.ok(Math.abs(v - factor * adjoint.data[i]) < 1e-5));
  // All lines calibrate: with maps that take up its phase the zero-filled image is real and positive.
  const half = adjoint.data.length / 2;
  adjoint.data.forEach((v, i) => assert.ok(i < half ? v > -1e-5 : Math.abs(v) < 1e-5));
});

/** Maps of two coils `[1, 2, 2, H, W]` at unit sum of squares. */
function unitMaps({ data, shape }: NdArray): NdArray {
  const pixels = sizeOf(shape.slice(3));
  const norm = Float32Array.from(
    { length: pixels },
    (_, i) => Math.hypot(...[0, 1, 2, 3].map((part) => data[part * pixels + i])),
  );
  return ndarray(data.map((value, i) => value / norm[i % pixels]), shape);
}

Deno.test("appended cascades follow the trained ones, which stay as they are", () => {
  const sizes = { channels: 3, pools: 1, sensitivityChannels: 2, sensitivityPools: 1 };
  const weights = (cascades: number, seed: number) =>
    initialParameters(varnetSpecs({ ...sizes, cascades }), new Rng(seed));
  const trained = weights(2, 1), fresh = weights(4, 2);
  const grown = appendedCascades(trained, fresh);
  assert.deepEqual(Object.keys(grown).toSorted(), Object.keys(fresh).toSorted());
  for (const [name, array] of Object.entries(grown)) {
    const added = /^cascades\.[23]\./.test(name);
    assert.strictEqual(array, (added ? fresh : trained)[name], name);
  }
});
