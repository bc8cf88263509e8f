/** Volumes of a training folder, and their slices. @module */
import { readdir } from "node:fs/promises";
import { isFolder, reason } from "../host.ts";
import { InputError } from "../errors.ts";
import type { ImageFile } from "../io/mod.ts";
import { openNiftiImage } from "../io/nifti/read.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { magnitudeOf, type NdArray, ndarray } from "../ndarray.ts";
import type { SourceSlice } from "./views.ts";
import type { Rng } from "../rng.ts";

/** Slices darker than this part of the brightest slice are left out. */
const MIN_BRIGHTNESS = 0.35;
/** Part of the image that must be tissue. */
const MIN_TISSUE = 0.05;
/** Images are divided by this percentile of their magnitude. */
const SCALE_PERCENTILE = 99;
/** Percentiles are taken over every fifth pixel. */
const STRIDE = 5;

/** Longer side of a head scan in mm, assumed if a file gives no pixel size. */
export const FIELD_OF_VIEW = 230;

/**
 * Sorted paths of the NIfTI volumes and the k-space files in a folder.
 * @throws {InputError} when there are none
 */
export async function trainingFiles(
  folder: string,
): Promise<{ readonly volumes: readonly string[]; readonly kspace: readonly string[] }> {
  const found = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw new InputError(`Cannot read the folder ${folder}: ${reason(cause)}`, { cause });
  });
  const names = found.filter((entry) => entry.isFile()).map(({ name }) => name);
  const paths = (pattern: RegExp) =>
    names.filter((name) => pattern.test(name)).sort().map((name) => `${folder}/${name}`);
  const [volumes, kspace] = [paths(/\.nii(\.gz)?$/), paths(/\.(h5|hdf5|mat|cfl|npy)$/)];
  if (volumes.length + kspace.length > 0) return { volumes, kspace };
  throw new InputError(`Cannot use the folder ${folder}: NIfTI volumes are required, found none`, {
    hint: "Give a folder of .nii, .nii.gz or k-space files with --data",
  });
}

/**
 * NIfTI files in a folder, sorted.
 * @throws {InputError} when there are none
 */
export async function volumePaths(folder: string): Promise<readonly string[]> {
  const { volumes } = await trainingFiles(folder);
  if (volumes.length > 0) return volumes;
  throw new InputError(`Cannot validate on ${folder}: NIfTI volumes are required, found none`);
}

/**
 * The validation volumes of a run: those of the folder given, or of `validation` beside the data.
 * @returns undefined when no folder is given and none is beside the data
 */
export async function validationPaths(
  { data, validation }: { readonly data: string; readonly validation?: string },
): Promise<readonly string[] | undefined> {
  const beside = `${data}/../validation`;
  const folder = validation ?? (await isFolder(beside) ? beside : undefined);
  return folder === undefined ? undefined : await volumePaths(folder);
}

/** A random slice that shows tissue, of a volume whose slices are decoded on demand. */
type SliceDraw = (rng: Rng) => Promise<SourceSlice>;

function openVolume(path: string): SliceDraw {
  const file = openNiftiImage(path);
  const { complex, rows, columns } = file;
  let slices: Promise<{ readonly index: number; readonly scale: number }[]> | undefined;
  const read = async (index: number) => {
    const { data } = await file.readSlice(index);
    if (complex) return ndarray(data, [2, rows, columns]);
    return ndarray(data.subarray(0, rows * columns).map(Math.abs), [rows, columns]);
  };
  return async (rng) => {
    slices ??= usableSlices(
      file,
      async (i) => complex ? magnitudeOf(await read(i)) : await read(i),
    );
    const usable = await slices;
    const { index, scale } = usable[rng.integer(usable.length)];
    return { image: await read(index), scale, pixel: pixelOf(file) };
  };
}

function pixelOf({ geometry, rows, columns }: ImageFile): number {
  if (!geometry?.known) return FIELD_OF_VIEW / Math.max(rows, columns);
  const [a, , , , e, , , , i] = geometry.affine;
  return Math.hypot(a, e, i);
}

/** The slices that are bright and show tissue, with their scale. */
async function usableSlices(file: ImageFile, magnitude: (index: number) => Promise<NdArray>) {
  const found: { index: number; scale: number; tissue: number }[] = [];
  for (let index = 0; index < file.slices; index++) {
    const { data } = await magnitude(index);
    const count = Math.floor(data.length / STRIDE);
    const some = Float32Array.from({ length: count }, (_, i) => data[i * STRIDE]);
    const scale = percentile(some, SCALE_PERCENTILE);
    const tissue = some.filter((value) => value > 0.2 * scale).length / some.length;
    found.push({ index, scale, tissue });
  }
  const brightest = Math.max(...found.map(({ scale }) => scale));
  const usable = found.filter(({ scale, tissue }) =>
    scale > MIN_BRIGHTNESS * brightest && tissue > MIN_TISSUE
  );
  if (usable.length > 0 && brightest > 0) return usable;
  throw new InputError(`Cannot train on ${file.path}: slices that show tissue are required`);
}

/** Sources of training slices: NIfTI volumes, slices of k-space files, and drawn phantoms. */
export interface SliceSources {
  readonly paths: readonly string[];
  readonly scenes?: readonly (readonly SourceSlice[])[];
  readonly drawn?: readonly SourceSlice[];
  /** Share of the slices that are drawn. Default 0. */
  readonly procedural?: number;
}

/** Volumes that are opened when first used, and slices that are held in memory. */
export class VolumeSet {
  readonly #sources: SliceSources;
  readonly #open = new Map<string, SliceDraw>();

  /** @param sources at least one */
  constructor(sources: SliceSources) {
    this.#sources = sources;
  }

  /** A random slice of a random volume or k-space file, or a drawn phantom. */
  async randomSlice(rng: Rng): Promise<SourceSlice> {
    const { paths, scenes = [], drawn = [], procedural = 0 } = this.#sources;
    const among = <T>(list: readonly T[]) => list[rng.integer(list.length)];
    if (procedural > 0 && rng.uniform() < procedural) return among(drawn);
    const chosen = rng.integer(paths.length + scenes.length);
    if (chosen >= paths.length) return among(scenes[chosen - paths.length]);
    const path = paths[chosen];
    const draw = this.#open.get(path) ?? openVolume(path);
    this.#open.set(path, draw);
    return await draw(rng);
  }
}
