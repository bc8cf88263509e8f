import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tune } from "../../../src/cli/commands/tune.ts";
import { openNiftiImage, readAllSlices } from "../../../src/io/nifti/read.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, runHere, writeH5 } from "../support.ts";

/** A small network that PyTorch exported. */
const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const ARGS = ["--mask", "equispaced:R=2,acs=8", "--model", MODEL, "--method", "dds"];

Deno.test("recon --samples writes mean, deviation and, asked for, the samples", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, ...ARGS, "--steps", "2", "--samples", "3", "--save-samples", "--json"];
    const plan = JSON.parse((await runHere([...args, "--dry-run", "--output", at("out")])).out);
    const { code, out, err } = await runHere([...args, "--output", at("out")]);
    assert.equal(code, 0, err);
    const report = JSON.parse(out);
    assert.deepEqual([report.samples, report.steps, report.nfe], [3, 2, 6]);
    assert.deepEqual([plan.samples, plan.steps, plan.nfe], [3, 2, 6]);
    assert.deepEqual(plan.outputs, report.outputs);
    const { sigma, modelSigma } = report.noise;
    assert.equal(modelSigma.length, sigma.length);
    modelSigma.forEach((level: number, i: number) => assert.ok(level >= sigma[i], `${level}`));
    assert.equal(report.outputs.std, at("out/std.nii.gz"));
    const volume = async (name: string) => {
      using file = openNiftiImage(at(`out/${name}`));
      return (await readAllSlices(file)).data;
    };
    const names = ["samples/000.nii.gz", "samples/001.nii.gz", "samples/002.nii.gz"];
    const samples = await Promise.all(names.map(volume));
    const std = await volume("std.nii.gz");
    for (const i of [0, 100, 777]) {
      const mean = samples.reduce((sum, s) => sum + s[i], 0) / 3;
      const spread = Math.sqrt(samples.reduce((sum, s) => sum + (s[i] - mean) ** 2, 0) / 2);
      assert.ok(Math.abs(std[i] - spread) < 1e-5 + 1e-4 * spread, `${std[i]} ${spread}`);
    }
  });
});

Deno.test("recon --set sets a sampler, which recon.json records", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const run = (...args: string[]) =>
      runHere([input, ...ARGS, "--steps", "2", "--json", "--output", at("out"), ...args]);
    const { code, out, err } = await run("--set", "eta=0.5,cg=2", "--set", "sigmaMax=0.3");
    assert.equal(code, 0, err);
    const { settings } = JSON.parse(out);
    assert.deepEqual(
      [settings.eta, settings.cg, settings.sigmaMax, settings.steps],
      [0.5, 2, 0.3, 2],
    );
    const image = Deno.readFileSync(at("out/recon.nii.gz"));
    await run();
    assert.notDeepEqual(Deno.readFileSync(at("out/recon.nii.gz")), image);
    assertRefused(
      await run("--set", "etta=1", "--no-json"),
      2,
      /Cannot set etta of dds.*\n.*eta\?/,
    );
    const tv = await run("--method", "tv", "--model", "", "--set", "eta=1", "--no-json");
    assert.equal(tv.code, 2);
  });
});

Deno.test("recon --save-maps writes maps that --maps reads again", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--method", "sense", "--mask", "equispaced:R=2,acs=8", "--json"];
    const run = async (name: string, ...maps: string[]) =>
      JSON.parse((await runHere([...args, "--save-maps", "--output", at(name), ...maps])).out);
    const first = await run("a");
    assert.equal(first.outputs.maps, at("a/maps.cfl"));
    assert.deepEqual(namesIn(at("a")).filter((name) => name.startsWith("maps")), [
      "maps.cfl",
      "maps.hdr",
    ]);
    // Maps that are given are brought to unit sum of squares; from then on nothing changes.
    const second = await run("b", "--maps", first.outputs.maps);
    const third = await run("c", "--maps", second.outputs.maps);
    assert.ok(Math.abs(first.metrics.whole.psnr - second.metrics.whole.psnr) < 1);
    assert.ok(Math.abs(second.metrics.whole.psnr - third.metrics.whole.psnr) < 1e-3);
    const rss = await runHere([input, "--method", "rss", "--save-maps", "--output", at("c")]);
    assertRefused(rss, 2, /coil maps is required/);
  });
});

Deno.test("recon refuses samples, steps, weights and priors that make no sense, and writes nothing", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const refused = async (args: string[], code: number, message: RegExp) => {
      assertRefused(await runHere([input, ...args, "--output", at("out")]), code, message);
      assert.ok(!existsSync(at("out")));
    };
    await refused([...ARGS, "--steps", "0"], 2, /--steps/);
    await refused([...ARGS, "--samples", "0"], 2, /--samples/);
    await refused([...ARGS, "--weight", "-1"], 2, /--weight/);
    await refused(["--method", "tv", "--samples", "2"], 2, /draws posterior samples/);
    for (const method of ["zero-filled", "rss", "unet", "varnet", "modl"]) {
      await refused(["--method", method, "--weight", "2"], 2, /method with a weight is required/);
    }
    await refused(["--method", "tv", "--model", MODEL], 2, /network is required/);
    await refused(["--method", "dps", "--model", at("none")], 3, /none/);
  });
});

Deno.test("tune searches, keeps what it tried, and goes on from there", async () => {
  await inFolder(async (at) => {
    const run = (...args: string[]) => runHere(args, { command: tune });
    const side = 40;
    const disc = Float32Array.from({ length: side * side }, (_, i) => {
      const radius = Math.hypot(Math.floor(i / side) - side / 2, i % side - side / 2);
      return radius < 15 ? 800 + 10 * (i % 7) : 0;
    });
    await Deno.mkdir(at("data"));
    await writeNifti(at("data/disc.nii.gz"), { image: ndarray(disc, [1, side, side]) });
    const args = [
      "dds",
      "--data",
      at("data"),
      "--model",
      MODEL,
      "--volumes",
      "1",
      "--samples",
      "1",
    ];
    const more = ["--set", "steps=2", "--masks", "equispaced:R=2,acs=8", "--output", at("t.jsonl")];
    const first = await run(...args, ...more, "--draws", "2");
    assert.equal(first.code, 0, first.err);
    const before = Deno.readTextFileSync(at("t.jsonl"));
    const second = await run(...args, ...more, "--draws", "3");
    const after = Deno.readTextFileSync(at("t.jsonl"));
    assert.ok(after.startsWith(before) && after.trim().split("\n").length === 3);
    assert.match(second.err, /^3 of 3/);
    assert.match(second.out, /mean .* draw 0: steps=2/);
    const means = [...second.out.matchAll(/^mean ([\d.]+)/gm)].map(([, mean]) => Number(mean));
    assert.deepEqual(means, [...means].sort((a, b) => b - a));
    assert.match(second.out, /^Best: --method dds --set steps=2,weight=[\d.]+,\S+$/m);
  });
});

Deno.test("tune refuses what it cannot search", async () => {
  const run = (...args: string[]) => runHere(args, { command: tune });
  assertRefused(await run("dds"), 2, /--data FOLDER is required/);
  assertRefused(await run("nothing", "--data", "."), 2, /one of/);
  assertRefused(await run("dds", "--data", "nowhere"), 3, /nowhere/);
  assertRefused(await run("dds", "--data", "."), 3, /NIfTI/);
  assertRefused(await run("dds", "--data", ".", "--set", "etta=1"), 2, /'etta'\n.*eta\?/);
  assert.match((await run("--help")).out, /--draws/);
});
