import { randomCoils } from "../../src/train/random_coils.ts";
/** MoDL: with a prior's weights it is plug-and-play; sizes, models, training from a prior. */
import assert from "node:assert/strict";
import { trainCommand } from "../../src/cli/commands/train.ts";
import { modelWeights } from "../../src/graph/mod.ts";
import { writeNifti } from "../../src/io/mod.ts";
import { makeMask } from "../../src/mri/sampling/masks.ts";
import { type GeneratedMaskSpec, parseMaskSpec } from "../../src/mri/sampling/mask_spec.ts";
import { asBatch, ndarray, sizeOf } from "../../src/ndarray.ts";
import {
  constantScope,
  decodeDenoiserParameters,
  DENOISER_NETWORK,
  encodeDenoiserNetwork,
  initialParameters,
  paddedDenoiser,
  readModelFolder,
} from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import type { Sampler } from "../../src/samplers/core/contract.ts";
import { dpir, pnpAdmm } from "../../src/samplers/plug_and_play.ts";
import { loadModl, type ModlConfig, modlSpecs, prepareModl } from "../../src/unrolled/mod.ts";
import { relativeError } from "../classical/support.ts";
import { runHere } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { ROOT } from "../tools.ts";
import { scopedDenoiser } from "../../src/nn/residual_unet.ts";
import { runtime } from "../runtime.ts";

const PRIOR = `${ROOT}/models/prior-brain`;
const SIGMA_DATA = 0.35;

async function priorParameters() {
  const { bytes } = await readModelFolder(PRIOR);
  return decodeDenoiserParameters(bytes, DENOISER_NETWORK, PRIOR);
}

Deno.test("decodeDenoiserParameters() undoes encodeDenoiserNetwork(), and knows other networks", async () => {
  const parameters = await priorParameters();
  const { bytes } = await readModelFolder(PRIOR);
  // The shipped file has no names of parameters, one that is written now has.
  const written = encodeDenoiserNetwork(DENOISER_NETWORK, parameters);
  assert.deepEqual(decodeDenoiserParameters(written, DENOISER_NETWORK, PRIOR), parameters);
  assert.deepEqual(Object.values(modelWeights(written)), Object.values(modelWeights(bytes)));
  assert.ok(Object.hasOwn(modelWeights(written), "down.0.noise.weight"));
  assert.throws(
    () => decodeDenoiserParameters(bytes.subarray(0, 0), DENOISER_NETWORK, "x.onnx"),
    /Cannot use the weights of x.onnx: a denoiser that/,
  );
});

const PLUG_AND_PLAY: {
  what: string;
  sampler: Sampler;
  sizes: Partial<ModlConfig>;
  more: Record<string, number>;
}[] = [
  { what: "modl", sampler: dpir, sizes: {}, more: {} },
  {
    ...{ what: "modl with a dual variable", sampler: pnpAdmm, sizes: { dual: true } },
    more: { average: 0, relaxation: 1 },
  },
  {
    ...{ what: "modl beyond the proximal point, two images averaged", sampler: pnpAdmm },
    sizes: { dual: true, relaxation: 1.8, averaged: 2 },
    more: { average: 0.5, relaxation: 1.8 },
  },
];

for (
  const [height, width, spec] of [[32, 24, "equispaced:R=3,acs=8"], [
    29,
    23,
    "poisson:R=2,acs=8",
  ]] as const
) {
  for (const { what, sampler, sizes, more } of PLUG_AND_PLAY) {
    const name = `${what}, with the weights of a prior, is ${sampler.name}`;
    Deno.test(`${name}, ${height} x ${width}, ${spec}`, async () => {
      const coils = 3, iterations = 4, conjugateGradients = 3;
      const mask = makeMask(parseMaskSpec(spec) as GeneratedMaskSpec, height, width);
      const geometry = { coils, height, width, mask };
      const rng = new Rng(3);
      const maps = randomCoils(rng, coils, [height, width]);
      const { y: shape } = mriMeasurement(geometry);
      const noise = rng.split(1).normals(sizeOf(shape));
      const y = ndarray(noise.map((value) => 0.05 * value), shape);
      const problem = { y, inputs: { maps: asBatch(maps) }, sigma: 0.05 };
      const denoiser = await priorParameters();
      const config = { iterations, conjugateGradients, sigmaData: SIGMA_DATA, ...sizes };
      const parameters = {
        ...initialParameters(modlSpecs(config), new Rng(1)),
        ...Object.fromEntries(
          Object.entries(denoiser).map(([name, array]) => [`denoiser.${name}`, array]),
        ),
      };
      const solver = await prepareModl(runtime, geometry, { config, parameters });
      assert.equal(solver.nfe, iterations);
      let sigma = 0; // of the data about the model, as samplers are told
      const image = await solver.solve(problem, { onModelSigma: (value) => sigma = value });
      const settings = { ...sampler.defaults, ...more, steps: iterations, cg: conjugateGradients };
      const denoise = scopedDenoiser(constantScope(denoiser), DENOISER_NETWORK, SIGMA_DATA);
      const compiled = await compileSampler(runtime, {
        sampler,
        settings,
        measurement: mriMeasurement(geometry),
        denoise: paddedDenoiser(denoise, { multiple: 8, minimum: 16 }),
        samples: 1,
      });
      const expected = await compiled.run({ ...problem, sigma }, new Rng(0));
      const error = relativeError(image.data, expected.data);
      assert.ok(error < 1e-4, `${error}`);
    });
  }
}

Deno.test("train modl begins with a prior, and its model reconstructs", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    const [slices, rows, columns] = [2, 40, 36];
    const image = Float32Array.from({ length: slices * rows * columns }, (_, i) => {
      const [y, x] = [Math.floor(i / columns) % rows - 20, i % columns - 18];
      return Math.hypot(y, x) < 14 ? 100 + 40 * Math.sin(y / 3) : 0;
    });
    await writeNifti(`${at("data")}/v.nii.gz`, { image: ndarray(image, [slices, rows, columns]) });
    const args = ["modl", "--data", at("data"), "--output", at("net"), "--from", PRIOR];
    const sizes = ["--cascades", "2", "--crop", "32", "--batch", "1", "--steps", "2"];
    const { code, err } = await runHere([...args, ...sizes], { command: trainCommand });
    assert.equal(code, 0, err);
    const { config, parameters } = await loadModl(at("net"));
    assert.equal(config.iterations, 2);
    assert.ok(Math.abs(config.sigmaData - 0.349) < 1e-3);
    const prior = await priorParameters();
    for (const [name, { data }] of Object.entries(prior)) {
      const moved = parameters[`denoiser.${name}`].data.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - data[i])),
        0,
      );
      assert.ok(moved < 0.01, `${name} moved by ${moved}`);
    }
    using file = await simulatedBrain({ size: 40, coils: 2 });
    const options = { mask: "equispaced:R=2,acs=8", device: "cpu" } as const;
    const result = await reconstruct(file, { ...options, method: "modl", model: at("net") });
    assert.equal(result.nfe, 2);
    assert.notEqual(result.audit, null);
    await assert.rejects(
      reconstruct(file, { ...options, method: "modl", model: PRIOR }),
      /kind modl is required, found denoiser/,
    );
  }));
