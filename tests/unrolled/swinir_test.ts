/** SwinIR from a state dict: as a denoiser, and as an end-to-end method. */
import assert from "node:assert/strict";
import { importWeightsCommand } from "../../src/cli/commands/import_weights.ts";
import { InputError, UsageError } from "../../src/errors.ts";
import { constantScope, encodeSafetensors, loadDenoiser, swinir } from "../../src/nn/mod.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { makeMask } from "../../src/mri/sampling/masks.ts";
import { type GeneratedMaskSpec, parseMaskSpec } from "../../src/mri/sampling/mask_spec.ts";
import { asBatch, ndarray } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { randomCoils } from "../../src/train/random_coils.ts";
import { loadSwinir, prepareSwinir } from "../../src/unrolled/mod.ts";
import { runHere } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { runtime } from "../runtime.ts";
import { fixture, relativeError, weightsOf } from "./support.ts";

/** A state dict as PyTorch saves it when a network is wrapped, with a buffer. */
async function writeState(path: string, name: string) {
  const { image: _, result: _r, ...rest } = fixture(`swinir_${name}`);
  const tensors = Object.fromEntries(
    Object.entries(weightsOf(rest)).map(([key, value]) => [`module.${key}`, value]),
  );
  const buffer = ndarray(new Float32Array(1), [1]);
  tensors["module.layers.0.residual_group.blocks.1.attn_mask"] = buffer;
  await Deno.writeFile(path, encodeSafetensors({ tensors, metadata: {} }));
}

const importWeights = (...args: string[]) => runHere(args, { command: importWeightsCommand });

Deno.test("import-weights makes a denoiser of SwinIR's state dict that gives the authors' values", () =>
  inFolder(async (at) => {
    await writeState(at("state.safetensors"), "grey");
    const args = [at("state.safetensors"), "--output", at("net")];
    const { code, err } = await importWeights("swinir-denoiser", ...args);
    assert.equal(code, 0, err);
    assert.match(await Deno.readTextFile(`${at("net")}/card.md`), /sigma: \{min, max\}/);
    const { denoise, description } = await loadDenoiser(at("net"));
    assert.equal(description.channels, 1);
    // Both parts of a complex image go through the network of one channel.
    const { image, result } = fixture("swinir_grey");
    const [, , height, width] = image.shape;
    const x = ndarray(image.data, [1, 2, height, width]);
    const program = await runtime.build(
      { x: x.shape, sigma: [1, 1, 1, 1] },
      (t) => ({ y: denoise(t.x, t.sigma) }),
    );
    const sigma = ndarray(Float32Array.of(0.1), [1, 1, 1, 1]);
    const { y } = await program.run({ x, sigma });
    assert.ok(relativeError(y, result) < 1e-5);
    await assert.rejects(loadSwinir(at("net")), /kind swinir is required, found denoiser/);
  }));

Deno.test("SwinIR of two channels reconstructs the zero-filled image", () =>
  inFolder(async (at) => {
    await writeState(at("state.safetensors"), "complex");
    const { code, err } = await importWeights(
      ...["swinir", at("state.safetensors"), "--output", at("net")],
    );
    assert.equal(code, 0, err);
    const weights = await loadSwinir(at("net"));
    const [coils, height, width] = [3, 21, 18];
    const mask = makeMask(
      parseMaskSpec("equispaced:R=2,acs=6") as GeneratedMaskSpec,
      height,
      width,
    );
    const { y: shape, operator } = mriMeasurement({ coils, height, width, mask });
    const maps = asBatch(randomCoils(new Rng(1), coils, [height, width]));
    const y = ndarray(new Rng(2).normals(shape.reduce((a, b) => a * b)), shape);
    const solver = await prepareSwinir(runtime, { coils, height, width, mask }, weights);
    const image = await solver.solve({ y, inputs: { maps }, sigma: 0.05 });
    const program = await runtime.build({ y: shape, maps: maps.shape }, ({ y, maps }) => ({
      x: swinir(
        constantScope(weights.parameters),
        operator({ maps }, 1).adjoint(y),
        weights.config,
      ),
    }));
    assert.ok(relativeError(image, (await program.run({ y, maps })).x) < 1e-5);
    using file = await simulatedBrain({ size: 42, coils: 3 });
    const options = { mask: "equispaced:R=2,acs=8", device: "cpu" } as const;
    const { nfe } = await reconstruct(file, { ...options, method: "swinir", model: at("net") });
    assert.equal(nfe, 1);
    await assert.rejects(
      reconstruct(file, { ...options, method: "swinir" }),
      (error: Error) =>
        error instanceof UsageError &&
        /with swinir: a trained network is required, found none/.test(error.message),
    );
  }));

Deno.test("import-weights knows its formats, and SwinIR with upsampling is refused", () =>
  inFolder(async (at) => {
    const { image: _, result: _r, ...rest } = fixture("swinir_grey");
    const { "conv_last.weight": _last, ...tensors } = weightsOf(rest);
    await Deno.writeFile(at("s.safetensors"), encodeSafetensors({ tensors, metadata: {} }));
    const context = {
      console: { out: () => {}, err: () => {}, isTerminal: false },
      signal: new AbortController().signal,
    };
    const run = (format: string) =>
      importWeightsCommand([format, at("s.safetensors"), "--output", at("net")], context);
    await assert.rejects(
      run("swinir"),
      (error: Error) =>
        error instanceof InputError && /SwinIR without upsampling/.test(error.message),
    );
    await assert.rejects(
      run("swin"),
      (error: Error) => error instanceof UsageError && /fastmri-varnet/.test(error.message),
    );
  }));
