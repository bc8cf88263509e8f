/** The models that come with Larmor: whole, small, described, and found by name. */
import assert from "node:assert/strict";
import { Runtime } from "../../src/graph/mod.ts";
import { InputError } from "../../src/errors.ts";
import { loadDenoiser, modelPath, readModelFolder } from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { methods } from "../../src/recon/methods.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { loadImageUNet, loadVarNet } from "../../src/unrolled/mod.ts";
import { ROOT } from "../tools.ts";

const MOST_BYTES = 16e6;
const LOADERS = { denoiser: loadDenoiser, unet: loadImageUNet, varnet: loadVarNet };

const names = [...Deno.readDirSync(`${ROOT}/models`)]
  .filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();

Deno.test("every method with a network has its model, every shipped model is of a known kind", () => {
  const wanted = methods.flatMap(({ defaultModel }) =>
    defaultModel === undefined ? [] : defaultModel
  );
  for (const name of wanted) assert.ok(names.includes(name), `models/${name} is required`);
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

Deno.test("varnet is nearer to a drawn brain than unet, and unet than zero filling", async () => {
  using file = await simulatedBrain({ size: 128, coils: 6, noise: 0.01, seed: 3 });
  await using runtime = await Runtime.open("cpu");
  const psnr = async (method: string) => {
    const mask = "equispaced:R=4,acs=14";
    const { metrics } = await reconstruct(file, { method, mask, device: runtime });
    return metrics!.head.psnr!;
  };
  const [zero, unet, varnet] = [
    await psnr("zero-filled"),
    await psnr("unet"),
    await psnr("varnet"),
  ];
  assert.ok(zero + 1 < unet && unet + 2 < varnet, `${zero}, ${unet}, ${varnet} dB`);
});
