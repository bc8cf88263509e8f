/**
 * Worker that makes batches of whole images with coils, noise and masks. A batch depends on the seed
 * and the step only.
 * @module
 */
import { headRegion, mapsInView, randomView, type SourceSlice } from "./views.ts";
import { calibratedCoils, randomCoils, someCoils } from "./random_coils.ts";
import { equispacedLines, randomLineMask } from "./random_masks.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { type BatchSettings, serveBatches } from "./batch_source.ts";
import type { AcquisitionSize } from "./reconstruction_objective.ts";
import { VolumeSet } from "./volumes.ts";

/** A sampling that is the same for all batches: equispaced lines. */
export interface FixedSampling {
  /** Lines 0, R, 2R, ... are kept. */
  readonly acceleration: number;
  /** Calibration lines as part of all. */
  readonly calibration: number;
  /** Noise of the samples, for images on a scale of 1. */
  readonly sigma: number;
}

/** Settings of the worker. */
export interface AcquisitionSettings extends BatchSettings {
  /** Sizes, taken in turn: step k has size k modulo their number. */
  readonly sizes: readonly AcquisitionSize[];
  /** Default: a random mask and random noise levels. */
  readonly sampling?: FixedSampling;
}

/** Noise of the samples, for images on a scale of 1. */
const SIGMA: readonly [number, number] = [0.003, 0.08];

async function makeBatch(volumes: VolumeSet, settings: AcquisitionSettings, step: number) {
  const { batch, seed, sizes, sampling } = settings;
  const { coils, height, width } = sizes[step % sizes.length];
  const pixels = height * width;
  const rng = new Rng(seed, step);
  const clean = new Float32Array(2 * batch * pixels);
  const maps = new Float32Array(2 * batch * coils * pixels);
  const estimate = new Float32Array(maps.length);
  const region = new Float32Array(batch * pixels);
  const sigma = new Float32Array(batch);
  for (let i = 0; i < batch; i++) {
    const slice = await volumes.randomSlice(rng.split(0, i));
    const [view, coilRng] = [rng.split(1, i), rng.split(4, i)];
    const { image, coilMaps } = seen(slice, sizes[step % sizes.length], view, coilRng);
    clean.set(image.data, 2 * i * pixels);
    const head = headRegion(image);
    region.set(head, i * pixels);
    maps.set(coilMaps.data, 2 * i * coils * pixels);
    estimate.set(calibratedCoils(rng.split(6, i), coilMaps, head).data, 2 * i * coils * pixels);
    sigma[i] = sampling?.sigma ?? rng.split(2, i).logBetween(...SIGMA);
  }
  const lines = sampling === undefined
    ? randomLineMask(rng.split(5), height)
    : equispacedLines(height, sampling.calibration, sampling.acceleration);
  const noise = rng.split(3).normals(maps.length);
  return { clean, maps, estimate, noise, sigma, region, ...lines };
}

/** A view of a slice, and its coil maps: its own, or random ones if it has none. */
function seen(slice: SourceSlice, size: AcquisitionSize, view: Rng, coilRng: Rng) {
  const { coils, height, width } = size;
  const side = Math.max(height, width);
  const image = cropped(randomView(slice, side, view, "whole"), height, width);
  if (slice.maps === undefined) {
    return { image, coilMaps: randomCoils(coilRng, coils, [height, width]) };
  }
  const all = mapsInView({ ...slice, maps: slice.maps }, side, view, "whole");
  return { image, coilMaps: cropped(someCoils(coilRng, all, coils), height, width) };
}

/** The middle of complex images `[..., 2, rows, columns]`. */
function cropped({ data, shape }: NdArray, height: number, width: number): NdArray {
  const [rows, columns] = shape.slice(-2);
  const lead = shape.slice(0, -2);
  const [top, left] = [(rows - height) >> 1, (columns - width) >> 1];
  const lines = sizeOf(lead) * height;
  const out = new Float32Array(lines * width);
  for (let line = 0; line < lines; line++) {
    const row = Math.floor(line / height) * rows + top + line % height;
    out.set(data.subarray(row * columns + left, row * columns + left + width), line * width);
  }
  return ndarray(out, [...lead, height, width]);
}

serveBatches<AcquisitionSettings>((settings) => {
  const volumes = new VolumeSet(settings);
  return (step) => makeBatch(volumes, settings, step);
});
