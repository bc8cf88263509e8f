/** Opening a file of any format, as k-space or as an image. @module */
import { InputError } from "../errors.ts";
import { promiseTry } from "../host.ts";
import { openCfl } from "./cfl.ts";
import { type ContentFormat, detectFormat } from "./detect.ts";
import { openNiftiImage, openNiftiKspace } from "./nifti/read.ts";
import { openNpyImage, openNpyKspace } from "./numpy/npy.ts";
import type { ImageFile, KspaceFile } from "./types.ts";

/** Options of {@link openKspace}. */
export interface OpenOptions {
  /** What the numbers are, where the format does not say: a NIfTI is taken for an image. */
  readonly domain?: "image" | "kspace";
}

const KSPACE_READERS: Readonly<
  Record<ContentFormat, (path: string) => KspaceFile | Promise<KspaceFile>>
> = {
  // Loaded when needed: HDF5 is a WebAssembly library, which other formats do without.
  hdf5: async (path) => (await import("./hdf5/open_kspace.ts")).openHdf5Kspace(path),
  "bart-cfl": openCfl,
  npy: openNpyKspace,
  nifti: openNiftiKspace,
  "mrd-stream": refuseRaw,
  twix: refuseRaw,
};

function refuseRaw(path: string): never {
  throw new InputError(`Cannot open ${path} as an array: k-space is required, found acquisitions`, {
    hint: "readKspace of the package's root makes k-space of raw acquisitions",
  });
}

/** Opens k-space of any format understood. The caller disposes of it. */
export async function openKspace(path: string, { domain }: OpenOptions = {}): Promise<KspaceFile> {
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
