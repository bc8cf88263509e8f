/** Opening a file of any format as k-space, raw acquisitions included. @module */
import type { Runtime } from "../graph/mod.ts";
import { detectFormat } from "../io/detect.ts";
import { openKspace, type OpenOptions } from "../io/open.ts";
import type { KspaceFile } from "../io/types.ts";
import { openRaw } from "./raw_file.ts";

/** Options of {@link readKspace}. */
export interface ReadOptions extends OpenOptions {
  /** Group of the measurement in an ISMRMRD file. Default: the only one, or `dataset`. */
  readonly group?: string;
  /** Encoding of an ISMRMRD file. Default: that of the first line of an image. */
  readonly encoding?: number;
  /** What prepares raw acquisitions; default a runtime on the CPU. It must outlive the file. */
  readonly runtime?: Runtime;
}

/**
 * Opens k-space of any format understood, ISMRMRD's raw acquisitions included. The caller disposes
 * of it.
 * @throws {InputError} when it cannot be read, or is an image
 */
export async function readKspace(
  path: string,
  { domain, ...raw }: ReadOptions = {},
): Promise<KspaceFile> {
  if (domain !== "image" && detectFormat(path) === "hdf5") {
    const file = await openRaw(path, raw);
    if (file !== undefined) return file;
  }
  return await openKspace(path, domain === undefined ? {} : { domain });
}
