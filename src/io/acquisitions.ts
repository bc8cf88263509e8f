/** Opening raw acquisitions of any format. @module */
import { UsageError } from "../errors.ts";
import { detectFormat } from "./detect.ts";
import type { AcquisitionFile } from "./mrd/acquisition_file.ts";
import { openMrd } from "./mrd/mrd_file.ts";
import { openMrdStream } from "./mrd/stream_file.ts";

/** Which part of a file is meant, where it has several. */
export interface AcquisitionOptions {
  /** Group of the measurement in an ISMRMRD file. Default: the only one, or `dataset`. */
  readonly group?: string;
}

/**
 * Opens raw acquisitions, by content; the caller disposes of the file.
 * @returns undefined when the file holds something else
 * @throws {InputError} when it cannot be read
 * @throws {UsageError} when an option does not belong to its format
 */
export async function openAcquisitions(
  path: string,
  { group }: AcquisitionOptions = {},
): Promise<AcquisitionFile | undefined> {
  const format = detectFormat(path);
  if (format === "hdf5") return await openMrd(path, { group });
  if (format !== "mrd-stream") return undefined;
  if (group === undefined) return await openMrdStream(path);
  throw new UsageError(
    `Cannot use the option group with ${path}: HDF5 is required, found a stream`,
  );
}
