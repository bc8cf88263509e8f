import assert from "node:assert/strict";
import { constant, mul, reshape, type Tensor } from "../../src/graph/mod.ts";
import { dft2 } from "../../src/mri/physics/dft.ts";
import { coilSets } from "../../src/mri/physics/operator.ts";
import { type NdArray, ndarray, sizeOf, zeros } from "../../src/ndarray.ts";
import { methods } from "../../src/recon/methods.ts";
import { kspaceFromArray } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { evaluate } from "../mri/support.ts";
import { runtime } from "../runtime.ts";

const [COILS, SIZE] = [4, 32];

/** Orthonormal maps of two sets at every pixel, smooth: `[1, 2, C, 2, H, W]`. */
function twoSets(): NdArray {
  const maps = zeros([1, 2, COILS, 2, SIZE, SIZE]);
  const at = (set: number, coil: number, part: number, i: number) =>
    (((set * COILS + coil) * 2 + part) * SIZE * SIZE) + i;
  for (let i = 0; i < SIZE * SIZE; i++) {
    const y = Math.floor(i / SIZE) / SIZE, x = i % SIZE / SIZE;
    for (let coil = 0; coil < COILS; coil++) {
      // The Fourier vectors of length C are orthonormal; phases that vary with the place keep them so.
      for (let set = 0; set < 2; set++) {
        const angle = 2 * Math.PI * (set * coil / COILS + (x - y) * coil / 4);
        maps.data[at(set, coil, 0, i)] = Math.cos(angle) / Math.sqrt(COILS);
        maps.data[at(set, coil, 1, i)] = Math.sin(angle) / Math.sqrt(COILS);
      }
    }
  }
  return maps;
}

/** A disc, and two caps at the ends of H; `[1, 4, H, W]`. */
function twoImages(): NdArray {
  const images = zeros([1, 4, SIZE, SIZE]);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const y = Math.floor(i / SIZE) - SIZE / 2, x = i % SIZE - SIZE / 2;
    if (Math.hypot(x, y) < 13) images.data[i] = 1;
    if (Math.abs(y) > 11 && Math.abs(x) < 8) images.data[3 * SIZE * SIZE + i] = 0.7;
  }
  return images;
}

async function twoSetKspace(sigma: number) {
  const maps = twoSets(), images = twoImages();
  const sets = coilSets(constant(ndarray(maps.data, maps.shape.slice(1))), 1);
  const kspace = await evaluate(runtime, images, (x: Tensor) => dft2(sets.forward(x), "forward"));
  const noise = new Rng(1).normals(sizeOf(kspace.shape));
  kspace.data.forEach((value, i) => kspace.data[i] = value + sigma * noise[i]);
  return { maps, images, file: kspaceFromArray(kspace) };
}

const nrmse = (found: NdArray, expected: Float32Array) =>
  Math.hypot(...expected.map((value, i) => value - found.data[i])) / Math.hypot(...expected);

Deno.test("two sets of maps: the image is the root of the sum of squares, the phase the first's", async () => {
  const { maps, images, file } = await twoSetKspace(1e-3);
  const { magnitude, complex, maps: used, audit } = await reconstruct(file, {
    method: "sense",
    maps,
    device: runtime,
  });
  const plane = SIZE * SIZE;
  const expected = new Float32Array(plane).map((_, i) =>
    Math.hypot(images.data[i], images.data[3 * plane + i])
  );
  assert.ok(nrmse(magnitude, expected) < 0.02);
  const [re, im] = [complex.data.subarray(0, plane), complex.data.subarray(plane)];
  const disc = images.data.subarray(0, plane);
  disc.forEach((value, i) => {
    if (value > 0) assert.ok(Math.abs(im[i]) < 0.05 * re[i] + 0.02, `${i}`);
  });
  assert.deepEqual(used!.shape, [1, 2, COILS, 2, SIZE, SIZE]);
  assert.equal(audit!.image, "consistent", `${audit!.reasons}`);
});

Deno.test("every method takes two sets of maps", async () => {
  const { maps, images, file } = await twoSetKspace(0.01);
  const plane = SIZE * SIZE;
  const expected = new Float32Array(plane).map((_, i) =>
    Math.hypot(images.data[i], images.data[3 * plane + i])
  );
  const shrink = (x: Tensor) => mul(reshape(x, [x.shape[0], 2, SIZE, SIZE]), 0.95);
  for (const method of methods.filter((m) => m.needsMaps && m.defaultModel !== null)) {
    // Networks that were trained for one method keep their own weights.
    const own = method.defaultModel === "prior-brain";
    const { magnitude, std } = await reconstruct(file, {
      method,
      maps,
      mask: "equispaced:R=2,acs=12",
      ...(own && { model: shrink, ...(method.samples && { samples: 2 }) }),
      ...(!method.fixedSteps && { steps: 4 }),
      device: runtime,
    });
    assert.deepEqual(magnitude.shape, [1, SIZE, SIZE], method.name);
    assert.equal(std === undefined, !method.samples, method.name);
    const error = nrmse(magnitude, expected);
    // The made-up denoiser and 4 steps are nothing to judge samplers by.
    assert.ok(own ? error < Infinity : error < 0.4, `${method.name}: ${error}`);
  }
});
