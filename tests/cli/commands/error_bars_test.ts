import assert from "node:assert/strict";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { openImage } from "../../../src/io/open.ts";
import { headMask } from "../../../src/mri/metrics/head_mask.ts";
import { magnitudeOf, ndarray } from "../../../src/ndarray.ts";
import { phantomImage } from "../../../src/recon/example.ts";
import { inFolder } from "../../io/support.ts";
import { runtime } from "../../runtime.ts";
import { assertRefused, namesIn, runHere, writeH5 } from "../support.ts";

const SIZE = 64;

/** A drawn brain as an image file, a thousand times as bright as one is. */
async function writeBrain(path: string): Promise<string> {
  using image = await phantomImage(runtime, { size: SIZE, seed: 3 });
  const { data } = magnitudeOf(await image.readSlice(0));
  await writeNifti(path, { image: ndarray(data.map((v) => 1000 * v), [1, SIZE, SIZE]) });
  return path;
}

const SIMULATED = ["--simulate", "coils=8,noise=0.02", "--mask", "equispaced:R=4,acs=16"];

async function pixels(path: string): Promise<Float32Array> {
  using file = await openImage(path);
  return magnitudeOf(await file.readSlice(0)).data;
}

Deno.test("recon --error-bars writes half-widths that hold the truth, and a PSNR that is reached", async () => {
  await inFolder(async (at) => {
    const args = [await writeBrain(at("brain.nii.gz")), ...SIMULATED, "--error-bars"];
    const { code, out, err } = await runHere([
      ...args,
      ...["--dicom", "--also", "mrd", "--json", "--output", at("o")],
    ]);
    assert.equal(code, 0, err);
    const { errorBars, outputs, metrics } = JSON.parse(out);
    assert.equal(errorBars.given, true, err);
    assert.equal(errorBars.coverage, 0.9);
    assert.equal(outputs.error90, at("o/error90.nii.gz"));
    const [truth, image, error90] = await Promise.all(
      [at("brain.nii.gz"), at("o/recon.nii.gz"), at("o/error90.nii.gz")].map(pixels),
    );
    const head = headMask(ndarray(image, [SIZE, SIZE]));
    const held = image.map((v, i) => head[i] * Number(Math.abs(v - truth[i]) <= error90[i]));
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
    const coverage = sum(held) / sum(head);
    assert.ok(coverage > 0.75, `${coverage}`); // a drawn brain is not like those of the calibration
    assert.ok(errorBars.psnr.bound > 5 && errorBars.psnr.bound < metrics.head.psnr + 3);
    assert.deepEqual(errorBars.psnr.slices, [errorBars.psnr.bound]);
    assert.deepEqual(namesIn(at("o/dicom")), ["error90", "magnitude"]);
  });
});

Deno.test("recon refuses error bars that were not calibrated, before the work", async () => {
  await inFolder(async (at) => {
    const brain = [await writeBrain(at("b.nii.gz")), ...SIMULATED, "--error-bars"];
    const run = (...more: string[]) => runHere([...brain, ...more, "--output", at("o")]);
    assertRefused(await run("--method", "tv"), 2, /network is required/);
    assertRefused(await run("--steps", "5"), 2, /15 steps were calibrated, found 5/);
    assertRefused(await run("--weight", "2"), 2, /was calibrated/);
    assertRefused(await run("--method", "ilvr"), 2, /a calibration of ilvr .* is required, found/);
  });
});

Deno.test("recon gives error bars by default where they are calibrated, and none with --no-error-bars", async () => {
  await inFolder(async (at) => {
    const brain = [await writeBrain(at("b.nii.gz")), ...SIMULATED];
    const run = async (name: string, ...more: string[]) => {
      const { code, out, err } = await runHere([...brain, ...more, "--json", "--output", at(name)]);
      assert.equal(code, 0, err);
      return JSON.parse(out);
    };
    const plain = await run("plain"), without = await run("without", "--no-error-bars");
    assert.equal(plain.errorBars.given, true);
    assert.deepEqual(plain.errorBars.remarks, []);
    assert.ok(namesIn(at("plain")).includes("error90.nii.gz"));
    const others = [without, await run("tv", "--method", "tv"), await run("short", "--steps", "5")];
    for (const { errorBars, outputs, warnings } of others) {
      assert.deepEqual([errorBars, outputs.error90, warnings], [null, undefined, []]);
    }
    const planned = await run("p", "--dry-run"),
      plannedTv = await run("p", "--dry-run", "--method", "tv");
    assert.equal(planned.outputs.error90, at("p/error90.nii.gz"));
    assert.equal(plannedTv.outputs.error90, undefined);
    assert.ok(planned.seconds > 0);
  });
});

Deno.test("recon gives no error bars where the audit finds the data inconsistent, and says so", async () => {
  await inFolder(async (at) => {
    // The file holds noise under a peak, which no image explains.
    const args = [await writeH5(at("k.h5")), "--mask", "equispaced:R=2,acs=8", "--slices", "0:1"];
    const { code, out, err } = await runHere([...args, "--error-bars", "--output", at("o")]);
    assert.equal(code, 0, err);
    assert.match(err, /Error bars are not given: the audit finds/);
    assert.match(out, /errors not given: the audit finds/);
    const { errorBars, outputs } = JSON.parse(Deno.readTextFileSync(at("o/recon.json")));
    const byDefault = await runHere([...args, "--output", at("p")]);
    assert.match(byDefault.out, /errors not given: the audit finds/);
    assert.doesNotMatch(byDefault.err, /Error bars/); // nobody asked for them
    assert.deepEqual([errorBars.given, errorBars.psnr, outputs.error90], [false, null, undefined]);
    assert.ok(!namesIn(at("o")).includes("error90.nii.gz"));
  });
});
