/**
 * k-space in MATLAB 7.3 files (which are HDF5), as the CMRxRecon challenges give it: a variable
 * `kspace`, `kspace_full` or `kspace_sub04`, `[nx, ny, coil, slice, time]` in MATLAB. HDF5 lists
 * the axes in the opposite order: `[time, slice, coil, ny, nx]`, with nx the readout.
 * @module
 */
import { openFile } from "../../host.ts";
import type { KspaceFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { datasetNames, describe } from "./dataset.ts";
import { describeComplex, hdf5Kspace, withoutKspace } from "./kspace_dataset.ts";
import type { Hdf5File } from "./library.ts";
import { readAttribute } from "./values.ts";

const LAYOUT = "MATLAB 7.3 k-space";
/** Start of the user block that MATLAB writes. */
const USER_BLOCK = "MATLAB 7.3 MAT-file";
/** Axes of the dataset, fastest last; MATLAB drops its last, our first, where they have size 1. */
const AXES = ["time", "slice", "coil", "phase", "readout"];

/** Whether MATLAB wrote the file, by its user block or the attribute that it gives variables. */
export function isMatlab(file: Hdf5File): boolean {
  using bytes = openFile(file.path);
  const start = new Uint8Array(USER_BLOCK.length);
  bytes.read(start, 0);
  if (new TextDecoder().decode(start) === USER_BLOCK) return true;
  return kspaceNames(file).some((name) => readAttribute(file, "MATLAB_class", name) !== undefined);
}

function kspaceNames(file: Hdf5File): string[] {
  return datasetNames(file).filter((name) => name.startsWith("kspace"));
}

/** The k-space of an open MATLAB 7.3 file, read in this thread; disposing of it closes the file. */
export function matlabKspace(file: Hdf5File): KspaceFile {
  const names = kspaceNames(file);
  const complex = names.filter((name) => describe(file, name)?.complex !== undefined);
  const [name = names[0]] = complex;
  if (name === undefined) throw withoutKspace(file, LAYOUT);
  const fail = (required: string, found: string) =>
    unreadable(`${file.path} as ${LAYOUT}`, required, found);
  if (complex.length > 1) throw fail(`one variable "kspace..." is`, complex.join(", "));
  const info = describeComplex(file, name, LAYOUT);
  const { shape } = info;
  if (shape.length < 2 || shape.length > AXES.length) {
    throw fail("2 to 5 axes (nx, ny, coil, slice, time) are", `[${shape.toReversed()}]`);
  }
  const axes = AXES.slice(-shape.length);
  return hdf5Kspace(file, info, axes, { format: "matlab-hdf5", transposed: false });
}
