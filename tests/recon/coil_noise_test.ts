/** Bad coils, correlated noise and many coils: named, weighed and compressed, and images in their units. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { kspaceFromArray, reconstruct, type ReconstructOptions } from "../../mod.ts";
import { npyHeader } from "../../src/io/numpy/npy.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";

const COILS = 6, SIZE = 72;
const MASK = "equispaced:R=2,acs=20";

async function clean(coils = COILS, size = SIZE): Promise<NdArray> {
  using file = await simulatedBrain({ size, coils, noise: 0 });
  return await file.readSlice(0);
}

/** K-space with noise `[coil][shared with]`: a lower triangular mix of white noise. */
function noisy({ data, shape }: NdArray, mix: (coil: number, white: number) => number): NdArray {
  const coils = shape[0], plane = data.length / coils;
  const white = new Rng(5).normals(data.length);
  const bright = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / plane);
  return ndarray(
    data.map((value, i) => {
      const coil = Math.floor(i / plane), at = i % plane;
      let noise = 0;
      for (let other = 0; other <= coil; other++) {
        noise += mix(coil, other) * white[other * plane + at];
      }
      return value + 0.03 * bright * noise;
    }),
    shape,
  );
}

async function recon(kspace: NdArray, options: ReconstructOptions = {}) {
  using file = kspaceFromArray(kspace);
  return await reconstruct(file, { method: "sense", mask: MASK, device: runtime, ...options });
}

/** Error relative to the root sum of squares of clean coils, with no scale taken out. */
async function error(found: { magnitude: NdArray }, truth: NdArray): Promise<number> {
  const { magnitude: { data } } = await recon(truth, { method: "rss", mask: "full" });
  const sum = (of: (v: number, i: number) => number) =>
    data.reduce(
      (all, v, i) => all + (v > 0.2 * data.reduce((a, b) => Math.max(a, b)) ? of(v, i) : 0),
      0,
    );
  return Math.sqrt(sum((v, i) => (found.magnitude.data[i] - v) ** 2) / sum((v) => v * v));
}

/** Complex `[C, H, W]` as a NumPy file. */
function npyOf({ data, shape: [coils, , height, width] }: NdArray): Uint8Array {
  const plane = height * width;
  const samples = Float32Array.from({ length: data.length }, (_, i) => {
    const at = Math.floor(i / 2);
    return data[(2 * Math.floor(at / plane) + i % 2) * plane + at % plane];
  });
  const header = npyHeader("<c8", [coils, height, width]);
  const bytes = new Uint8Array(header.length + samples.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(samples.buffer), header.length);
  return bytes;
}

const white = (coil: number, other: number) => coil === other ? 1 : 0;

Deno.test("white noise is left as it is", async () => {
  const { coils, warnings } = await recon(noisy(await clean(), white));
  assert.equal(coils.whitened, null);
  assert.deepEqual([coils.leftOut, warnings, coils.compressed], [[], [], null]);
});

Deno.test("unequal and correlated noise is whitened from the data, and the image keeps its units", async () => {
  const truth = await clean();
  const kspace = noisy(
    truth,
    (coil, other) => coil === other ? (coil === 1 ? 4 : 1) : other === 0 ? 0.9 : 0,
  );
  const [auto, off] = [await recon(kspace), await recon(kspace, { whiten: "off" })];
  assert.equal(auto.coils.whitened, "data");
  assert.ok(auto.coils.correlation! > 0.4 && auto.coils.varianceRatio! > 4);
  assert.equal(off.coils.whitened, null);
  const [with_, without] = [await error(auto, truth), await error(off, truth)];
  assert.ok(with_ < 0.85 * without, `${with_}, ${without}`);
  assert.deepEqual(auto.audit?.reasons, []);
  assert.ok(off.audit!.reasons.length > 0);
});

Deno.test("a coil with a hundred times the noise is named and weighed, and does not ruin the image", async () => {
  const truth = await clean();
  const kspace = noisy(truth, (coil, other) => coil !== other ? 0 : coil === 2 ? 20 : 0.2);
  const found = await recon(kspace);
  assert.deepEqual(found.warnings.map(({ code }) => code), ["noisy-coil"]);
  assert.match(found.warnings[0].message, /^Coil 2 of 0 to 5 /);
  const [weighed, off] = [found, await recon(kspace, { whiten: "off" })];
  const errors = [await error(weighed, truth), await error(off, truth)];
  assert.ok(errors[0] < 0.05 && errors[1] > 0.12, `${errors}`);
  assert.ok(found.metrics!.head.psnr! > 25, "the reference has no part of the coil");
  const rss = await recon(kspace, { method: "rss" });
  assert.deepEqual(rss.coils.leftOut, [2]);
});

Deno.test("a dead coil is named, and the rest is as without it", async () => {
  const kspace = noisy(await clean(), white);
  const plane = kspace.data.length / COILS;
  kspace.data.fill(0, 3 * plane, 4 * plane);
  const { coils, warnings, audit } = await recon(kspace, { audit: "prediction" });
  assert.deepEqual(coils.leftOut, [3]);
  assert.deepEqual(warnings.map(({ code }) => code), ["dead-coil"]);
  assert.ok(!/Infinity/.test(JSON.stringify(audit)));
  assert.equal(audit!.data, "consistent");
});

Deno.test("noise is whitened by the file of a noise scan", async () => {
  const mix = (coil: number, other: number) =>
    coil === other ? 1 + coil % 2 : other === 0 ? 0.5 : 0;
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/noise.npy`;
    const scan = noisy(await clean(), mix), quiet = await clean();
    const only = ndarray(scan.data.map((v, i) => v - quiet.data[i]), scan.shape);
    await writeFile(path, npyOf(only));
    const kspace = noisy(quiet, mix);
    const { coils } = await recon(kspace, { whiten: path });
    assert.equal(coils.whitened, path);
    await assert.rejects(recon(await clean(4), { whiten: path }), /4 coils are required, found 6/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("more than 24 coils are compressed, and maps are those of the file's coils", async () => {
  const kspace = noisy(await clean(26, 40), white);
  const auto = await recon(kspace);
  assert.deepEqual([auto.coils.count, auto.coils.compressed], [26, 16]);
  assert.ok(auto.coils.energyKept! > 0.98);
  assert.deepEqual(auto.maps?.shape, [1, 26, 2, 40, 40]);
  const off = await recon(kspace, { compress: "off" });
  assert.equal(off.coils.compressed, null);
  const difference = Math.hypot(...auto.magnitude.data.map((v, i) => v - off.magnitude.data[i]));
  assert.ok(difference < 0.05 * Math.hypot(...off.magnitude.data), `${difference}`);
  const given = await recon(kspace, { maps: auto.maps });
  const again = Math.hypot(...auto.magnitude.data.map((v, i) => v - given.magnitude.data[i]));
  assert.ok(again < 0.02 * Math.hypot(...off.magnitude.data), `${again}`);
});
