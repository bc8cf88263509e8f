/** The noise level from patches of the calibration region: closed form, units, and a sharp object. */
import assert from "node:assert/strict";
import { kspaceFromArray, reconstruct } from "../../../mod.ts";
import { patchNoise } from "../../../src/mri/calibration/patch_noise.ts";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";
import { evaluate } from "../support.ts";
import { scene } from "./calibration_support.ts";

/** Plane waves that each coil sees with weights of its own, a thousand times the noise, and noise. */
function region(
  [coils, height, width]: readonly [number, number, number],
  waves: number,
  level: (coil: number) => number,
): NdArray {
  const rng = new Rng(7), plane = height * width;
  const out = new Float32Array(rng.normals(2 * coils * plane));
  for (let c = 0; c < coils; c++) {
    for (let i = 2 * c * plane; i < 2 * (c + 1) * plane; i++) out[i] *= level(c);
    for (let wave = 0; wave < waves; wave++) {
      const [weight, phase] = [1000 * rng.uniform(), 6 * rng.uniform()];
      for (let i = 0; i < plane; i++) {
        const angle = phase + (wave + 1) * 0.35 * Math.floor(i / width) - wave * 0.6 * (i % width);
        out[2 * c * plane + i] += weight * Math.cos(angle);
        out[(2 * c + 1) * plane + i] += weight * Math.sin(angle);
      }
    }
  }
  return ndarray(out, [coils, 2, height, width]);
}

for (
  const [size, waves] of [
    [[8, 20, 20], 0],
    [[8, 20, 20], 12],
    [[5, 17, 23], 9],
    [[16, 24, 24], 12],
    [[4, 48, 48], 15],
  ] as const
) {
  Deno.test(`the variance of noise beside ${waves} plane waves: ${size}`, () => {
    const level = () => 0.3;
    const found = patchNoise(region(size, waves, level), Array(size[0]).fill(1))!;
    assert.ok(Math.abs(found / 0.09 - 1) < 0.1, `${found / 0.09} of the truth`);
  });
}

Deno.test("the variance is in units of those that are given, and dead coils count in nothing", () => {
  const level = (coil: number) => coil === 2 ? 0 : 1 + coil;
  const size = [6, 20, 20] as const;
  const given = Array.from({ length: 6 }, (_, coil) => 2 * level(coil) ** 2);
  const found = patchNoise(region(size, 0, level), given)!;
  assert.ok(Math.abs(found - 0.5) < 0.05, `${found}`);
});

Deno.test("one coil, and a region of too few samples, tell nothing", () => {
  assert.equal(patchNoise(region([1, 20, 20], 3, () => 1), [1]), undefined);
  assert.equal(patchNoise(region([8, 2, 2], 0, () => 1), Array(8).fill(1)), undefined);
});

/** An ellipse with a sharp edge, bars and dots: its signal reaches the corners of k-space. */
function sharp(y: number, x: number): number {
  if ((x / 0.62) ** 2 + (y / 0.8) ** 2 > 1) return 0;
  if (Math.abs(x + 0.2) < 0.05 && Math.abs(y) < 0.4) return 1;
  return Math.hypot(x - 0.25, y - 0.3) < 0.06 ? 1 : Math.hypot(x - 0.2, y + 0.2) < 0.2 ? 0.3 : 0.7;
}

for (
  const [coils, height, width, noise, mask, method] of [
    [6, 75, 64, 0.003, "poisson:R=2,acs=16,seed=1", "sense"],
    [8, 64, 56, 0.005, "poisson:R=3,acs=20,seed=2", "tv"],
    [8, 64, 56, 0.01, "equispaced:R=2,acs=16", "sense"],
    [5, 48, 67, 0.004, "random:R=2,acs=15,seed=3", "tv"],
    [6, 32, 32, 0.003, "equispaced:R=2,acs=12", "tv"],
    [6, 64, 48, 0, "equispaced:R=2,acs=16", "sense"],
  ] as const
) {
  const name = `${method}, ${coils} x ${height} x ${width}, ${mask}, noise ${noise}`;
  Deno.test(`a clean run of a sharp object is consistent: ${name}`, async () => {
    const { maps } = await scene(runtime, { coils, height, width, sigma: 0 });
    const plane = height * width;
    const images = maps.data.map((v, i) => {
      const at = i % plane;
      return v * sharp(2 * Math.floor(at / width) / height - 1, 2 * (at % width) / width - 1);
    });
    const kspace = await evaluate(runtime, ndarray(images, maps.shape), (x) => dft2(x));
    const white = new Rng(4).normals(kspace.data.length);
    const data = kspace.data.map((v, i) => v + noise * white[i]);
    using file = kspaceFromArray({ data, shape: kspace.shape });
    const { audit, sigma } = await reconstruct(file, { method, mask, device: runtime });
    assert.deepEqual(audit!.reasons, []);
    const scale = sigma[0] / (noise || 1e-4); // bright tissue is 0.7 to 1
    assert.ok(noise === 0 ? scale < 1 : scale > 0.95 && scale < 1.7, `${scale} of the truth`);
  });
}
