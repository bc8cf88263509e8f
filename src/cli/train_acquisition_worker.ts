/**
 * Makes batches of whole images with coils, noise and masks beside the trainer. What a batch holds
 * follows from seed and step alone.
 * @module
 */
/// <reference lib="deno.worker" />
import { randomView } from "../nn/augment.ts";
import { randomCoils, randomLineMask } from "../nn/augment_acquisition.ts";
import { Rng } from "../rng.ts";
import { type BatchSettings, serveBatches } from "./train_serve.ts";
import { VolumeSet } from "./train_volumes.ts";

/** What the worker is told first. */
export interface AcquisitionSettings extends BatchSettings {
  /** Coils of each image. */
  readonly coils: number;
}

/** Noise of the samples, for images on a scale of 1. */
const SIGMA: readonly [number, number] = [0.003, 0.08];

async function makeBatch(volumes: VolumeSet, settings: AcquisitionSettings, step: number) {
  const { batch, crop, coils, seed } = settings;
  const pixels = crop * crop;
  const rng = new Rng(seed, step);
  const clean = new Float32Array(2 * batch * pixels);
  const maps = new Float32Array(2 * batch * coils * pixels);
  const sigma = new Float32Array(batch);
  for (let i = 0; i < batch; i++) {
    const slice = await volumes.randomSlice(rng.split(0, i));
    clean.set(randomView(slice, crop, rng.split(1, i), "whole").data, 2 * i * pixels);
    maps.set(randomCoils(rng.split(4, i), coils, crop).data, 2 * i * coils * pixels);
    const [low, high] = SIGMA.map(Math.log);
    sigma[i] = Math.exp(low + (high - low) * rng.split(2, i).uniform());
  }
  const { acquired, centre } = randomLineMask(rng.split(5), crop);
  return { clean, maps, noise: rng.split(3).normals(maps.length), sigma, acquired, centre };
}

serveBatches<AcquisitionSettings>((settings) => {
  const volumes = new VolumeSet(settings.paths);
  return (step) => makeBatch(volumes, settings, step);
});
