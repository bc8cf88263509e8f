/** Opening raw acquisitions of any format. @module */
import { UsageError } from "../errors.ts";
import { detectFormat } from "./detect.ts";
import type { AcquisitionFile } from "./mrd/acquisition_file.ts";
import { openMrd } from "./mrd/mrd_file.ts";
import { openMrdStream } from "./mrd/stream_file.ts";
import { openTwix } from "./twix/open.ts";

/** Which part of a file is meant, where it has several. */
export interface AcquisitionOptions {
  /** Group of the measurement in an ISMRMRD file. Default: the only one, or `dataset`. */
  readonly group?: string;
  /** Measurement of a Siemens twix file, from 0. Default: the last one that holds an image. */
  readonly measurement?: number;
}

/**
 * Opens raw acquisitions, by content; the caller disposes of the file.
 * @returns undefined when the file holds something else
 * @throws {InputError} when it cannot be read
 * @throws {UsageError} when an option does not belong to its format
 */
export async function openAcquisitions(
  path: string,
  { group, measurement }: AcquisitionOptions = {},
): Promise<AcquisitionFile | undefined> {
  const format = detectFormat(path);
  if (measurement !== undefined && format !== "twix") {
    throw unfit("measurement", path, "a Siemens twix file", format);
  }
  if (format === "hdf5") return await openMrd(path, { group });
  if (format !== "mrd-stream" && format !== "twix") return undefined;
  if (group !== undefined) throw unfit("group", path, "an ISMRMRD HDF5 file", format);
  return format === "twix" ? await openTwix(path, measurement) : await openMrdStream(path);
}

function unfit(option: string, path: string, required: string, format: string): UsageError {
  return new UsageError(
    `Cannot use the option ${option} with ${path}: ${required} is required, found ${format}`,
  );
}
