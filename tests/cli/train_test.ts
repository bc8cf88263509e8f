import { someCoils } from "../../src/train/random_coils.ts";
import { mapsInView, randomView } from "../../src/train/views.ts";
import { decodeCheckpoint } from "../../src/train/checkpoint.ts";
/** What networks are trained on, and runs that end early. */
import assert from "node:assert/strict";
import { trainCommand } from "../../src/cli/commands/train.ts";
import { kspaceScenes } from "../../src/train/slice_sources.ts";
import { Runtime } from "../../src/graph/mod.ts";
import { writeNifti } from "../../src/io/mod.ts";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { loadImageUNet } from "../../src/unrolled/mod.ts";
import { inFolder } from "../io/support.ts";
import { runHere } from "./support.ts";

const TINY = ["--channels", "2", "--pools", "1", "--crop", "32", "--batch", "1", "--seed", "5"];

/** A volume of bright discs with texture. */
async function writeVolume(path: string): Promise<void> {
  const [slices, rows, columns] = [2, 40, 36];
  const data = Float32Array.from({ length: slices * rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) % rows - 20, i % columns - 18];
    return Math.hypot(y, x) < 14 ? 100 + 40 * Math.sin(y / 3) : 0;
  });
  await writeNifti(path, { image: ndarray(data, [slices, rows, columns]) });
}

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

async function checkpointOf(folder: string) {
  return decodeCheckpoint(await Deno.readFile(`${folder}/checkpoint.safetensors`), folder);
}

Deno.test("200 steps that are stopped at step 100 and resumed give the same weights", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    const run = async (output: string, more: string[], stopAt?: string) => {
      const controller = new AbortController();
      const err = (text: string) => {
        if (stopAt !== undefined && text.startsWith(stopAt)) controller.abort();
      };
      const args = ["unet", "--data", at("data"), "--output", at(output), ...TINY, ...more];
      const console = { out: () => {}, err, isTerminal: false };
      return await trainCommand([...args, "--steps", "200", "--validate-every", "100"], {
        console,
        signal: controller.signal,
      });
    };
    assert.equal(await run("whole", []), 0);
    assert.equal(await run("parts", [], "step 100  mean loss"), 130);
    assert.equal((await checkpointOf(at("parts"))).state.step, 100);
    assert.equal(await run("parts", ["--resume"]), 0);
    const [whole, parts] = [await checkpointOf(at("whole")), await checkpointOf(at("parts"))];
    assert.equal(whole.state.step, 200);
    assert.deepEqual(parts.state, whole.state);
    assert.ok(whole.history[1].loss < whole.history[0].loss);
    const weights = await loadImageUNet(at("parts"));
    assert.deepEqual(weights.config, { channels: 2, pools: 1 });
  }));

Deno.test("k-space files are trained on with maps from themselves, drawn brains on request", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    await writeBrain(`${at("data")}/k.h5`);
    const args = ["unet", "--data", at("data"), "--output", at("out"), ...TINY, "--steps", "4"];
    const { code, err } = await runHere([...args, "--procedural", "0.4"], {
      command: trainCommand,
    });
    assert.equal(code, 0, err);
    const { settings } = await checkpointOf(at("out"));
    assert.deepEqual(settings.volumes, ["v.nii.gz", "k.h5"]);
    assert.equal(settings.procedural, 0.4);
    const card = await Deno.readTextFile(`${at("out")}/card.md`);
    assert.match(card, /drawn brains \| 0\.4 of the images/);
    assert.match(card, /--channels 2 --pools 1 --procedural 0\.4/);
  }));

Deno.test("kspaceScenes() combines coils with unit maps, and refuses undersampled k-space", () =>
  inFolder(async (at) => {
    await using runtime = await Runtime.open("cpu");
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

Deno.test("mapsInView() takes the view that randomView() takes", () => {
  // Left half: real, seen by coil 0. Right half: imaginary, seen by coil 1.
  const [rows, columns] = [40, 32];
  const image = ndarray(new Float32Array(2 * rows * columns), [2, rows, columns]);
  const maps = ndarray(new Float32Array(4 * rows * columns), [2, 2, rows, columns]);
  for (let i = 0; i < rows * columns; i++) {
    const half = i % columns < columns / 2 ? 0 : 1;
    image.data[half * rows * columns + i] = 1;
    maps.data[2 * half * rows * columns + i] = 1;
  }
  for (let seed = 0; seed < 4; seed++) {
    const source = { image, maps, scale: 1, pixel: 1 };
    const view = randomView(source, 24, new Rng(seed), "whole");
    const seen = mapsInView(source, 24, new Rng(seed), "whole");
    const pixels = 24 * 24;
    let compared = 0;
    for (let i = 0; i < pixels; i++) {
      const [first, second] = [seen.data[i], seen.data[2 * pixels + i]];
      const [re, im] = [view.data[i], view.data[pixels + i]];
      if (Math.abs(first) > 0.999) assert.ok(Math.abs(im) < 0.05 * Math.abs(re) + 1e-6);
      if (Math.abs(second) > 0.999) assert.ok(Math.abs(re) < 0.05 * Math.abs(im) + 1e-6);
      if (Math.max(Math.abs(first), Math.abs(second)) > 0.999) compared++;
    }
    assert.ok(compared > pixels / 3);
  }
});

Deno.test("someCoils() leaves out or repeats, with a sum of squares of 1", () => {
  const maps = ndarray(new Rng(1).normals(3 * 2 * 5 * 7), [3, 2, 5, 7]);
  for (const coils of [1, 2, 3, 7]) {
    const { data, shape } = someCoils(new Rng(2), maps, coils);
    assert.deepEqual(shape, [coils, 2, 5, 7]);
    for (let i = 0; i < 35; i++) {
      let sum = 0;
      for (let plane = 0; plane < 2 * coils; plane++) sum += data[plane * 35 + i] ** 2;
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
  }
});
