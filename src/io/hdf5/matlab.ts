/**
 * k-space in MATLAB 7.3 files (which are HDF5), as the CMRxRecon challenges give it: a variable
 * `kspace`, `kspace_full` or `kspace_sub04`, `[nx, ny, coil, slice, time]` in MATLAB. HDF5 lists
 * the axes in the opposite order: `[time, slice, coil, ny, nx]`, with nx the readout. MATLAB drops its
 * last axes, the first here, where they have size 1.
 * @module
 */
import { openFile } from "../../host.ts";
import { MAX_AXES } from "../axes.ts";
import { unreadable } from "../unreadable.ts";
import { datasetNames } from "./dataset.ts";
import { describeDatasets, findKspace, KspaceDataset } from "./kspace_dataset.ts";
import type { Hdf5File } from "./library.ts";
import { readAttribute } from "./values.ts";

const LAYOUT = "MATLAB 7.3 k-space";
/** Start of the user block that MATLAB writes. */
const USER_BLOCK = "MATLAB 7.3 MAT-file";
/** Whether MATLAB wrote the file, by its user block or the attribute that it gives variables. */
export function isMatlab(file: Hdf5File): boolean {
  using bytes = openFile(file.path);
  const start = new Uint8Array(USER_BLOCK.length);
  bytes.read(start, 0);
  if (new TextDecoder().decode(start) === USER_BLOCK) return true;
  return datasetNames(file).some((name) => readAttribute(file, "MATLAB_class", name) !== undefined);
}

/** The k-space of an open MATLAB 7.3 file, read in this thread; disposing of it closes the file. */
export function matlabKspace(file: Hdf5File): KspaceDataset {
  const parts = findKspace(file, LAYOUT);
  const { shape } = parts[0];
  if (shape.length > MAX_AXES) {
    const required = `2 to ${MAX_AXES} axes (nx, ny, coil, slice, time, ...) are`;
    throw unreadable(`${file.path} as ${LAYOUT}`, required, `[${shape.toReversed()}]`);
  }
  const described = describeDatasets(file, parts, "matlab-hdf5");
  return new KspaceDataset(file, parts, { ...described, sure: false });
}
