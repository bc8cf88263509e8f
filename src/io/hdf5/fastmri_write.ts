/** Writing k-space in the HDF5 layout of fastMRI, slice by slice. @module */
import type { NdArray } from "../../ndarray.ts";
import { interleaveTransposed } from "../planar.ts";
import type { Geometry } from "../types.ts";

import { complexOf, createStack, elementOf, Hdf5Output } from "./output.ts";
import { writeAttribute, writeDataset } from "./output.ts";

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
 * Writes a file that fastMRI's own readers can read: dataset `kspace`
 * `[slice, coil, readout, phase]`, complex64. Only one slice is in memory at a time. The file
 * appears under its name when complete; on failure nothing is left behind.
 */
export async function writeFastmri(path: string, content: FastmriContent): Promise<void> {
  checkContent(content);
  await using output = await Hdf5Output.create(path);
  const { file } = output;
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
  // Members as h5py names them.
  const complex64 = complexOf(elementOf(new Float32Array()), ["r", "i"]);
  const write = createStack(file, "kspace", complex64, shape);
  for (let slice = 0; slice < slices; slice++) {
    const kspace = await content.kspace(slice);
    checkShape(`k-space of slice ${slice}`, kspace.shape, [coils, 2, height, width]);
    write(slice, (bytes) => interleaveTransposed(kspace, bytes));
  }
  await output.finish();
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
