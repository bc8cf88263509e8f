/**
 * k-space in HDF5, in the layout of fastMRI or of MATLAB 7.3, read in the worker of
 * worker_client.ts.
 * @module
 */
import type { KspaceFile } from "../types.ts";
import { TIME_LIMIT, WorkerFile } from "./worker_client.ts";
import type { Hdf5Layout } from "./worker_messages.ts";

/** Slowest reading that does not count as a failure, in bytes per millisecond: 1 MB/s. */
const SLOWEST = 1_000;

export interface Hdf5KspaceOptions {
  /** The layout; default: the one that the file has. */
  readonly layout?: Hdf5Layout;
  /** Milliseconds after which reading fails, plus 1 ms for each 1000 bytes of a slice. */
  readonly timeLimit?: number;
}

/**
 * Opens an HDF5 file with k-space. The caller disposes of it.
 * @throws {InputError} when the file is missing, damaged, or holds no k-space of a known layout
 */
export async function openHdf5Kspace(
  path: string,
  { layout, timeLimit = TIME_LIMIT }: Hdf5KspaceOptions = {},
): Promise<KspaceFile> {
  const file = (await WorkerFile.open({ kind: "open", path, layout }, timeLimit))!;
  const { coils, height, width } = file.description;
  const sliceBytes = coils * 2 * height * width * Float32Array.BYTES_PER_ELEMENT;
  return {
    ...file.description,
    readSlice: (slice) => file.read({ kind: "read", slice }, sliceBytes / SLOWEST),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
