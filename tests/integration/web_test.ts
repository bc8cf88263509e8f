/** The page of `deno task web` in headless Chromium, on WebAssembly and on software WebGPU. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DEFAULT_METHOD, reconstruct, type ReconstructOptions } from "../../mod.ts";
import { openImage } from "../../src/io/open.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import type { ReconReport } from "../../src/recon/report.ts";
import { readKspace } from "../../src/recon/open.ts";
import { exchanged } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { inFolder } from "../io/support.ts";
import { DATA, needsCommand, needsData, testWith } from "../tools.ts";
import { relativeError } from "../mri/support.ts";
import { WebPage } from "./web_page.ts";

const chromium = needsCommand("chromium");
const MASK = "equispaced:R=2,acs=12";

/** A small k-space file: 4 coils, `size` rows and columns, two slices. */
async function writeKspace(path: string, size: number): Promise<void> {
  using kspace = await simulatedBrain({ size, coils: 4 });
  const { data, shape: [coils, , height, width] } = await kspace.readSlice(0);
  // The file has the readout before the phase-encode axis.
  const turned = exchanged(data, [height, width]);
  const both = Float32Array.from(
    { length: 2 * turned.length },
    (_, i) => turned[i % turned.length],
  );
  await writeNpyComplex(path, { data: both, shape: [2, coils, 2, width, height] });
}

/** The image that the page saves, and the library's own. */
async function compared(page: WebPage, path: string, options: ReconstructOptions): Promise<number> {
  using file = await readKspace(path);
  const { magnitude } = await reconstruct(file, { ...options, slices: [1, 2], device: "cpu" });
  let error = NaN;
  await inFolder(async (at) => {
    const { name, bytes } = await page.save("NIfTI");
    await Deno.writeFile(at(name), bytes);
    using image = await openImage(at(name));
    const { data } = await image.readSlice(0);
    error = relativeError(data.subarray(0, magnitude.data.length), magnitude.data as Float32Array);
  });
  return error;
}

async function setSampling(page: WebPage): Promise<void> {
  await page.set("mask", "equispaced");
  await page.set("acceleration", "2");
  await page.set("acs", "12");
}

testWith(chromium, "two steps lead from the page to a picture of one's own file", async () => {
  await inFolder(async (at) => {
    await writeKspace(at("own.npy"), 48);
    await using page = await WebPage.open();
    assert.equal(await page.open([at("own.npy")]), "");
    assert.match(await page.text("#found"), /own\.npy.*slice 2, coil 4, readout 48, phase1 48/s);
    assert.equal(await page.run(), "");
    assert.equal(await page.text("#rows td:nth-child(2)"), DEFAULT_METHOD);
    await page.browser.until(`Number(document.getElementById("viewer").dataset.drawn) >= 1`);
    const colours = await page.browser.evaluate<number>(`(() => {
      const drawn = document.createElement("canvas");
      const shown = document.querySelector("[data-panel='0'] canvas");
      [drawn.width, drawn.height] = [64, 64];
      const context = drawn.getContext("2d");
      return new Promise((resolve) => requestAnimationFrame(() => {
        context.drawImage(shown, 0, 0, 64, 64);
        resolve(new Set(context.getImageData(0, 0, 64, 64).data).size);
      }));
    })()`);
    assert.ok(colours > 0);
    assert.ok(await compared(page, at("own.npy"), {}) < 1e-3);
    assert.deepEqual(page.complaints, []);
  });
});

testWith(
  chromium,
  "the page reconstructs as the library does, by methods of each kind",
  async () => {
    await inFolder(async (at) => {
      await writeKspace(at("own.npy"), 48);
      await using page = await WebPage.open();
      await page.open([at("own.npy")]);
      await setSampling(page);
      for (const method of ["sense", "tv", "modl"]) {
        await page.set("method", method);
        assert.equal(await page.run(), "", method);
        const error = await compared(page, at("own.npy"), { method, mask: MASK });
        assert.ok(error < 1e-3, `${method}: ${error}`);
      }
      await page.set("method", "diffpir");
      await page.set("steps", "3");
      await page.set("samples", "2");
      assert.equal(await page.run(), "");
      const options = { method: "diffpir", steps: 3, samples: 2, mask: MASK };
      assert.ok(await compared(page, at("own.npy"), options) < 1e-3);
      const report: ReconReport = JSON.parse(
        new TextDecoder().decode((await page.save("recon.json")).bytes),
      );
      assert.equal(report.samples, 2);
      assert.match(report.input.sha256!, /^[0-9a-f]{64}$/);
      assert.equal(report.provenance!.platform, "browser");
      assert.match(String.fromCharCode(...(await page.save("PNG")).bytes.slice(1, 4)), /PNG/);
      assert.ok((await page.save("std")).bytes.length > 100);
      assert.deepEqual(page.complaints, []);
    });
  },
);

testWith(
  chromium,
  "each format that is dropped is recognised, and says what it cannot read",
  async () => {
    const fixture = (name: string) => join(import.meta.dirname!, "../fixtures", name);
    await using page = await WebPage.open();
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["hdf5/gzip.h5"], /fastmri/],
      [["cfl/kspace.cfl", "cfl/kspace.hdr"], /bart-cfl/],
      [["nifti/int16_scaled_sform.nii"], /nifti, k-space is simulated/],
      [["hdf5/double.mat"], /matlab/],
    ];
    for (const [files, expected] of cases) {
      assert.equal(await page.open(files.map(fixture)), "", `${files}`);
      assert.match(await page.text("#found"), expected);
    }
    assert.match(await page.open([fixture("hdf5/lzf.h5")]), /lzf\.h5.*lzf/s);
    assert.match(await page.open([fixture("hdf5/ext_link.h5")]), /another file/);
    assert.deepEqual(page.complaints, []);
  },
);

testWith(chromium, "WebGPU in the browser, in software, gives the same image", async () => {
  await inFolder(async (at) => {
    await writeKspace(at("own.npy"), 24);
    const flags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
    await using page = await WebPage.open({ flags });
    await page.open([at("own.npy")]);
    await setSampling(page);
    await page.set("device", "webgpu");
    await page.set("method", "diffpir");
    await page.set("steps", "2");
    await page.set("samples", "1");
    assert.equal(await page.run(), "");
    const options = { method: "diffpir", steps: 2, samples: 1, mask: MASK };
    const error = await compared(page, at("own.npy"), options);
    assert.ok(error < 1e-3, `diffpir: ${error}`);
    const report: ReconReport = JSON.parse(
      new TextDecoder().decode((await page.save("recon.json")).bytes),
    );
    assert.equal(report.device, "webgpu");
    assert.deepEqual(page.complaints, []);
  });
});

/** How far the page may be from the library on a real slice, dB. */
const SLACK = 0.01;
const REAL = "kspace/brain7_fastmri.h5";

testWith(
  chromium ?? needsData(REAL),
  "the page reconstructs a real slice at R=4 as the library does",
  async () => {
    const path = join(DATA, REAL);
    await using page = await WebPage.open();
    assert.equal(await page.open([path]), "");
    await page.set("mask", "equispaced");
    assert.equal(await page.run(), "");
    using file = await readKspace(path);
    const { metrics } = await reconstruct(file, { mask: "equispaced:R=4,acs=24", device: "cpu" });
    const report: ReconReport = JSON.parse(
      new TextDecoder().decode((await page.save("recon.json")).bytes),
    );
    assert.equal(report.mask.spec, "equispaced:R=4,acs=24");
    const [found, expected] = [report.metrics!.head.psnr!, metrics!.head.psnr!];
    assert.ok(Math.abs(found - expected) < SLACK, `${found} dB, expected ${expected} dB`);
    assert.deepEqual(page.complaints, []);
  },
);
