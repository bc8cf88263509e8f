import {
  type AcquisitionBatch,
  compileReconValidator,
  imageUNetBuilder,
  modlBuilder,
  reconObjective,
  varnetBuilder,
} from "../../src/train/reconstruction_objective.ts";
import { randomView } from "../../src/train/views.ts";
import {
  equispacedLines,
  headRegion,
  randomCoils,
  randomLineMask,
} from "../../src/train/random_coils.ts";
import { compileTrainer, initialState } from "../../src/train/trainer.ts";
import assert from "node:assert/strict";
import { constant, gradcheck, Runtime, type Tensor } from "../../src/graph/mod.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { flatten, initialParameters, Scope } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { generator } from "../graph/random.ts";
import { modlSpecs, prepareUNet, varnetSpecs } from "../../src/unrolled/mod.ts";
import { imageUNetSpecs } from "../../src/unrolled/networks/image_unet.ts";

const SHAPE = { batch: 1, coils: 3, height: 32, width: 32 };
const VARNET = { cascades: 2, channels: 4, pools: 2, sensitivityChannels: 3, sensitivityPools: 2 };
const UNET = { channels: 6, pools: 2 };
const MODL = { iterations: 2, conjugateGradients: 3, sigmaData: 0.35 };

/** Discs seen by three coils, every second line and ten calibration lines. */
function batchOf(seed: number, size = SHAPE.height): Record<AcquisitionBatch, NdArray> {
  const { coils } = SHAPE;
  const rng = new Rng(seed);
  const image = Float32Array.from({ length: 64 * 64 }, (_, i) => {
    const [y, x] = [Math.floor(i / 64) - 32, i % 64 - 32];
    return Math.hypot(y, 1.2 * x) < 26
      ? 1 + 0.5 * Math.sin((x + y * rng.split(1).uniform()) / 4)
      : 0;
  });
  const source = { image: ndarray(image, [64, 64]), scale: 1.4, pixel: 1 };
  const clean = randomView(source, size, rng.split(2), "whole");
  const maps = randomCoils(rng.split(3), coils, [size, size]);
  const lines = (kept: (line: number) => boolean) =>
    ndarray(Float32Array.from({ length: size }, (_, line) => kept(line) ? 1 : 0), [size, 1]);
  const centre = (line: number) => line >= size / 2 - 5 && line < size / 2 + 5;
  return {
    clean: ndarray(clean.data, [1, ...clean.shape]),
    maps: ndarray(maps.data, [1, ...maps.shape]),
    estimate: ndarray(maps.data, [1, ...maps.shape]),
    noise: ndarray(rng.split(4).normals(maps.data.length), [1, ...maps.shape]),
    sigma: ndarray(Float32Array.of(0.01), [1, 1, 1, 1, 1]),
    region: ndarray(headRegion(clean), [1, 1, size, size]),
    acquired: lines((line) => line % 3 === 0 || centre(line)),
    centre: lines(centre),
  };
}

const NETWORKS = [
  { name: "varnet", specs: varnetSpecs(VARNET), build: varnetBuilder(VARNET), gain: 0.2 },
  { name: "unet", specs: imageUNetSpecs(UNET), build: imageUNetBuilder(UNET), gain: 1 },
  { name: "modl", specs: modlSpecs(MODL), build: modlBuilder(MODL), gain: 0.2 },
];

for (const { name, specs, build, gain } of NETWORKS) {
  Deno.test(`25 steps bring ${name} nearer to the image, above where it began`, async () => {
    await using runtime = await Runtime.open("cpu");
    const trainer = await compileTrainer(runtime, reconObjective(specs, SHAPE, build));
    const judge = await compileReconValidator(runtime, specs, SHAPE, build);
    let state = initialState(flatten(specs, initialParameters(specs, new Rng(1))));
    const before = await judge(state.weights, batchOf(100));
    for (let step = 0; step < 25; step++) {
      ({ state } = await trainer.step(state, batchOf(step), 2e-3));
    }
    const after = await judge(state.weights, batchOf(100));
    assert.equal(after.zeroFilled, before.zeroFilled);
    assert.ok(after.network > before.network + gain, `${before.network} to ${after.network} dB`);
  });
}

Deno.test("modl's loss has the gradient of its central difference by levels and weights", async () => {
  const specs = modlSpecs(MODL);
  const learned = specs.filter(({ name }) => name.startsWith("iterations"));
  assert.equal(learned.length, 2 * MODL.iterations);
  const shape = { ...SHAPE, height: 16, width: 16 };
  const objective = reconObjective(specs, shape, modlBuilder(MODL));
  const batch = Object.fromEntries(
    Object.entries(batchOf(1, 16)).map(([name, array]) => [name, constant(array)]),
  ) as Record<AcquisitionBatch, Tensor>;
  // Kernels that begin at zero would hide what comes before them.
  const denoiser = Object.entries(initialParameters(specs, new Rng(1))).map((
    [name, { data, shape }],
    i,
  ) => {
    const noise = new Rng(2, i).normals(data.length);
    return [name, constant(ndarray(data.map((w, j) => w === 0 ? 0.02 * noise[j] : w), shape))];
  });
  const kernels: Record<string, Tensor> = Object.fromEntries(denoiser);
  const { error } = await gradcheck(
    (...levels) => {
      const given = { ...kernels };
      learned.forEach(({ name }, i) => given[name] = levels[i]);
      return objective.loss(new Scope(({ name }) => given[name]), batch);
    },
    learned.map((_, i) => ({ data: Float64Array.of(0.02 * i - 0.03), shape: [1] })),
    { random: generator(3) },
  );
  assert.ok(error < 1e-5, `${error}`);
});

Deno.test("randomCoils() have a sum of squares of 1 and differ", () => {
  const { data, shape } = randomCoils(new Rng(1), 4, [16, 20]);
  assert.deepEqual(shape, [4, 2, 16, 20]);
  for (let i = 0; i < 320; i++) {
    let sum = 0;
    for (let part = 0; part < 8; part++) sum += data[part * 320 + i] ** 2;
    assert.ok(Math.abs(sum - 1) < 1e-5);
  }
  assert.notEqual(data[0], data[640]);
});

Deno.test("randomLineMask() acquires its calibration lines, which are about the centre", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { acquired, centre } = randomLineMask(new Rng(seed), 100);
    const lines = [...centre.keys()].filter((line) => centre[line] === 1);
    assert.ok(lines.every((line) => acquired[line] === 1));
    assert.equal(lines[0] + lines.at(-1)! + 1, 100);
    assert.ok(acquired.includes(0) && lines.length >= 4 && lines.length <= 14);
  }
});

Deno.test("equispacedLines() keeps lines 0, R, 2R and the calibration lines", () => {
  const { acquired, centre } = equispacedLines(20, 0.2, 6);
  const lines = (kept: Float32Array) => [...kept.keys()].filter((line) => kept[line] === 1);
  assert.deepEqual(lines(centre), [8, 9, 10, 11]);
  assert.deepEqual(lines(acquired), [0, 6, 8, 9, 10, 11, 12, 18]);
});

Deno.test("headRegion() is the tissue and what it encloses, without the air around it", () => {
  const [rows, columns] = [5, 7];
  const image = ndarray(new Float32Array(2 * rows * columns), [2, rows, columns]);
  const ring = [[1, 2], [1, 3], [1, 4], [2, 1], [2, 5], [3, 2], [3, 3], [3, 4]];
  for (const [y, x] of ring) image.data[(y % 2) * rows * columns + y * columns + x] = -1;
  const region = headRegion(image);
  const drawn = Array.from(
    { length: rows },
    (_, y) => [...region.subarray(y * columns, (y + 1) * columns)].join(""),
  );
  assert.deepEqual(drawn, ["0000000", "0011100", "0111110", "0011100", "0000000"]);
});

Deno.test("prepareUNet() gives a magnitude of the problem's size, odd sizes too", async () => {
  await using runtime = await Runtime.open("cpu");
  const [coils, height, width] = [2, 19, 22];
  const values = Uint8Array.from({ length: height }, (_, line) => line % 2);
  const lines = values.filter((value) => value === 1).length;
  const parameters = initialParameters(imageUNetSpecs(UNET), new Rng(2));
  const mask = maskFromLines(values, width);
  const weights = { config: UNET, parameters };
  const solver = await prepareUNet(runtime, { coils, height, width, mask }, weights);
  const samples = ndarray(new Rng(3).normals(coils * 2 * lines * width), [
    1,
    coils,
    2,
    lines,
    width,
  ]);
  const image = await solver.solve({ y: samples, inputs: {}, sigma: 0.1 });
  assert.deepEqual(image.shape, [2, height, width]);
  assert.ok(image.data.every(Number.isFinite));
});
