/**
 * Writing k-space in the HDF5 layout of fastMRI, slice by slice.
 * @module
 */
import { rename, writeFile } from "node:fs/promises";
import { InputError } from "../../errors.ts";
import type { NdArray } from "../../ndarray.ts";
import { isFolder, partialName, reason, remove } from "../../host.ts";
import { Hdf5File } from "./library.ts";
import { createComplex, writeAttribute, writeComplex, writeDataset } from "./create.ts";
import type { Geometry } from "../types.ts";

/** Side of the square tiles of a transpose; see planar.ts. */
const TILE = 32;

/** What {@link writeFastmri} writes. */
export interface FastmriContent {
  /** Number of slices. */
  readonly slices: number;
  /** Number of coils. */
  readonly coils: number;
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, W. */
  readonly width: number;
  /** Gives the k-space of one slice, `[C, 2, H, W]`; called for each slice in order. */
  kspace(slice: number): NdArray | Promise<NdArray>;
  /** Fully sampled reference `[slice, row = readout, column = phase]`, possibly cropped. */
  readonly reconstructionRss?: NdArray;
  /** Acquired lines: H values 0 or 1. */
  readonly mask?: Uint8Array;
  /** Where voxels lie; stored as attribute `affine`. */
  readonly geometry?: Geometry;
  /** fastMRI's own: acquisition, patient_id, max, norm. */
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/**
 * Writes a file that fastMRI's readers and {@linkcode openFastmri} read: dataset `kspace`
 * `[slice, coil, readout, phase]`, complex64. Only one slice is in memory at a time. The file
 * appears under its name when complete; on failure nothing is left behind.
 * @throws {InputError} when the file cannot be written; errors of `kspace` pass unchanged
 * @throws {RangeError} when an array does not have the shape that the sizes ask for
 */
export async function writeFastmri(path: string, content: FastmriContent): Promise<void> {
  checkContent(content);
  const partial = partialName(path);
  await checkWritable(path, partial);
  try {
    using file = await Hdf5File.create(partial, path);
    await writeContent(file, content);
    file.finish();
    await rename(partial, path);
  } catch (cause) {
    await remove(partial).catch(() => {});
    if (["ENOENT", "EACCES", "EPERM"].includes((cause as { code?: string }).code ?? "")) {
      throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
    }
    throw cause;
  }
}

/** Tries the temporary name first: libhdf5 would only say that it is unable to create it. */
async function checkWritable(path: string, partial: string): Promise<void> {
  try {
    if (await isFolder(path)) {
      throw new Error("a file name is required, found a folder of that name");
    }
    await writeFile(partial, new Uint8Array());
  } catch (cause) {
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

async function writeContent(file: Hdf5File, content: FastmriContent): Promise<void> {
  const { slices, coils, height, width, reconstructionRss, mask, geometry } = content;
  const shape = [slices, coils, width, height];
  for (const [name, value] of Object.entries(content.attributes ?? {})) {
    writeAttribute(file, name, value);
  }
  if (geometry?.known) writeAttribute(file, "affine", geometry.affine);
  if (mask) writeDataset(file, "mask", mask, [height]);
  if (reconstructionRss) {
    writeDataset(file, "reconstruction_rss", reconstructionRss.data, reconstructionRss.shape);
  }
  createComplex(file, "kspace", shape);
  for (let slice = 0; slice < slices; slice++) {
    const kspace = await content.kspace(slice);
    checkShape(`k-space of slice ${slice}`, kspace.shape, [coils, 2, height, width]);
    writeComplex(
      file,
      "kspace",
      shape,
      slice,
      (target) => interleaveTransposed(kspace, target),
    );
  }
}

function checkContent(content: FastmriContent): void {
  const { slices, coils, height, width, reconstructionRss: rss, mask } = content;
  const sizes = [slices, coils, height, width];
  if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot write k-space: positive sizes are required, found [${sizes}]`);
  }
  if (rss) checkShape("reconstruction", rss.shape, [slices, ...rss.shape.slice(-2)]);
  if (mask) checkShape("mask", [mask.length], [height]);
}

function checkShape(what: string, found: readonly number[], required: readonly number[]): void {
  if (found.length === required.length && found.every((size, n) => size === required[n])) return;
  throw new RangeError(`Cannot write the ${what}: [${required}] is required, found [${found}]`);
}

/** Planar `[C, 2, H, W]` to interleaved `[C, W, H]`, tile by tile. */
function interleaveTransposed({ data, shape }: NdArray, target: Float32Array): void {
  const [coils, , height, width] = shape;
  const plane = height * width;
  for (let start = 0; start < coils * 2 * plane; start += 2 * plane) {
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(left + TILE, width);
      for (let top = 0; top < height; top += TILE) {
        const bottom = Math.min(top + TILE, height);
        for (let x = left; x < right; x++) {
          let to = start + 2 * (x * height + top);
          for (
            let from = start + top * width + x;
            to < start + 2 * (x * height + bottom);
            to += 2
          ) {
            target[to] = data[from];
            target[to + 1] = data[from + plane];
            from += width;
          }
        }
      }
    }
  }
}
