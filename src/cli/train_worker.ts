/**
 * Makes training batches beside the trainer. What a batch holds follows from seed and step alone.
 * @module
 */
/// <reference lib="deno.worker" />
import { randomView } from "../nn/augment.ts";
import { trainingSigma } from "../nn/schedule.ts";
import { Rng } from "../rng.ts";
import { VolumeSet } from "./train_volumes.ts";

/** What the worker is asked for. */
export interface BatchRequest {
  /** Answered with the same number. */
  readonly step: number;
}

/** What the worker is told first. */
export interface BatchSettings {
  /** Volumes. */
  readonly paths: readonly string[];
  /** Images of a batch. */
  readonly batch: number;
  /** Pixels of each side. */
  readonly crop: number;
  /** Seed of all random numbers. */
  readonly seed: number;
}

/** A batch, or why there is none. */
export type BatchAnswer =
  | {
    readonly step: number;
    readonly clean: Float32Array;
    readonly noise: Float32Array;
    readonly sigma: Float32Array;
  }
  | { readonly step: number; readonly error: string; readonly input: boolean };

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
  return { step, clean, noise: rng.split(3).normals(batch * size), sigma };
}

let settings: BatchSettings | undefined;
let volumes: VolumeSet | undefined;
/** Requests are answered one after the other. */
let queue: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<BatchSettings | BatchRequest>) => {
  if ("paths" in data) {
    settings = data;
    volumes = new VolumeSet(data.paths);
    return;
  }
  queue = queue.then(() => answer(data.step));
};

async function answer(step: number): Promise<void> {
  try {
    const made = await makeBatch(volumes!, settings!, step);
    const arrays = [made.clean, made.noise, made.sigma];
    self.postMessage(made, arrays.map(({ buffer }) => buffer as ArrayBuffer));
  } catch (error) {
    const { message, name } = error as Error;
    self.postMessage({ step, error: message, input: name === "InputError" });
  }
}
