/** The noise level of scenes with signal: few coils, few lines, coils that differ, corners without data. */
import assert from "node:assert/strict";
import { kspaceFromArray, reconstruct } from "../../../mod.ts";
import { findNoise, noiseRegions } from "../../../src/mri/calibration/noise.ts";
import { dft2 } from "../../../src/mri/physics/dft.ts";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";
import { scene } from "./calibration_support.ts";

const SIGMA = 0.02;

interface Case {
  readonly title: string;
  readonly size: readonly [coils: number, height: number, width: number];
  readonly mask?: string;
  /** Noise of a coil, relative to SIGMA. Default 1. */
  readonly level?: (coil: number) => number;
  /** Whether a sample was acquired, by its place from -1 to 1. Default: all were. */
  readonly acquired?: (v: number, u: number) => boolean;
  /** What is found, relative to the truth. Signal in all regions makes it larger, nothing smaller. */
  readonly bounds: readonly [number, number];
}

const CASES: readonly Case[] = [
  { title: "8 coils", size: [8, 128, 120], bounds: [0.98, 1.02] },
  { title: "one coil", size: [1, 128, 128], bounds: [0.97, 1.03] },
  { title: "R=8", size: [8, 128, 128], mask: "equispaced:R=8,acs=16", bounds: [0.98, 1.05] },
  {
    title: "one coil at R=8, no region without signal",
    size: [1, 256, 216],
    mask: "equispaced:R=8,acs=16",
    bounds: [0.97, 1.6],
  },
  {
    title: "coils whose noise differs fourfold: the root mean square",
    size: [8, 128, 120],
    level: (coil) => 0.5 + coil / 4,
    bounds: [0.98, 1.03],
  },
  {
    title: "zero-filled corners",
    size: [8, 128, 120],
    acquired: (v, u) => u * u + v * v <= 1,
    bounds: [0.98, 1.3],
  },
  {
    title: "zero-filled outer lines",
    size: [8, 128, 120],
    acquired: (v) => Math.abs(v) <= 0.75,
    bounds: [0.98, 1.03],
  },
  {
    title: "a readout padded at both ends",
    size: [8, 128, 120],
    acquired: (_v, u) => Math.abs(u) <= 0.75,
    bounds: [0.98, 1.03],
  },
  {
    title: "a readout padded at both ends, undersampled, one coil",
    size: [1, 128, 121],
    mask: "equispaced:R=3,acs=24",
    acquired: (_v, u) => Math.abs(u) <= 0.6,
    bounds: [0.95, 1.1],
  },
];

for (const { title, size, mask, level = () => 1, acquired = () => true, bounds } of CASES) {
  Deno.test(`the noise level is found beside signal: ${title}`, async () => {
    const [coils, height, width] = size;
    const { kspace } = await scene(runtime, { coils, height, width, sigma: 0 });
    const noise = new Rng(1).normals(kspace.data.length);
    const data = kspace.data.map((value, i) => {
      const coil = Math.floor(i / (2 * height * width));
      const [v, u] = [
        2 * (Math.floor(i / width) % height) / height - 1,
        2 * (i % width) / width - 1,
      ];
      return acquired(v, u) ? value + SIGMA * level(coil) * noise[i] : 0;
    });
    using file = kspaceFromArray({ data, shape: [coils, 2, height, width] });
    const options = { method: "zero-filled", mask, device: runtime, whiten: "off" } as const;
    const { sigma } = await reconstruct(file, options);
    const squares = Array.from({ length: coils }, (_, coil) => level(coil) ** 2);
    const truth = SIGMA * Math.sqrt(squares.reduce((a, b) => a + b) / coils);
    const [low, high] = bounds.map((bound) => bound * truth);
    assert.ok(sigma[0] >= low && sigma[0] <= high, `${sigma[0] / truth} of the truth`);
  });
}

Deno.test("a dead coil counts in nothing, and each coil has a level of its own", () => {
  const [coils, height, width] = [4, 64, 48];
  const parsed = parseMaskSpec("equispaced:R=2,acs=8");
  assert.ok(parsed.kind !== "file");
  const regions = noiseRegions(makeMask(parsed, height, width));
  const levels = [1, 0, 2, 1];
  const count = regions.count;
  const energies = (held: readonly number[]) => ({
    data: Float32Array.from(
      { length: coils * count },
      (_, i) => 2 * held[i % count] * levels[Math.floor(i / count)] ** 2,
    ),
    shape: [coils, count],
  });
  const { corners, air } = regions.samples;
  const found = findNoise({ corners: energies(corners), air: energies(air) }, regions);
  assert.ok(Math.abs(found.sigma - Math.sqrt(2)) < 1e-5, `${found.sigma}`);
  assert.deepEqual(found.variances.map((v) => Math.round(v * 1e4) / 1e4), [1, 0, 4, 1]);
  assert.equal(found.quiet.corners.length, count);
});

Deno.test("the noise beside a small and sharp object is found in the narrow strips of air", async () => {
  const [coils, size, sigma] = [6, 32, 0.003];
  const inside = (i: number) =>
    Math.abs(Math.floor(i / size) - 16) < 11 && Math.abs(i % size - 16) < 14;
  const image = ndarray(
    Float32Array.from({ length: coils * 2 * size * size }, (_, i) => {
      const pixel = i % (size * size), part = Math.floor(i / (size * size));
      const ramp = 1 + Math.cos(part / 2 + Math.floor(pixel / size) / 16 + pixel % size / 20);
      return inside(pixel) ? (pixel % 7 === 0 ? 1 : 0.4) * ramp : 0;
    }),
    [coils, 2, size, size],
  );
  const program = await runtime.build(
    { image: image.shape },
    ({ image }) => ({ y: dft2(image, "forward") }),
  );
  const { y } = await program.run({ image });
  const noise = new Rng(3).normals(y.data.length);
  for (const mask of [undefined, "equispaced:R=2,acs=15"]) {
    const [loud, quiet] = await Promise.all([20 * sigma, sigma].map(async (level) => {
      using file = kspaceFromArray({
        data: y.data.map((v, i) => v + level * noise[i]),
        shape: y.shape,
      });
      const found = await reconstruct(file, { method: "zero-filled", mask, device: runtime });
      return found.sigma[0];
    }));
    assert.ok(Math.abs(loud / quiet / 20 - 1) < 0.15, `${loud / quiet}`); // 4 before
  }
});
