/**
 * k-space in HDF5, in the layout of fastMRI or of MATLAB 7.3, read in the worker of worker_client.ts.
 * @module
 */
import { checkFile } from "../bytes.ts";
import { ask, currentEngine, TIME_LIMIT } from "./worker_client.ts";
import type { Hdf5Layout, KspaceDescription } from "./worker_messages.ts";
import type { KspaceFile } from "../types.ts";

/** Slowest reading that is waited for, in bytes of the slice per millisecond: 1 MB/s. */
const SLOWEST = 1_000;
const OPTIONS = { layout: undefined, timeLimit: TIME_LIMIT };

/** Options of {@link openHdf5Kspace}. */
export interface Hdf5KspaceOptions {
  /** The layout; default: the one that the file has. */
  readonly layout?: Hdf5Layout;
  /** Milliseconds after which a file is given up, beside 1 ms for each 1000 bytes of a slice. */
  readonly timeLimit?: number;
}

/**
 * Opens an HDF5 file with k-space. The caller disposes of it.
 * @throws {InputError} when the file is missing, damaged, or holds no k-space of a known layout
 */
export async function openHdf5Kspace(
  path: string,
  options: Hdf5KspaceOptions = {},
): Promise<KspaceFile> {
  checkFile(path);
  const { layout, timeLimit } = { ...OPTIONS, ...options };
  const open = async () => {
    const opened = await ask(path, { kind: "open", path, layout }, timeLimit);
    return { ...opened, engine: currentEngine() };
  };
  let current = await open();
  let closed = false;
  const { description } = current;
  return {
    ...description,
    async readSlice(slice) {
      if (closed) throw new Error(`Cannot read slice ${slice}: ${path} is closed`);
      if (current.engine !== currentEngine()) current = await open();
      const limit = timeLimit + sliceBytes(description) / SLOWEST;
      return await ask(path, { kind: "read", handle: current.handle, slice }, limit);
    },
    [Symbol.dispose]() {
      if (closed) return;
      closed = true;
      if (current.engine !== currentEngine()) return;
      ask(path, { kind: "close", handle: current.handle }, timeLimit).catch(() => {});
    },
  };
}

function sliceBytes({ coils, height, width }: KspaceDescription): number {
  return coils * 2 * height * width * Float32Array.BYTES_PER_ELEMENT;
}
