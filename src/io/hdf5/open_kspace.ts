/** k-space in HDF5, in the layout of fastMRI or of MATLAB 7.3. @module */
import type { KspaceFile } from "../types.ts";
import { type Hdf5Layout, TIME_LIMIT, WorkerFile } from "./worker_client.ts";

/** Slowest reading that does not count as a failure, in bytes per millisecond: 1 MB/s. */
const SLOWEST = 1_000;

/**
 * Opens an HDF5 file with k-space. The caller disposes of it.
 * @param options layout: default the one that the file has; timeLimit: milliseconds after which
 *   reading fails, plus 1 ms for each 1000 bytes of a slice
 */
export async function openHdf5Kspace(
  path: string,
  { layout, timeLimit = TIME_LIMIT }: { layout?: Hdf5Layout; timeLimit?: number } = {},
): Promise<KspaceFile> {
  const file = (await WorkerFile.open({ kind: "open", path, layout }, timeLimit))!;
  const { coils, height, width } = file.description;
  const sliceBytes = coils * 2 * height * width * Float32Array.BYTES_PER_ELEMENT;
  return {
    ...file.description,
    readSlice: (slice) => file.read({ kind: "read", slice }, sliceBytes / SLOWEST),
    ...(file.opened.hasReference && {
      readReference: (slice: number) => file.read({ kind: "readReference", slice }),
    }),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
