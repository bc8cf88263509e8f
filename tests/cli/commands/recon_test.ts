import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { recon } from "../../../src/cli/commands/recon.ts";
import { guarded } from "../../../src/cli/entry.ts";
import { maskFromLines } from "../../../src/mri/sampling/masks.ts";
import { reportMask } from "../../../src/recon/report.ts";
import { openNiftiImage, readAllSlices } from "../../../src/io/nifti/read.ts";
import { readNpy } from "../../../src/io/numpy/npy.ts";
import { fixture, inFolder, same, sharedData } from "../../io/support.ts";
import {
  assertRefused,
  namesIn,
  runHere,
  SIZE,
  writeCflKspace,
  writeH5,
  writeNpyKspace,
} from "../support.ts";

Deno.test("recon writes a folder whose recon.json is what --json prints", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--method", "sense", "--mask", "equispaced:R=2,acs=8", "--seed", "7"];
    const { code, out, err } = await runHere([...args, "--json", "--output", at("out")]);
    assert.equal(code, 0, err);
    assert.equal(out.match(/\n/g)?.length, 1);
    const report = JSON.parse(out);
    assert.deepEqual(report, JSON.parse(Deno.readTextFileSync(at("out/recon.json"))));
    assert.deepEqual(Object.keys(report), [
      ...["schema", "input", "mask", "method", "model", "device", "seed", "steps", "nfe"],
      "settings",
      ...["samples", "coils", "noise"],
      ...["seconds", "metrics", "emptySlices", "warnings", "audit", "errorBars", "added"],
      ...["slices", "affine", "provenance", "frames", "outputs"],
    ]);
    assert.equal(report.schema, "larmor.recon/1");
    assert.deepEqual(report.input, {
      path: input,
      sha256: createHash("sha256").update(Deno.readFileSync(input)).digest("hex"),
      format: "fastmri-hdf5",
      shape: [SIZE.slices, SIZE.coils, SIZE.width, SIZE.height],
      axes: ["slice", "coil", "readout", "phase1"],
      fourierSign: null,
    });
    assert.deepEqual(report.mask, {
      spec: "equispaced:R=2,acs=8",
      acceleration: 26 / 17,
      acsLines: 8,
      padding: 0,
      partial: null,
    });
    assert.deepEqual(
      [report.method, report.model, report.device, report.seed, report.nfe],
      ["sense", null, "cpu", 7, 0],
    );
    assert.deepEqual(Object.keys(report.seconds), [
      ...["total", "read", "calibrate", "compile", "reconstruct", "audit", "write"],
    ]);
    for (const region of ["whole", "head"]) {
      assert.deepEqual(Object.keys(report.metrics[region]), ["psnr", "ssim", "nmse"]);
    }
    assert.equal(report.noise.sigma.length, SIZE.slices);
    assert.ok(report.noise.sigma.every((sigma: number) => sigma > 0));
    assert.equal(report.noise.modelSigma, null);
    assert.match(report.metrics.reference, /RSS/);
    assert.deepEqual(report.outputs, {
      magnitude: at("out/recon.nii.gz"),
      preview: at("out/preview.png"),
      report: at("out/recon.json"),
    });
    assert.deepEqual(namesIn(at("out")), ["preview.png", "recon.json", "recon.nii.gz"]);
  });
});

Deno.test("recon writes other formats on request, all of the same image", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--method", "rss", "--quiet", "--output", at("out")];
    const { code, out, err } = await runHere([...args, "--complex", "--also", "npy,cfl,png16"]);
    assert.equal(code, 0, err);
    assert.equal(err, "");
    assert.match(out, /head {3}PSNR/);
    assert.deepEqual(namesIn(at("out")), [
      ...["complex.nii.gz", "preview.png", "recon.cfl", "recon.hdr", "recon.json"],
      ...["recon.nii.gz", "recon.npy", "slices"],
    ]);
    using nifti = openNiftiImage(at("out/recon.nii.gz"));
    const { data, shape } = await readAllSlices(nifti);
    assert.deepEqual(shape, [SIZE.slices, 2, SIZE.width, SIZE.height]);
    const plane = SIZE.width * SIZE.height;
    const npy = readNpy(at("out/recon.npy"));
    same(npy, {
      shape: [SIZE.slices, SIZE.width, SIZE.height],
      data: Float32Array.from([...data.subarray(0, plane), ...data.subarray(2 * plane, 3 * plane)]),
    });
    using complex = openNiftiImage(at("out/complex.nii.gz"));
    assert.equal(complex.complex, true);
    assert.deepEqual(namesIn(at("out/slices")), ["000.png", "001.png"]);
    const png = PNG.sync.read(readFileSync(at("out/slices/001.png")));
    assert.deepEqual([png.width, png.height], [SIZE.height, SIZE.width]);
  });
});

Deno.test("recon calls the mask that a file declares data, and takes metrics from its full data", async () => {
  await inFolder(async (at) => {
    const mask = Uint8Array.from({ length: SIZE.height }, (_, i) => i % 3 === 0 ? 1 : 0);
    const input = await writeH5(at("k.h5"), { mask });
    const { code, out } = await runHere([input, "--method", "rss", "--json", "--output", at("o")]);
    assert.equal(code, 0);
    const report = JSON.parse(out);
    assert.ok(report.metrics.head.psnr > 0);
    assert.deepEqual(report.mask, {
      spec: "data",
      acceleration: 26 / 9,
      acsLines: 0,
      padding: 0,
      partial: null,
    });
  });
});

Deno.test("recon goes on after a bad input, and ends with 3", async () => {
  await inFolder(async (at) => {
    const inputs = [await writeH5(at("a.h5")), at("missing.h5"), await writeNpyKspace(at("b.npy"))];
    const args = [...inputs, "--method", "rss", "--output", at("out")];
    const { code, out, err } = await runHere([...args, "--json"]);
    assert.equal(code, 3);
    const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ input }) => input.path), inputs);
    assert.deepEqual(lines[1], {
      schema: "larmor.recon/1",
      input: { path: at("missing.h5") },
      error: {
        code: 3,
        message: `Cannot open ${at("missing.h5")}: no such file or folder`,
        hint: null,
      },
    });
    assert.equal(err.match(/^larmor: /gm)?.length, 1);
    assert.deepEqual(namesIn(at("out")), ["a", "b"]);
    const repeated = await runHere([...args, "--quiet"]);
    assert.equal(repeated.code, 3, "over earlier results");
    assert.match(repeated.out, /^.*a\.h5: rss(.|\n)*b\.npy: rss/);
  });
});

Deno.test("the predicted time counts what the command spent before the plan", async () => {
  await inFolder(async (at) => {
    let out = "";
    const console = { out: (text: string) => void (out += text), err() {}, isTerminal: false };
    const args = [await writeH5(at("k.h5")), "--method", "rss", "--dry-run", "--json"];
    const begun = performance.now() - 1e6, { signal } = new AbortController();
    assert.equal(await guarded(recon, args, { console, signal, begun }), 0);
    const { seconds } = JSON.parse(out);
    assert.ok(seconds > 1000 && seconds < 1500, `${seconds}`);
  });
});

Deno.test("recon --dry-run prints the plan and writes nothing", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--mask", "equispaced:R=2,acs=8", "--dry-run", "--output", at("out")];
    const { code, out, err } = await runHere([...args, "--method", "tv"]);
    assert.equal(code, 0, err);
    assert.match(out, /^axes +slice 2, coil 3, readout 20, phase1 26$/m);
    assert.match(out, /^used as +3 coils, 26 phase-encode lines, readout 20$/m);
    assert.match(out, /^mask +equispaced:R=2,acs=8: 17 of 26 kept \(1.53-fold\), 8 calibration/m);
    assert.match(out, /^method +tv, \d+ steps, NFE 0/m);
    assert.match(out, /^device +cpu$/m);
    assert.match(out, /^memory +about \d+ MB$/m);
    assert.match(out, /^image +2 x 20 x 26/m);
    const audited = await runHere([...args, "--method", "dds", "--steps", "3", "--audit"]);
    assert.match(audited.out, /^method +dds, 3 steps, NFE 12 for a slice and 12 for its audit$/m);
    const json = JSON.parse((await runHere([...args, "--json", "--slices", "1:"])).out);
    assert.equal(json.auditNfe, 0);
    assert.equal(json.schema, "larmor.plan/1");
    assert.deepEqual(json.slices, [1, 2]);
    assert.deepEqual(json.input.shape, [2, 3, 20, 26]);
    assert.equal(json.full, true);
    assert.ok(json.memory > 1e8 && json.memory < 1e9);
    assert.deepEqual(namesIn(at(".")), ["k.h5"]);
  });
});

Deno.test("recon takes .npy, .cfl, and complex NIfTI with --domain kspace", async () => {
  await inFolder(async (at) => {
    const inputs: [string, ...string[]][] = [
      [await writeNpyKspace(at("a.npy"))],
      [await writeCflKspace(at("b"))],
      [at("b")],
      [fixture("nifti/kspace_complex64.nii.gz"), "--domain", "kspace"],
    ];
    for (const [input, ...rest] of inputs) {
      const args = [input, ...rest, "--method", "rss", "--quiet", "--json"];
      const { code, out, err } = await runHere([...args, "--output", at("out")]);
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).input.path, input);
    }
  });
});

Deno.test("recon stops when interrupted, with 130, and leaves nothing", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const { Interrupted } = await import("../../../src/cli/entry.ts");
    const signal = AbortSignal.abort(new Interrupted("SIGINT"));
    const args = [input, "--method", "rss", "--output", at("deep/out")];
    assertRefused(await runHere(args, { signal }), 130, /Interrupted by SIGINT/);
    assert.deepEqual(namesIn(at(".")), ["k.h5"]);
  });
});

Deno.test("reportMask() gives the calibration lines", () => {
  assert.deepEqual(
    reportMask(maskFromLines([0, 1, 1, 1], 3)),
    { spec: "file", acceleration: 4 / 3, acsLines: 3, padding: 0, partial: null },
  );
});

Deno.test("recon reconstructs the low-field data of every format", async () => {
  const path = sharedData("kspace/ulf_FSE.cfl");
  if (path === undefined) return;
  await inFolder(async (at) => {
    const images = [];
    for (const name of [path, path.replace(".cfl", ".npy")]) {
      const args = [name, "--method", "sense", "--steps", "6", "--slices", "1:3", "--json"];
      const { code, out, err } = await runHere([...args, "--also", "npy", "--output", at("out")]);
      assert.equal(code, 0, err);
      assert.ok(JSON.parse(out).metrics.head.psnr > 40);
      images.push(readNpy(at("out/recon.npy")));
    }
    // The .npy has the readout first, BART's images come out with the phase-encode first.
    const [[slices, rows, columns], turned] = [images[0].shape, images[1].shape];
    assert.deepEqual([slices, columns, rows], [...turned]);
    assert.equal(slices, 2);
  });
});
