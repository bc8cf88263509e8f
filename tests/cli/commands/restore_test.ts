/** Restoration on the command line. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { restore } from "../../../src/cli/commands/restore.ts";
import { add, constantOf, encodeModel, input, mul } from "../../../src/graph/mod.ts";
import { decodePng, encodePngRgb } from "../../../src/io/png.ts";
import { openNiftiImage } from "../../../src/io/nifti/read.ts";
import { writeNpy } from "../../../src/io/numpy/npy.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { inFolder, tabulate } from "../../io/support.ts";
import { writeModel } from "../../nn/support.ts";
import { ROOT } from "../../tools.ts";
import { assertRefused, namesIn, runHere } from "../support.ts";

const run = (args: readonly string[]) => runHere(args, { command: restore });

/** A drawn brain, few steps of one sample. */
const QUICK = ["--size", "64", "--steps", "8", "--samples", "1", "--quiet", "--json"];

/** Tasks, and by how many dB the restored picture beats what is left, at least. */
const TASKS: readonly (readonly [string, readonly string[], number])[] = [
  ["denoise", ["--noise", "0.1"], 2],
  ["inpaint:random=0.5", [], 5],
  ["inpaint:box=0.1", [], -1],
  ["deblur:gaussian=1.5", ["--noise", "0.01"], 1.5],
  ["deblur:motion=7,angle=30", ["--noise", "0.01", "--method", "diffpir"], 1.5],
  ["sr:factor=2,pool=average", ["--method", "ddnm+"], 0.3],
  ["deblur:motion=7,angle=30", ["--noise", "0.01", "--method", "ddrm"], 1],
  ["sr:factor=2", ["--method", "ddrm"], 0],
  ["phase-retrieval", ["--method", "dps"], 4],
  ["lensless:sensor=0.9", ["--noise", "0.01"], 3],
];

/** What methods that search a network do not take. */
const SEARCH_REFUSALS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["samples of a search", ["--method", "dip", "--samples", "2"], /draw 2 samples with dip/],
  ["a weight of dip", ["--method", "dip", "--weight", "2"], /weigh the prior of dip/],
  [
    "a model for dip",
    ["--method", "dip", "--model", "prior-brain"],
    /a trained network is required/,
  ],
  ["no vectors", ["--method", "csgm", "--set", "restarts=0"], /a whole number of at least 1/],
  ["jumps that do not end", ["--method", "repaint", "--set", "jump=0"], /Cannot set jump/],
  [
    "all samples held back",
    ["--method", "dip", "--set", "held=1"],
    /from 0 to below 1 is required/,
  ],
  ["a setting that csgm lacks", ["--method", "csgm", "--set", "eta=1"], /eta/],
];

for (const [task, options, gain] of TASKS) {
  Deno.test(`restore --task ${task} ${options.join(" ")} brings a drawn brain back`, () =>
    inFolder(async (at) => {
      const { code, out, err } = await run([
        "--task",
        task,
        ...options,
        ...QUICK,
        "--output",
        at("o"),
      ]);
      assert.equal(code, 0, err);
      const report = JSON.parse(out);
      const { input, output } = report.metrics;
      assert.ok(output.psnr > input.psnr + gain, `${task}: ${input.psnr} to ${output.psnr} dB`);
      assert.deepEqual(namesIn(at("o")), [
        "input.nii.gz",
        "picture.png",
        "restore.json",
        "restored.nii.gz",
      ]);
      const text = await readFile(at("o/restore.json"), "utf8");
      assert.deepEqual(JSON.parse(text), report);
      const schema = JSON.parse(await readFile(`${ROOT}/docs/schemas/restore.json`, "utf8"));
      const validate = new Ajv({ allowUnionTypes: true, strict: false }).compile(schema);
      assert.ok(validate(report), JSON.stringify(validate.errors));
    }));
}

for (const method of ["dip", "csgm", "dgp"]) {
  Deno.test(`restore --method ${method} searches a network`, () =>
    inFolder(async (at) => {
      const { code, out, err } = await run(
        [
          ...["--task", "inpaint:random=0.5", "--method", method, ...QUICK, "--output", at("o")],
          ...(method === "dgp" ? ["--set", "tuneSteps=4"] : []),
        ],
      );
      assert.equal(code, 0, err);
      const { nfe, samples, model, metrics, settings } = JSON.parse(out);
      assert.equal(samples, 1);
      assert.equal(settings.steps, 8);
      assert.ok(nfe >= 8 && Number.isFinite(metrics.output.psnr));
      assert.equal(model?.name, method === "dip" ? undefined : "generator-head");
    }));
}

for (const [name, options, message] of SEARCH_REFUSALS) {
  Deno.test(`restore refuses ${name}`, () =>
    inFolder(async (at) => {
      const task = ["--task", "inpaint", "--size", "32", "--output", at("o")];
      assertRefused(await run([...task, ...options]), 2, message);
    }));
}

Deno.test("what JPEG stores of the restored picture is what was given", () =>
  inFolder(async (at) => {
    const { code, out, err } = await run(["--task", "jpeg", ...QUICK, "--output", at("o")]);
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).sameBlocks >= 0.99, out);
  }));

Deno.test("a colour picture is restored in its colours, and cut to whole blocks with a warning", () =>
  inFolder(async (at) => {
    const pixel = (i: number) => 40 + (i * 7 + (i % 3) * 60) % 150;
    const pixels = Uint8Array.from({ length: 34 * 40 * 3 }, (_, i) => pixel(i));
    await Deno.writeFile(at("p.png"), encodePngRgb(pixels, 34, 40));
    const options = ["--steps", "2", "--samples", "1", "--json", "--output", at("o")];
    const { code, out, err } = await run([at("p.png"), "--task", "jpeg:quality=50", ...options]);
    assert.equal(code, 0, err);
    const { input, warnings, sameBlocks } = JSON.parse(out);
    assert.deepEqual(input.shape, [1, 3, 32, 40]);
    assert.equal(warnings[0].code, "picture-cut");
    assert.ok(sameBlocks >= 0.99, `${sameBlocks}`);
    assert.deepEqual(namesIn(at("o")), [
      "input.png",
      "picture.png",
      "restore.json",
      "restored.png",
    ]);
  }));

/** A network that halves the colours of its only size, and tells them apart. */
async function colourModel(folder: string): Promise<string> {
  const x = input("x", [1, 3, 16, 16]), noise = input("noise", [1, 1, 1, 1]);
  const y = mul(mul(x, constantOf(Float32Array.of(0.5, 1, 1), [3, 1, 1])), add(mul(noise, 0), 1));
  await Deno.mkdir(folder);
  await writeModel(folder, encodeModel({ x, noise }, { y }), { channels: 3 });
  return folder;
}

Deno.test("a prior of three channels sees the colours of a picture, and refuses a grey one", () =>
  inFolder(async (at) => {
    const model = await colourModel(at("model"));
    const colours = Uint8Array.from({ length: 768 }, (_, i) => [200, 100, 50][i % 3]);
    await Deno.writeFile(at("c.png"), encodePngRgb(colours, 16, 16));
    await Deno.writeFile(at("g.png"), encodePngRgb(new Uint8Array(768).fill(90), 16, 16));
    const options = ["--model", model, "--samples", "1", "--steps", "3", "--method", "diffpir"];
    const task = ["--task", "denoise", "--noise", "0.01", "--weight", "1e6", "--json"];
    const args = [...options, ...task, "--quiet"];
    const { code, err } = await run([at("c.png"), ...args, "--output", at("o")]);
    assert.equal(code, 0, err);
    const { data } = decodePng(await readFile(at("o/restored.png")), "o");
    const mean = (from: number) => data.subarray(from, from + 256).reduce((a, b) => a + b) / 256;
    assert.ok(mean(0) < 0.5 * 200 / 255, `${mean(0)}`);
    assert.ok(Math.abs(mean(256) - 100 / 255) < 0.03, `${mean(256)}`);
    assertRefused(await run([at("g.png"), ...args, "--output", at("p")]), 3, /picture in colour/);
  }));

Deno.test("the denoised picture is projected on what was stored", () =>
  inFolder(async (at) => {
    const project = ["--project", "stored,range", "--project-below", "0.2", "--method", "diffpir"];
    const args = ["--task", "jpeg", ...QUICK, ...project, "--output", at("o")];
    const { code, out, err } = await run(args);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).provenance.options["project-below"], "0.2");
    const refused = await run(["--task", "sr", ...QUICK, ...project, "--output", at("p")]);
    assertRefused(refused, 2, /a task with jpeg/);
  }));

Deno.test("a volume keeps its place and its values; the mask of lost pixels comes from a file", () =>
  inFolder(async (at) => {
    const affine = [2, 0, 0, 5, 0, 3, 0, 6, 0, 0, 4, 7, 0, 0, 0, 1];
    const image = tabulate(
      [3, 16, 24],
      (z, y, x) => 500 * (1 + Math.sin(x / 4) * Math.cos(y / 5)) + z,
    );
    await writeNifti(at("v.nii.gz"), { image, geometry: { affine, known: true } });
    await writeNpy(at("m.npy"), tabulate([16, 24], (y, x) => (x + y) % 5 === 0 ? 0 : 1));
    const options = ["--slices", "1:3", "--steps", "4", "--samples", "1", "--json", "--quiet"];
    const task = ["--task", `inpaint:mask=${at("m.npy")}`, "--method", "ddnm+"];
    const { code, out, err } = await run([
      at("v.nii.gz"),
      ...task,
      ...options,
      "--output",
      at("o"),
    ]);
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out).input.shape, [2, 1, 16, 24]);
    using file = openNiftiImage(at("o/restored.nii.gz"));
    assert.deepEqual([file.slices, file.rows, file.columns], [2, 16, 24]);
    assert.deepEqual([...file.geometry!.affine].slice(0, 4), affine.slice(0, 4));
    const { data } = await file.readSlice(0);
    const known = [...Array(384).keys()].filter((i) => (i % 24 + Math.floor(i / 24)) % 5 !== 0);
    const off = known.map((i) => Math.abs(data[i] - image.data[384 + i]));
    assert.ok(Math.max(...off) < 100, `${Math.max(...off)}`);
  }));

const REFUSED: Readonly<Record<string, readonly [string[], number, RegExp]>> = {
  "no task": [[], 2, /--task denoise, deblur/],
  "noise of 0 to be taken away": [["--task", "denoise"], 2, /--noise above 0 is required/],
  "a file that is not there": [["none.nii", "--task", "sr"], 3, /Cannot open none.nii/],
  "a kernel and a Gaussian": [
    ["--task", "deblur:gaussian=1,motion=5"],
    2,
    /one of gaussian, motion/,
  ],
  "a factor that is not whole": [["--task", "sr:factor=2.5"], 2, /a whole number is required/],
  "a kernel to be found that is larger than the picture": [
    ["--task", "deblur", "--size", "32", "--blind", "33"],
    2,
    /at most the picture's 32 x 32 are required/,
  ],
  "phases by an inverse": [["--task", "phase-retrieval", "--size", "32"], 3, /Use dps/],
};

for (const [name, [args, code, message]] of Object.entries(REFUSED)) {
  Deno.test(`restore refuses ${name}`, () =>
    inFolder(async (at) =>
      assertRefused(await run([...args, "--output", at("o")]), code, message)
    ));
}

Deno.test("restore refuses a mask without a known pixel, and a picture without a bright one", () =>
  inFolder(async (at) => {
    await writeNpy(at("none.npy"), tabulate([32, 32], () => 0));
    await writeNpy(at("dark.npy"), tabulate([1, 32, 32], () => -1));
    const options = ["--steps", "2", "--samples", "1", "--output", at("o")];
    const masked = ["--task", `inpaint:mask=${at("none.npy")}`, "--size", "32"];
    assertRefused(
      await run([...masked, ...options]),
      3,
      /pixels that are known \(1\) are required/,
    );
    const dark = [at("dark.npy"), "--task", "sr", ...options];
    assertRefused(await run(dark), 3, /a pixel above 0 \(black\) is required/);
  }));

Deno.test("what a sensor barely sees is dark in the view of a camera without lens", () =>
  inFolder(async (at) => {
    const task = ["--task", "lensless:sensor=0.4", ...QUICK, "--output", at("o")];
    const { code, out, err } = await run(task);
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).metrics.input.psnr > 5, out);
  }));

Deno.test("--blind estimates the kernel and writes it; other tasks are refused", () =>
  inFolder(async (at) => {
    const task = ["--task", "deblur:gaussian=1.5", "--noise", "0.01", "--blind", "9"];
    const { code, out, err } = await run([...task, ...QUICK, "--output", at("o")]);
    assert.equal(code, 0, err);
    const { metrics: { input, output }, blind, outputs } = JSON.parse(out);
    assert.ok(output.psnr > input.psnr + 0.5, `${input.psnr} to ${output.psnr} dB`);
    assert.equal(blind, 9);
    using kernel = await openNiftiImage(outputs.kernel);
    const { data } = await kernel.readSlice(0);
    const sum = data.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
    const other = await run(["--task", "sr", "--blind", "9", "--output", at("p")]);
    assertRefused(other, 2, /Cannot estimate a kernel .*deblur alone/);
  }));

Deno.test("a pipe or a device in the place of a picture is refused, and does not hang", () =>
  inFolder(async (at) => {
    if (Deno.build.os === "windows") return;
    await new Deno.Command("mkfifo", { args: [at("pipe")] }).output();
    for (const path of [at("pipe"), "/dev/zero"]) {
      const args = ["--task", "deblur:gaussian=1", "--quiet", "--output", at("o")];
      assertRefused(await run([path, ...args]), 3, /a regular file is required|not a file/);
    }
  }));
