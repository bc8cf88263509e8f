/**
 * The training recipes in PyTorch: the twins of the networks agree with Larmor's graphs, and each
 * recipe trains and exports a model that Larmor loads.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { constantOf, gather, Runtime, type Tensor } from "../../../src/graph/mod.ts";
import { compileModelSigma } from "../../../src/method/model_sigma.ts";
import { maskFromLines } from "../../../src/mri/sampling/masks.ts";
import { type NdArray, sizeOf } from "../../../src/ndarray.ts";
import {
  constantScope,
  decodeDenoiserParameters,
  decodeSafetensors,
  DENOISER_NETWORK,
  loadDenoiser,
  type Parameters,
} from "../../../src/nn/mod.ts";
import { trainedDenoiser } from "../../../src/train/denoising_objective.ts";
import {
  humusBuilder,
  modlBuilder,
  neumannBuilder,
  type ReconBuilder,
  unetBuilder,
  varnetBuilder,
} from "../../../src/train/reconstruction_objective.ts";
import {
  loadHumus,
  loadModl,
  loadNeumann,
  loadUNet,
  loadVarNet,
} from "../../../src/unrolled/mod.ts";
import { inFolder } from "../../io/support.ts";
import { exists, ROOT, run, testWith } from "../../tools.ts";

/** float32 through up to ten iterations. */
const RELATIVE = 1e-4;
const SIGMA_DATA = 0.3490375508011893;
const PYTHON = join(ROOT, ".venv/bin/python");
const HERE = new URL(".", import.meta.url).pathname;

function missingTorch(): string | undefined {
  const modules = "import torch, nibabel, onnx, safetensors";
  const found = exists(PYTHON) &&
    new Deno.Command(PYTHON, { args: ["-c", modules], stderr: "null" }).outputSync().success;
  return found ? undefined : ".venv with models/recipes/requirements.txt";
}
const missing = missingTorch();

const tensorsOf = (path: string): Parameters =>
  decodeSafetensors(Deno.readFileSync(path), path).tensors;

function assertAgrees(actual: NdArray, expected: NdArray, what: string): void {
  assert.equal(sizeOf(actual.shape), sizeOf(expected.shape));
  const difference = Math.hypot(...actual.data.map((value, i) => value - expected.data[i]));
  const relative = difference / Math.hypot(...expected.data);
  assert.ok(relative < RELATIVE, `${what}: relative difference ${relative}`);
}

async function comparePrior(
  at: (name: string) => string,
  name: string,
  target: "edm" | "flow" = "edm",
): Promise<void> {
  const bytes = await Deno.readFile(at(`${name}.onnx`));
  const parameters = decodeDenoiserParameters(bytes, DENOISER_NETWORK, name);
  const { x, sigma, result } = tensorsOf(at(`${name}.values.safetensors`));
  await using runtime = await Runtime.open("cpu");
  const about = { target, sigmaData: SIGMA_DATA };
  const denoise = trainedDenoiser(constantScope(parameters), DENOISER_NETWORK, about);
  const program = await runtime.build(
    { x: x.shape, sigma: sigma.shape },
    (t) => ({ y: denoise(t.x, t.sigma) }),
  );
  assertAgrees((await program.run({ x, sigma })).y, result, name);
}

async function compareRecon(
  at: (name: string) => string,
  name: string,
  build: ReconBuilder,
): Promise<void> {
  const parameters = tensorsOf(at(`${name}.safetensors`));
  const { result, ...given } = tensorsOf(at(`${name}.values.safetensors`));
  const [, , , height, width] = given.kspace.shape;
  const inputs = {
    kspace: given.kspace.shape,
    maps: given.maps.shape,
    sigma: [1, 1, 1, 1],
    acquired: given.acquired.shape,
    centre: given.centre.shape,
  };
  const isLines = given.acquired.shape[1] === 1;
  await using runtime = await Runtime.open("cpu");
  const program = await runtime.build(inputs, (t: Record<keyof typeof inputs, Tensor>) => {
    const mask = { isLines, acquired: t.acquired, centre: t.centre };
    const { kspace, maps, sigma } = t;
    return { y: build(constantScope(parameters), { kspace, mask, maps, sigma }).magnitude };
  });
  const sigma = { ...given.sigma, shape: [1, 1, 1, 1] };
  const { kspace, maps, acquired, centre } = given;
  const { y } = await program.run({ kspace, maps, acquired, centre, sigma });
  assert.equal(y.data.length, height * width);
  assertAgrees(y, result, name);
}

/** The error of the model that a scan shows: two random probes of the same formula differ a little. */
async function compareModelSigma(path: string): Promise<void> {
  const { kspace, maps, acquired, sigma, result } = tensorsOf(path);
  const [, coils, , height, width] = kspace.shape;
  const mask = maskFromLines(acquired.data, width);
  await using runtime = await Runtime.open("cpu");
  const program = await runtime.build(
    { kspace: kspace.shape },
    (t) => ({
      y: gather(t.kspace, constantOf(BigInt64Array.from(mask.lines, BigInt), [mask.kept]), 3),
    }),
  );
  const { y } = await program.run({ kspace });
  const modelSigma = await compileModelSigma(runtime, { coils, height, width, mask });
  const found = await modelSigma({ y, inputs: { maps }, sigma: sigma.data[0] });
  assert.ok(result.data[0] > 2 * sigma.data[0], `${result.data[0]}`);
  assert.ok(Math.abs(found / result.data[0] - 1) < 0.05, `${found} and ${result.data[0]}`);
}

const SMALL = { channels: 4, pools: 2 };
const MAPS = { sensitivityChannels: 3, sensitivityPools: 2 };
const SMALL_VARNET = { ...SMALL, ...MAPS, cascades: 2 };
const SWIN = {
  ...{ cascades: 2, features: 8, depths: [2, 2], heads: [2, 4], window: 4, mlpRatio: 2 },
  ...{ bottleneck: { depth: 2, heads: 8 }, halved: true, threeConvolutions: false },
  ...{ residual: false, adjacent: 1 },
};
const SMALL_HUMUS = { ...SWIN, ...MAPS };
const MODL = { conjugateGradients: 4, sigmaData: SIGMA_DATA };

testWith(
  missing,
  "PyTorch's twins of all networks give what Larmor's graphs give",
  () =>
    inFolder(async (at) => {
      await run(PYTHON, [join(HERE, "twins.py"), at("")]);
      const models = join(ROOT, "models");
      await comparePrior(at, "prior");
      await comparePrior(at, "flow", "flow");
      await comparePrior(at, "prior-brain");
      await compareRecon(at, "varnet", varnetBuilder(SMALL_VARNET));
      await compareRecon(at, "varnet-plane", varnetBuilder(SMALL_VARNET));
      await compareRecon(at, "humus", humusBuilder(SMALL_HUMUS));
      await compareRecon(at, "humus-solved", humusBuilder({ ...SWIN, solved: true }));
      const solved = varnetBuilder({ ...SMALL, cascades: 2 });
      await compareRecon(at, "varnet-solved", solved);
      await compareRecon(at, "varnet-solved-plane", solved);
      await compareRecon(at, "varnet-half", solved);
      await compareRecon(at, "unet", unetBuilder(SMALL));
      const refining = { ...SMALL, refining: true } as const;
      await compareRecon(at, "unet-refining", unetBuilder(refining));
      await compareRecon(at, "unet-refining-plane", unetBuilder(refining));
      const series = { ...SMALL, terms: 3 };
      await compareRecon(at, "neumann", neumannBuilder({ ...series, conjugateGradients: 10 }));
      await compareRecon(at, "neumann-plain", neumannBuilder({ ...series, conjugateGradients: 0 }));
      await compareRecon(at, "modl", modlBuilder({ ...MODL, iterations: 3 }));
      const dual = { ...MODL, iterations: 3, dual: true };
      await compareRecon(at, "modl-dual", modlBuilder(dual));
      await compareRecon(
        at,
        "modl-relaxed",
        modlBuilder({ ...dual, relaxation: 1.8, averaged: 2 }),
      );
      await compareModelSigma(at("model_sigma.values.safetensors"));
      const varnet = await loadVarNet(`${models}/varnet-brain`);
      await compareRecon(at, "varnet-brain", varnetBuilder(varnet.config));
      const unet = await loadUNet(`${models}/unet-brain`);
      await compareRecon(at, "unet-brain", unetBuilder(unet.config));
      const modl = await loadModl(`${models}/modl-brain`);
      await compareRecon(at, "modl-brain", modlBuilder(modl.config));
    }),
);

const LOADERS = {
  prior: loadDenoiser,
  flow: loadDenoiser,
  varnet: loadVarNet,
  unet: loadUNet,
  modl: loadModl,
  neumann: loadNeumann,
  humus: loadHumus,
};

for (const [kind, load] of Object.entries(LOADERS)) {
  testWith(
    missing,
    `the recipe of ${kind} runs 20 steps and exports a model`,
    () =>
      inFolder(async (at) => {
        await run(PYTHON, [join(HERE, "tiny_volumes.py"), at("")]);
        const train = (...more: string[]) =>
          run(PYTHON, [
            join(ROOT, "models/recipes/train.py"),
            ...[kind, "--data", at("train"), "--output", at(kind), "--batch", "1", "--crop", "48"],
            ...["--threads", "1", "--device", "cpu", "--averages", "0.99", ...more],
            // Mixed precision in one of them: processors without bfloat16 imitate it slowly.
            ...(kind === "unet" ? ["--precision", "bfloat16"] : []),
            ...(["varnet", "humus", "modl", "neumann"].includes(kind) ? ["--cascades", "2"] : []),
          ]);
        if (kind === "prior") { // the others' runs are stopped and resumed by the same code
          await train("--steps", "15");
          assert.match(await train("--steps", "20", "--resume"), /from step 15/);
        } else {
          await train("--steps", "20");
        }
        const history = JSON.parse(await Deno.readTextFile(`${at(kind)}/history.json`));
        assert.equal(history.at(-1).step, 20);
        assert.ok(Number.isFinite(history.at(-1).loss));
        await load(at(kind));
      }),
  );
}
