/** Training of reconstruction networks: what they are trained on, and that they learn. */
import assert from "node:assert/strict";
import { constant, gradcheck, type Tensor } from "../../src/graph/mod.ts";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { flatten, initialParameters, Scope, swinirSpecs } from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { Rng } from "../../src/rng.ts";
import { type ReconstructionTrainingOptions, trainReconstruction } from "../../src/train/mod.ts";
import { randomCoils } from "../../src/train/random_coils.ts";
import {
  type AcquisitionBatch,
  compileReconPsnr,
  humusBuilder,
  modlBuilder,
  neumannBuilder,
  reconObjective,
  swinirBuilder,
  unetBuilder,
  varnetBuilder,
} from "../../src/train/reconstruction_objective.ts";
import { kspaceScenes } from "../../src/train/slice_sources.ts";
import { compileTrainer, initialState } from "../../src/train/trainer.ts";
import { headRegion, randomView } from "../../src/train/views.ts";
import {
  humusSpecs,
  loadUNet,
  modlSpecs,
  neumannSpecs,
  varnetSpecs,
} from "../../src/unrolled/mod.ts";
import { generator } from "../graph/random.ts";
import { readCheckpoint } from "../../src/train/checkpoint.ts";
import { inFolder } from "../io/support.ts";
import { writeVolume } from "./support.ts";
import { unetSpecs } from "../../src/unrolled/mod.ts";
import { runtime } from "../runtime.ts";

const TINY = { architecture: { channels: 2, pools: 1 }, crop: 32, batch: 1, seed: 5, threads: 1 };
const SHAPE = { batch: 1, coils: 3, height: 32, width: 32 };
const VARNET = { cascades: 2, channels: 4, pools: 2, sensitivityChannels: 3, sensitivityPools: 2 };
const SOLVED = { cascades: 2, channels: 4, pools: 2 };
const UNET = { channels: 6, pools: 2 };
const REFINING = { ...UNET, refining: true } as const;
const NEUMANN = { terms: 2, conjugateGradients: 3, channels: 4, pools: 2 };
const SWINIR = {
  ...{ channels: 2, features: 12, depths: [2], heads: [2], window: 8, hidden: 16 },
  threeConvolutions: false,
};
const HUMUS = {
  ...{ cascades: 1, features: 4, depths: [1], heads: [2], window: 4, mlpRatio: 2, adjacent: 1 },
  ...{ bottleneck: { depth: 2, heads: 2 }, halved: true, threeConvolutions: false },
  ...{ residual: false, sensitivityChannels: 3, sensitivityPools: 2 },
};
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

/** Steps of each network; few, as a test must be fast. */
const STEPS = 12;

const NETWORKS = [
  { name: "varnet", specs: varnetSpecs(VARNET), build: varnetBuilder(VARNET), gain: 0.2 },
  { name: "solved varnet", specs: varnetSpecs(SOLVED), build: varnetBuilder(SOLVED), gain: 0.2 },
  { name: "unet", specs: unetSpecs(UNET), build: unetBuilder(UNET), gain: 1 },
  {
    name: "refining unet",
    specs: unetSpecs(REFINING),
    build: unetBuilder(REFINING),
    gain: 0.2,
  },
  { name: "humus", specs: humusSpecs(HUMUS), build: humusBuilder(HUMUS), gain: 0.2 },
  { name: "neumann", specs: neumannSpecs(NEUMANN), build: neumannBuilder(NEUMANN), gain: 0.2 },
  { name: "swinir", specs: swinirSpecs(SWINIR), build: swinirBuilder(SWINIR), gain: 0.2 },
  { name: "modl", specs: modlSpecs(MODL), build: modlBuilder(MODL), gain: 0.2 },
];

for (const { name, specs, build, gain } of NETWORKS) {
  Deno.test(`${STEPS} steps on one batch bring ${name} nearer to its image`, async () => {
    const trainer = await compileTrainer(runtime, reconObjective(specs, SHAPE, build));
    const psnr = await compileReconPsnr(runtime, specs, SHAPE, build);
    let state = initialState(flatten(specs, initialParameters(specs, new Rng(1))));
    const batch = batchOf(0);
    const before = await psnr(state.weights, batch);
    for (let step = 0; step < STEPS; step++) {
      ({ state } = await trainer.step(state, batch, 2e-3));
    }
    const after = await psnr(state.weights, batch);
    assert.ok(after > before + gain, `${before} to ${after} dB`);
  });
}

Deno.test("modl's loss has the gradient of its central difference by levels and weights", async () => {
  const specs = modlSpecs(MODL);
  const learned = specs.filter(({ name }) => name.startsWith("iterations"));
  assert.equal(learned.length, 2 * MODL.iterations);
  const shape = { ...SHAPE, height: 16, width: 16 };
  const objective = reconObjective(specs, shape, modlBuilder(MODL));
  const batch = Object.fromEntries(
    Object.entries(batchOf(2, 16)).map(([name, array]) => [name, constant(array)]),
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

/** A drawn brain seen by four coils, as a fastMRI file; `dropped` lines are left empty. */
async function writeBrain(path: string, dropped = 0): Promise<string> {
  using brain = await simulatedBrain({ size: 48, coils: 4, noise: 0.005 });
  const { coils, height, width } = brain;
  const kspace = await brain.readSlice(0);
  for (let i = 0; i < kspace.data.length; i++) {
    if (Math.floor(i / width) % height < dropped) kspace.data[i] = 0;
  }
  await writeFastmri(path, { slices: 1, coils, height, width, kspace: () => kspace });
  return path;
}

Deno.test("a run that was stopped resumes with the same weights, whatever size is next", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    const train = (output: string, more: Partial<ReconstructionTrainingOptions> = {}) =>
      trainReconstruction("unet", {
        ...TINY,
        data: at("data"),
        output: at(output),
        steps: 6,
        validateEvery: 3,
        ...more,
      });
    const { history } = await train("whole");
    assert.deepEqual(history.map(({ step }) => step), [3, 6]);
    const stop = new AbortController();
    const stopped = await train("parts", {
      signal: stop.signal,
      onProgress: (event) => event.step === 3 && stop.abort(),
    });
    assert.deepEqual([stopped.complete, stopped.step], [false, 3]);
    await train("parts", { resume: true });
    const states = await Promise.all(["whole", "parts"].map((name) => readCheckpoint(at(name))));
    assert.deepEqual(states[1].state, states[0].state);
    assert.deepEqual((await loadUNet(at("parts"))).config, TINY.architecture);
    await assert.rejects(
      train("more", { architecture: { cascades: 2 } }),
      /Cannot train unet with the size 'cascades': one of channels, pools is required/,
    );
  }));

Deno.test("k-space files are trained on with maps from themselves, drawn brains on request", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    await writeBrain(`${at("data")}/k.h5`);
    await trainReconstruction("unet", {
      ...TINY,
      data: at("data"),
      output: at("out"),
      steps: 4,
      procedural: 0.4,
    });
    const { settings } = await readCheckpoint(at("out"));
    assert.deepEqual(settings.volumes, ["v.nii.gz", "k.h5"]);
    assert.equal(settings.procedural, 0.4);
    const card = await Deno.readTextFile(`${at("out")}/card.md`);
    assert.match(card, /drawn brains \| 0\.4 of the images/);
    assert.match(card, /--channels 2 --pools 1 --procedural 0\.4/);
  }));

Deno.test("kspaceScenes() combines coils with unit maps, and refuses undersampled k-space", () =>
  inFolder(async (at) => {
    const [scene] = await kspaceScenes(runtime, await writeBrain(at("k.h5")));
    const { image, maps } = scene as { image: NdArray; maps: NdArray };
    assert.deepEqual([image.shape, maps.shape], [[2, 48, 48], [4, 2, 48, 48]]);
    const energy = new Float64Array(48 * 48);
    maps.data.forEach((value, i) => energy[i % energy.length] += value ** 2);
    assert.ok(energy.every((sum) => sum < 1 + 1e-3));
    assert.ok(energy.filter((sum) => sum > 0.999).length > 600);
    await writeBrain(at("half.h5"), 9);
    await assert.rejects(
      kspaceScenes(runtime, at("half.h5")),
      /fully sampled k-space is required, slice 0 is not/,
    );
  }));
