/** Drawing from a prior on the command line. */
import assert from "node:assert/strict";
import { sample } from "../../../src/cli/commands/sample.ts";
import { add, div, encodeModel, input, mul } from "../../../src/graph/mod.ts";
import { openNiftiImage, readAllSlices } from "../../../src/io/nifti/read.ts";
import { inFolder } from "../../io/support.ts";
import { writeModel } from "../../nn/support.ts";
import { assertRefused, namesIn, runHere, runTask } from "../support.ts";

const run = (args: readonly string[]) => runHere(args, { command: sample });

/** Variance of the prior below: every pixel on its own, mean 0. */
const VARIANCE = 0.25;

/** A model folder with the denoiser of that prior, for `batch` images at a time. */
async function gaussianModel(folder: string, batch = 1): Promise<string> {
  const x = input("x", [batch, 2, 16, 24]), noise = input("noise", [batch, 1, 1, 1]);
  const y = div(mul(x, VARIANCE), add(mul(noise, noise), VARIANCE));
  await Deno.mkdir(folder);
  await writeModel(folder, encodeModel({ x, noise }, { y }));
  return folder;
}

Deno.test("sample writes images of the prior, a picture and a report", async () => {
  await inFolder(async (at) => {
    const model = await gaussianModel(at("model"), 3);
    const options = ["--size", "16x24", "--count", "3", "--steps", "40", "--quiet", "--json"];
    const { code, out, err } = await run(["--model", model, ...options, "--output", at("out")]);
    assert.equal(code, 0, err);
    assert.equal(err, "");
    const report = JSON.parse(out);
    assert.equal(report.schema, "larmor.sample/1");
    assert.equal(report.nfe, 3 * 79);
    assert.deepEqual(namesIn(at("out")), ["preview.png", "sample.json", "samples.nii.gz"]);
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(at("out/sample.json"))), report);
    using file = openNiftiImage(at("out/samples.nii.gz"));
    const { data } = await readAllSlices(file);
    assert.deepEqual([file.slices, file.rows, file.columns], [3, 16, 24]);
    // The squared magnitude is twice the variance of a part; 1152 pixels give it to 3 %.
    const square = data.reduce((sum, value) => sum + value * value, 0) / (3 * 16 * 24);
    assert.ok(Math.abs(square - 2 * VARIANCE) < 0.15 * 2 * VARIANCE, `${square}`);
  });
});

Deno.test("the same seed draws the same images, another seed others", async () => {
  await inFolder(async (at) => {
    const model = await gaussianModel(at("model"));
    const images: string[] = [];
    for (const [name, seed] of [["a", 5], ["b", 5], ["c", 6]]) {
      const options = ["--size", "16x24", "--count", "1", "--steps", "3", "--stepper", "ddpm"];
      const where = ["--seed", `${seed}`, "--output", at(`${name}`)];
      const { code, err } = await run(["--model", model, ...options, ...where]);
      assert.equal(code, 0, err);
      using file = openNiftiImage(at(`${name}/samples.nii.gz`));
      images.push(`${(await readAllSlices(file)).data}`);
    }
    assert.equal(images[0], images[1]);
    assert.notEqual(images[0], images[2]);
  });
});

const REFUSED: Readonly<Record<string, readonly [string[], RegExp]>> = {
  "an unknown stepper": [["--stepper", "hein"], /--stepper: one of ddpm,.*\n.*heun/],
  "an unknown schedule": [["--schedule", "linear"], /--schedule: one of karras/],
  "no steps": [["--steps", "0"], /--steps: a whole number of at least 1/],
  "three sizes": [["--size", "32x32x32"], /--size: N or HxW/],
  "an input": [["scan.h5"], /takes options only/],
  "rising levels": [["--sigma-min", "90"], /--sigma-max of at least --sigma-min/],
};

for (const [name, [args, message]] of Object.entries(REFUSED)) {
  Deno.test(`sample refuses ${name}`, async () => {
    assertRefused(await run(args), 2, message);
  });
}

Deno.test("sample names a model that is not there", async () => {
  assertRefused(await run(["--model", "nothing-such"]), 3, /model 'nothing-such'/);
});

Deno.test("the task tells its options and needs no other permission", async () => {
  const { code, out } = await runTask("sample", ["--help"]);
  assert.equal(code, 0);
  assert.match(out, /dpm\+\+2m/);
});
