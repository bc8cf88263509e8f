/** Opening a file of any format, as k-space or as an image. @module */
import { InputError } from "../errors.ts";
import { promiseTry } from "../host.ts";
import { openCflKspace } from "./cfl.ts";
import { type ContentFormat, detectFormat } from "./detect.ts";
import { kspaceByNames } from "./axis_names.ts";
import { type KspaceArray } from "./kspace_array.ts";
import { openNiftiImage, openNiftiKspaceArray } from "./nifti/read.ts";
import { openNpyImage, openNpyKspaceArray } from "./numpy/npy.ts";
import type { ImageFile, KspaceFile } from "./types.ts";

/** Options of {@link openKspaceArray}. */
export interface OpenOptions {
  /** What the numbers are, where the format does not say: a NIfTI is taken for an image. */
  readonly domain?: "image" | "kspace";
  /**
   * Names of the axes, in the order in which the file lists them: `coil`, `slice`, `readout`,
   * `phase1`, `phase2`, `time`, `echo` and so on; `parts` for an axis of real and imaginary parts.
   */
  readonly axes?: readonly string[];
}

const KSPACE_READERS: Readonly<
  Record<ContentFormat, (path: string) => KspaceArray | Promise<KspaceArray>>
> = {
  // Loaded when needed: HDF5 is a WebAssembly library, which other formats do without.
  hdf5: async (path) => (await import("./hdf5/open_kspace.ts")).openHdf5Array(path),
  "bart-cfl": openCflKspace,
  npy: openNpyKspaceArray,
  nifti: openNiftiKspaceArray,
  "mrd-stream": refuseRaw,
  twix: refuseRaw,
};

function refuseRaw(path: string): never {
  throw new InputError(`Cannot open ${path} as an array: k-space is required, found acquisitions`, {
    hint: "readKspace of the package's root makes k-space of raw acquisitions",
  });
}

/** Opens k-space of any format understood, whatever its axes. The caller disposes of it. */
export async function openKspaceArray(
  path: string,
  { domain }: Pick<OpenOptions, "domain"> = {},
): Promise<KspaceArray> {
  const format = detectFormat(path);
  if ((domain ?? (format === "nifti" ? "image" : "kspace")) === "image") {
    const hint =
      "Use --simulate to make k-space from an image, or --domain kspace if its numbers " +
      "are k-space";
    throw new InputError(
      `Cannot open ${path} as k-space: k-space is required, found an image (${format})`,
      { hint },
    );
  }
  return await KSPACE_READERS[format](path);
}

/**
 * Opens 2-D slices of k-space of any format understood. The axes have the names that are given, or
 * those that the format or habit gives them; the samples are not looked at (`readKspace` does).
 * The caller disposes of it.
 */
export async function openKspace(
  path: string,
  { axes, ...options }: OpenOptions = {},
): Promise<KspaceFile> {
  const array = await openKspaceArray(path, options);
  return await kspaceByNames(array, axes);
}

/**
 * Opens an image, to simulate k-space from: NIfTI, or .npy with the axes ([slice,] row, column).
 * The caller disposes of it.
 */
export function openImage(path: string): Promise<ImageFile> {
  return promiseTry(() => {
    const format = detectFormat(path);
    if (format === "nifti") return openNiftiImage(path);
    if (format === "npy") return openNpyImage(path);
    throw new InputError(
      `Cannot open ${path} as an image: NIfTI or .npy is required, found ${format}`,
    );
  });
}
