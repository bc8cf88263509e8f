/** Slices for training from k-space files and drawn phantoms, made before the first step. @module */
import { zeroFilled } from "../classical/mod.ts";
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { KspaceFile } from "../io/types.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { compilePhantom, type Contrast, phantomPixel } from "../mri/phantom/phantom.ts";
import { readKspace } from "../recon/open.ts";
import { Preparation } from "../recon/prepare.ts";
import type { SourceSlice } from "./views.ts";
import { ndarray, onlyOf } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { croppedMask } from "../recon/slice_supply.ts";
import { chooseSampling } from "../recon/sampling.ts";
import type { TrainingSettings } from "./options.ts";
import { FIELD_OF_VIEW, type SliceSources, trainingFiles } from "./volumes.ts";

/** Slices taken from a k-space file, evenly spaced; they are kept in memory. */
const SLICES_PER_FILE = 12;

/** Number of drawn phantoms, and their side in pixels. */
const DRAWN = 24;
const DRAWN_SIZE = 192;
const CONTRASTS: readonly Contrast[] = ["T1", "T2", "FLAIR", "PD"];

/**
 * Slices of fully sampled k-space, their coils combined with ESPIRiT maps of the slice itself.
 * @returns complex images on a scale of 1, with their maps
 * @throws {InputError} when the file cannot be read or is not fully sampled
 */
export async function kspaceScenes(runtime: Runtime, path: string): Promise<SourceSlice[]> {
  using file = await readKspace(path, { runtime });
  const { slices } = file;
  const count = Math.min(SLICES_PER_FILE, slices);
  const scenes: SourceSlice[] = [];
  for (let i = 0; i < count; i++) {
    scenes.push(await sceneOf(runtime, file, Math.floor((i + 0.5) * slices / count)));
  }
  return scenes;
}

async function sceneOf(runtime: Runtime, file: KspaceFile, index: number): Promise<SourceSlice> {
  const kspace = await file.readSlice(index);
  const sampling = chooseSampling(undefined, file, { kspace, slice: index });
  if (!sampling.full) {
    throw new InputError(
      `Cannot train on ${file.path}: fully sampled k-space is required, slice ${index} is not`,
    );
  }
  const mask: SamplingMask = croppedMask(sampling.mask, file);
  const { coils, width: readout } = file;
  const preparation = new Preparation(runtime, { coils, mask, full: false, readout });
  const { problem } = await preparation.slice(kspace, { kind: "espirit" });
  const { height, width } = mask;
  const solver = await zeroFilled.prepare(runtime, { coils, height, width, mask });
  const pixel = FIELD_OF_VIEW / Math.max(height, width);
  return { image: await solver.solve(problem), maps: onlyOf(problem.inputs.maps), scale: 1, pixel };
}

/** Magnitudes of drawn phantoms of all contrasts. */
async function drawnScenes(runtime: Runtime, seed: number): Promise<SourceSlice[]> {
  const draw = await compilePhantom(runtime, DRAWN_SIZE, DRAWN_SIZE);
  const pixel = phantomPixel(DRAWN_SIZE, DRAWN_SIZE);
  const scenes: SourceSlice[] = [];
  for (let i = 0; i < DRAWN; i++) {
    const rng = new Rng(seed, i);
    const image = await draw({
      seed: rng.integer(2 ** 31),
      contrast: CONTRASTS[i % CONTRASTS.length],
      lesions: rng.integer(8),
    });
    scenes.push({ image: ndarray(image.data, [DRAWN_SIZE, DRAWN_SIZE]), scale: 1, pixel });
  }
  return scenes;
}

/**
 * The sources of the training images of a run, and the names of the files: k-space files are read, and
 * phantoms drawn if wanted.
 * @throws {InputError} when there are no files, or k-space that cannot be used
 */
export async function runSources(
  runtime: Runtime,
  { data, procedural, seed }: TrainingSettings,
): Promise<{ readonly sources: SliceSources; readonly names: readonly string[] }> {
  const { volumes, kspace } = await trainingFiles(data);
  const scenes: SourceSlice[][] = [];
  for (const path of kspace) scenes.push(await kspaceScenes(runtime, path));
  const drawn = procedural > 0 ? await drawnScenes(runtime, seed) : [];
  return {
    sources: { paths: volumes, scenes, drawn, procedural },
    names: [...volumes, ...kspace].map((path) => path.slice(data.length + 1)),
  };
}
