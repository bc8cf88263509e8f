/** BART as the judge of two sets of coil maps and of nonlinear inversion, on phantoms with known truth. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCfl, writeCflCoils } from "../../src/io/cfl.ts";
import { readMapsFile } from "../../src/io/mod.ts";
import { planarCoils } from "../../src/io/planar.ts";
import { dft2 } from "../../src/mri/physics/dft.ts";
import { makeMask, type SamplingMask } from "../../src/mri/sampling/masks.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { kspaceFromArray } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { folded, scene } from "../mri/calibration/calibration_support.ts";
import { evaluate, relativeError } from "../mri/support.ts";
import { needsCommand, run, testWith } from "../tools.ts";
import { runtime } from "../runtime.ts";

const bart = needsCommand("bart");

const [COILS, SIGMA] = [8, 0.01];

/** A disc of 59 of 80 rows on a field of view of `height` rows, and its root sum of squares. */
async function disc(height: number, width: number) {
  const { images: whole } = await scene(runtime, { coils: COILS, height: 80, width, sigma: 0 });
  const images = height === 80 ? whole : folded(whole, height);
  const { data, shape } = await evaluate(runtime, images, (x) => dft2(x, "forward"));
  const noise = new Rng(1).normals(data.length);
  const pixels = height * width;
  const truth = new Float32Array(pixels).map((_, i) => {
    let sum = 0;
    for (let p = 0; p < 2 * COILS; p++) sum += images.data[p * pixels + i] ** 2;
    return Math.sqrt(sum);
  });
  return { kspace: ndarray(data.map((value, i) => value + SIGMA * noise[i]), shape), truth };
}

async function writeSampled(stem: string, { data, shape }: NdArray, { values }: SamplingMask) {
  const [, , height, width] = shape;
  const kept = data.map((value, i) => values[Math.floor(i / width) % height] * value);
  await writeCflCoils(stem, ndarray(kept, shape));
}

/** Root sum of squares of the images in a .cfl. */
function magnitudeIn(path: string, sets: number, height: number, width: number): Float32Array {
  const from = { transpose: false, source: path, slice: 0 };
  const { data } = planarCoils(readCfl(path).data, sets, height, width, from);
  const pixels = height * width;
  return new Float32Array(pixels).map((_, i) => {
    let sum = 0;
    for (let p = 0; p < 2 * sets; p++) sum += data[p * pixels + i] ** 2;
    return Math.sqrt(sum);
  });
}

const lines = (acceleration: number, acs: number) =>
  ({
    kind: "equispaced",
    text: `equispaced:R=${acceleration},acs=${acs}`,
    acceleration,
    acs,
  }) as const;

testWith(bart, "a folded disc: two sets of maps as good as BART's `ecalib -m2`", async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  const [height, width] = [40, 60];
  const { kspace, truth } = await disc(height, width);
  const spec = lines(2, 24);
  await writeSampled(at("k"), kspace, makeMask(spec, height, width));
  await run("bart", ["ecalib", "-m2", `-r${spec.acs}`, at("k"), at("maps")]);
  const theirs = readMapsFile(at("maps.cfl"));
  assert.deepEqual(theirs.shape, [1, 2, COILS, 2, height, width]);
  const image = async (maps?: NdArray) => {
    const options = { method: "sense", mask: spec.text, maps, device: runtime } as const;
    return await reconstruct(kspaceFromArray(kspace), options);
  };
  const ours = await image();
  assert.equal(ours.maps!.shape.length, 6, "two sets are found");
  const [own, peer] = [ours, await image(theirs)]
    .map(({ magnitude }) => relativeError(magnitude.data, truth));
  await run("bart", ["pics", "-S", "-l2", "-r", "0.01", "-i", "50", at("k"), at("maps"), at("x")]);
  const pics = relativeError(magnitudeIn(at("x"), 2, height, width), truth);
  assert.ok(own < 1.06 * peer, `our maps ${own}, BART's ${peer}`);
  assert.ok(own < 1.1 * pics, `ours ${own}, BART ${pics}`);
  await Deno.remove(folder, { recursive: true });
});

testWith(bart, "nlinv is as near to the truth as BART's", async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  const [height, width] = [80, 60];
  const { kspace, truth } = await disc(height, width);
  for (const spec of [lines(2, 6), lines(3, 12)]) {
    await writeSampled(at("k"), kspace, makeMask(spec, height, width));
    await run("bart", ["nlinv", "-S", "-i10", at("k"), at("x")]);
    const peer = relativeError(magnitudeIn(at("x"), 1, height, width), truth);
    const options = { method: "nlinv", mask: spec.text, device: runtime } as const;
    const { magnitude } = await reconstruct(kspaceFromArray(kspace), options);
    const own = relativeError(magnitude.data, truth);
    assert.ok(own < 1.06 * peer, `${spec.text}: ours ${own}, BART ${peer}`);
  }
  await Deno.remove(folder, { recursive: true });
});
