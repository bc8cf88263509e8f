/**
 * Worker that makes denoising batches. A batch depends on the seed and the step only.
 * @module
 */
import { randomView } from "./views.ts";
import { Rng } from "../rng.ts";
import { type BatchSettings, serveBatches } from "./batch_source.ts";
import { VolumeSet } from "./volumes.ts";
import { trainingSigma } from "./noise_levels.ts";

/** Images cut from one slice: decoding costs more than a view. */
const VIEWS_PER_SLICE = 2;

async function makeBatch(volumes: VolumeSet, settings: BatchSettings, step: number) {
  const { batch, crop, seed } = settings;
  const size = 2 * crop * crop;
  const rng = new Rng(seed, step);
  const clean = new Float32Array(batch * size);
  const sigma = new Float32Array(batch);
  for (let i = 0; i < batch; i += VIEWS_PER_SLICE) {
    const slice = await volumes.randomSlice(rng.split(0, i));
    for (let j = i; j < Math.min(batch, i + VIEWS_PER_SLICE); j++) {
      clean.set(randomView(slice, crop, rng.split(1, j)).data, j * size);
      sigma[j] = trainingSigma(rng.split(2, j));
    }
  }
  return { clean, noise: rng.split(3).normals(batch * size), sigma };
}

serveBatches<BatchSettings>((settings) => {
  const volumes = new VolumeSet(settings);
  return (step) => makeBatch(volumes, settings, step);
});
