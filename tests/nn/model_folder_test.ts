import assert from "node:assert/strict";
import { encodeModel, input, mul } from "../../src/graph/mod.ts";
import { InputError } from "../../src/errors.ts";
import { loadDenoiser, parseDenoiserYaml, parseModelYaml } from "../../src/nn/mod.ts";
import { evaluate, filled, randomArray, withFolder, writeModel } from "./support.ts";

function blind(): Uint8Array {
  const x = input("x", [1, 2, 8, 8]);
  return encodeModel({ x }, { y: mul(x, 0.5) });
}

const VALID = `schema: larmor.model/1
name: a
kind: denoiser
network: { sha256: "00" }
parameterisation: edm
sigma_data: 0.5
`;

const parse = (text: string) => parseDenoiserYaml(parseModelYaml(text, "m.yaml"), "m.yaml");

Deno.test("model.yaml has defaults for all but what defines the model", () => {
  const { noiseInput, channels, data, sigma, names, padding } = parse(VALID);
  assert.deepEqual(
    { noiseInput, channels, data, sigma, names, padding },
    {
      noiseInput: "log-sigma/4",
      channels: 2,
      data: { scale: 1, offset: 0 },
      sigma: [0.002, 80],
      names: { image: "x", noise: "noise", output: "y" },
      padding: "reflect",
    },
  );
});

const WRONG: readonly [string, string, RegExp][] = [
  ["schema: larmor.model/1", "schema: other", /schema must be larmor\.model\/1, found "other"/],
  ["name: a\n", "", /name must be a text, found nothing/],
  [
    "kind: denoiser",
    "kind: cat",
    /kind must be one of denoiser, .* found "cat"/,
  ],
  ["kind: denoiser", "kind: unet", /kind denoiser is required, found unet/],
  ["edm", "edn", /parameterisation must be one of edm, .* found "edn"/],
  ["sigma_data: 0.5", "sigma_data: -1", /sigma_data must be a number above 0, found -1/],
  ["sigma_data: 0.5", "", /sigma_data must be a number, found nothing/],
  [`sha256: "00"`, "", /network\.sha256 must be a text/],
  [`sha256: "00"`, `sha256: "00", file: ../../etc/passwd`, /must be a file beside it/],
  ["sigma_data: 0.5", "sigma_data: 0.5\nsize: {multiple: 1.5}", /size\.multiple must be a whole/],
  ["sigma_data: 0.5", "sigma_data: 0.5\nsize: {fixed: [1]}", /size\.fixed must be a pair/],
  ["sigma_data: 0.5", "sigma_data: 0.5\nchannels: 4", /channels must be one of 1, 2, 3, found 4/],
  ["sigma_data: 0.5", "sigma_data: 0.5\nsigma: 3", /sigma as a mapping is required, found 3/],
  [VALID, "- 1", /a mapping of keys is required/],
  [VALID, "a: [", /Cannot read m\.yaml/],
];

for (const [part, replacement, message] of WRONG) {
  Deno.test(`model.yaml with '${replacement.trim().slice(0, 40)}' for '${part.trim().slice(0, 30)}' is refused`, () => {
    assert.throws(
      () => parse(VALID.replace(part, replacement)),
      (error: Error) => error instanceof InputError && message.test(error.message),
    );
  });
}

Deno.test("loadDenoiser() runs a blind network that is told no noise level", () =>
  withFolder(async (folder) => {
    await writeModel(folder, blind(), { noise_input: "none", size: { fixed: [8, 8] } });
    const { denoise } = await loadDenoiser(folder);
    const x = randomArray([1, 2, 5, 6], 1);
    const y = await evaluate({ x, s: filled([1, 1, 1, 1], 1) }, (t) => denoise(t.x, t.s));
    assert.deepEqual(y.data, x.data.map((value) => value / 2));
    assert.throws(() => denoise(input("x", [1, 2, 9, 8]), input("s", [1, 1, 1, 1])), InputError);
  }));

Deno.test("loadDenoiser() refuses a folder that is not what it says", () =>
  withFolder(async (folder) => {
    const refuses = (message: RegExp) =>
      assert.rejects(
        loadDenoiser(folder),
        (error: Error) => error instanceof InputError && message.test(error.message),
      );
    await refuses(/model\.yaml is required, found none/);
    const options = { noise_input: "none" };
    await writeModel(folder, blind(), options);
    await Deno.writeFile(
      `${folder}/model.onnx`,
      blind().map((byte, i) => i === 50 ? byte ^ 1 : byte),
    );
    await refuses(/sha256 of model\.onnx must be/);
    await Deno.remove(`${folder}/model.onnx`);
    await refuses(/model\.onnx is required, found none/);
    await Deno.writeFile(`${folder}/model.onnx`, new Uint8Array());
    await Deno.truncate(`${folder}/model.onnx`, 40e9); // nothing of it is on the disk
    await refuses(/model\.onnx: at most 2147483648 bytes are possible, found 40000000000/);
    await Deno.remove(`${folder}/model.onnx`);
    await writeModel(folder, blind().subarray(0, 60), options);
    await refuses(/Cannot (read|import) the (ONNX )?model/);
    await writeModel(folder, blind());
    await refuses(/inputs x, noise of model\.yaml required in the network, found x/);
    await assert.rejects(loadDenoiser(`${folder}/nothing`), InputError);
  }));
