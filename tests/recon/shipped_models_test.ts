/** The models that come with Larmor: whole, small, described, and found by name. */
import assert from "node:assert/strict";
import { loadGenerator } from "../../src/generators/mod.ts";
import { InputError } from "../../src/errors.ts";
import { loadDenoiser, loadRestorer, modelPath, readModelFolder } from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { DEFAULT_METHOD, methods } from "../../src/recon/methods.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import {
  loadHumus,
  loadModl,
  loadNeumann,
  loadSwinir,
  loadUNet,
  loadVarNet,
} from "../../src/unrolled/mod.ts";
import { ROOT } from "../tools.ts";

const MOST_BYTES = 16e6;
const LOADERS = {
  denoiser: loadDenoiser,
  unet: loadUNet,
  varnet: loadVarNet,
  modl: loadModl,
  humus: loadHumus,
  neumann: loadNeumann,
  swinir: loadSwinir,
  generator: loadGenerator,
  restorer: (path: string) => loadRestorer(path),
};

const names = [...Deno.readDirSync(`${ROOT}/models`)]
  .filter(({ isDirectory, name }) => isDirectory && name !== "recipes")
  .map(({ name }) => name).sort();

Deno.test("every method with a network has its model", () => {
  for (const { defaultModel } of methods) {
    assert.ok(typeof defaultModel !== "string" || names.includes(defaultModel), `${defaultModel}`);
  }
});

Deno.test("a model that is not there is named, with those that are", async () => {
  using file = await simulatedBrain({ size: 40, coils: 2 });
  const options = { method: "varnet", model: "no-such", mask: "equispaced:R=2,acs=8" };
  await assert.rejects(
    reconstruct(file, { ...options, device: "cpu" }),
    (error: Error) => error instanceof InputError && /no-such.*varnet-brain/.test(error.message),
  );
});

Deno.test("the default method and MoDL beat the U-Net on the example, and the other networks beat zero filling", async () => {
  using file = await simulatedBrain({ size: 96, coils: 6 });
  const psnr: Record<string, number> = {};
  for (
    const method of ["zero-filled", "unet", "varnet", "humus", "neumann", "modl", DEFAULT_METHOD]
  ) {
    const mask = "equispaced:R=4,acs=12";
    const { metrics } = await reconstruct(file, { method, mask, device: "cpu" });
    psnr[method] = metrics!.head.psnr!;
  }
  for (const method of ["unet", "varnet", "humus", "neumann"]) {
    assert.ok(psnr[method] > psnr["zero-filled"] + 1, JSON.stringify(psnr));
  }
  for (const method of ["modl", DEFAULT_METHOD]) {
    assert.ok(psnr[method] > psnr.unet + 2, JSON.stringify(psnr));
  }
});

for (const name of names) {
  Deno.test(`models/${name} loads by its name, takes at most 16 MB, and its card names licences`, async () => {
    const path = await modelPath(name);
    const { description, bytes } = await readModelFolder(path);
    assert.equal(description.name, name);
    assert.ok(bytes.length <= MOST_BYTES, `${bytes.length} bytes`);
    await LOADERS[description.kind](path);
    const card = await Deno.readTextFile(`${path}/card.md`);
    for (const word of ["licence", "seed", "commit", "h:mm:ss", "Limits"]) {
      assert.match(card, new RegExp(word, "i"), `the card says ${word}`);
    }
  });
}

Deno.test("a model that is not there is refused with the names of those that are", async () => {
  await assert.rejects(modelPath("no-such-model"), (error: Error) => {
    assert.ok(error instanceof InputError);
    return names.every((name) => error.message.includes(name));
  });
  await assert.rejects(modelPath("../no-such-folder"), InputError);
});
