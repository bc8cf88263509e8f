/** Models that cannot be used end `recon` with exit code 3 and one message that says why. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { encodeSafetensors, initialParameters, type Parameters } from "../../../src/nn/mod.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { methodOfModel } from "../../../src/recon/methods.ts";
import { varnetSpecs } from "../../../src/unrolled/mod.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, runHere, writeH5 } from "../support.ts";
import { unetSpecs } from "../../../src/unrolled/mod.ts";

const UNET = initialParameters(unetSpecs({ channels: 3, pools: 2 }), new Rng(1));
const VARNET = initialParameters(
  varnetSpecs({ cascades: 1, channels: 3, pools: 2, sensitivityChannels: 2, sensitivityPools: 2 }),
  new Rng(2),
);

const encoded = (tensors: Parameters) => encodeSafetensors({ tensors, metadata: {} });

interface Folder {
  readonly kind: "unet" | "varnet" | "denoiser";
  readonly bytes: Uint8Array;
  readonly sha256?: string;
  readonly file?: string;
}

/** Writes a model folder, by default one that fits its file. */
async function writeFolder(
  folder: string,
  { kind, bytes, sha256, file = "model.safetensors" }: Folder,
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeFile(`${folder}/model.safetensors`, bytes);
  const found = createHash("sha256").update(bytes).digest("hex");
  const content = {
    schema: "larmor.model/1",
    name: `tiny-${kind}`,
    kind,
    network: { file, sha256: sha256 ?? found },
  };
  await Deno.writeTextFile(`${folder}/model.yaml`, stringify(content));
  return folder;
}

const wrongShape = (parameters: Parameters): Parameters => {
  const name = Object.keys(parameters).find((key) => key.endsWith("layers.4.weight"))!;
  const [out, into] = parameters[name].shape;
  const shape = [out, into + 1, 3, 3];
  return { ...parameters, [name]: ndarray(new Float32Array(out * (into + 1) * 9), shape) };
};

/** What is wrong, what the message says, and how `--method METHOD --model PATH` is made. */
const REFUSED: Readonly<
  Record<string, readonly [RegExp, method: string, make: (at: string) => Promise<string> | string]>
> = {
  "a name that no model has": [
    /model 'nothing-such'.*name of models\/ \(.*\) or a path/,
    "unet",
    () => "nothing-such",
  ],
  "a folder without model.yaml": [/model\.yaml is required, found none/, "unet", async (at) => {
    await Deno.mkdir(at);
    return at;
  }],
  "a model of another kind": [
    /kind varnet is required, found unet/,
    "varnet",
    (at) => writeFolder(at, { kind: "unet", bytes: encoded(UNET) }),
  ],
  "a prior": [
    /kind unet is required, found denoiser/,
    "unet",
    (at) => writeFolder(at, { kind: "denoiser", bytes: encoded(UNET) }),
  ],
  "a file that model.yaml was not written for": [
    /sha256 of model\.safetensors must be 00, found [0-9a-f]{64}/,
    "unet",
    (at) => writeFolder(at, { kind: "unet", bytes: encoded(UNET), sha256: "00" }),
  ],
  "a path to another file of the folder": [
    /must be written for model\.safetensors, found other\.onnx/,
    "unet",
    async (at) => {
      await writeFolder(at, { kind: "unet", bytes: encoded(UNET), file: "other.onnx" });
      return `${at}/model.safetensors`;
    },
  ],
  "weights that end early": [
    /takes \d+ bytes, found \d+/,
    "unet",
    (at) => writeFolder(at, { kind: "unet", bytes: encoded(UNET).subarray(0, -100) }),
  ],
  "random bytes": [
    /Cannot read .* as safetensors/,
    "varnet",
    (at) => {
      const bytes = Uint8Array.from(new Rng(3).normals(4000), (value) => 100 * value);
      return writeFolder(at, { kind: "varnet", bytes });
    },
  ],
  "weights of nothing": [
    /the weights of a U-Net are required, found none/,
    "unet",
    (at) => writeFolder(at, { kind: "unet", bytes: encoded({}) }),
  ],
  "a U-Net with a wrong number of channels": [
    /layers\.4\.weight \[3,3,3,3\] is required, found \[3,4,3,3\]/,
    "unet",
    (at) => writeFolder(at, { kind: "unet", bytes: encoded(wrongShape(UNET)) }),
  ],
  "a variational network with a wrong number of channels": [
    /layers\.4\.weight \[\d+,\d+,3,3\] is required/,
    "varnet",
    (at) => writeFolder(at, { kind: "varnet", bytes: encoded(wrongShape(VARNET)) }),
  ],
  "an image that a U-Net halves to nothing": [
    /image of 26 x 20: at least 32 x 32 is required/,
    "unet",
    (at) => {
      const deep = initialParameters(unetSpecs({ channels: 2, pools: 4 }), new Rng(4));
      return writeFolder(at, { kind: "unet", bytes: encoded(deep) });
    },
  ],
};

for (const [what, [message, method, make]] of Object.entries(REFUSED)) {
  Deno.test(`recon refuses ${what} as a model, exit code 3`, () =>
    inFolder(async (at) => {
      const model = await make(at("model"));
      const input = await writeH5(at("k.h5"));
      const output = at("out");
      const outcome = await runHere([
        input,
        ...["--method", method, "--model", model, "--output", output, "--device", "cpu", "--quiet"],
      ]);
      assertRefused(outcome, 3, message);
      await assert.rejects(Deno.stat(output));
    }));
}

Deno.test("recon takes a model by path, and recon.json names it with its sha256", () =>
  inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const bytes = encoded(VARNET);
    const model = await writeFolder(at("model"), { kind: "varnet", bytes });
    const outcome = await runHere([
      input,
      ...["--method", "varnet", "--model", model, "--output", at("out"), "--device", "cpu"],
      "--quiet",
    ]);
    assert.equal(outcome.code, 0, outcome.err);
    const report = JSON.parse(await Deno.readTextFile(`${at("out")}/recon.json`));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual(report.model, { name: "tiny-varnet", sha256 });
    assert.equal(report.nfe, 2);
  }));

Deno.test("what a method needs depends on its model: a network with maps of its own is not audited", () =>
  inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const model = await writeFolder(at("model"), { kind: "varnet", bytes: encoded(VARNET) });
    const needs = async (model?: string) =>
      (await methodOfModel({ method: "varnet", model })).needsMaps;
    assert.deepEqual([await needs(), await needs(model)], [true, false]);
    const args = [input, "--method", "varnet", "--model", model, "--output", at("out"), "--audit"];
    assertRefused(
      await runHere(args),
      2,
      /Cannot audit varnet: a method with coil maps is required/,
    );
    await assert.rejects(Deno.stat(at("out")));
  }));

Deno.test("recon refuses a model where there is no network, and steps where their number is fixed, exit code 2", () =>
  inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--method", "sense", "--model", "x", "--output", at("out"), "--quiet"];
    assertRefused(await runHere(args), 2, /a method with a network is required, found sense/);
    const steps = [input, "--method", "rss", "--steps", "3", "--output", at("out"), "--quiet"];
    assertRefused(await runHere(steps), 2, /Cannot take 3 steps: rss has a fixed number/);
  }));
