/** k-space in HDF5, in the layout of fastMRI or of MATLAB 7.3. @module */
import { promiseTry } from "../../host.ts";
import { checkSlice, namedAxes } from "../axes.ts";
import { type KspaceArray } from "../kspace_array.ts";
import { sizeOf } from "../../ndarray.ts";
import { packedAxes } from "../stored_array.ts";
import { type Hdf5Layout, TIME_LIMIT, WorkerFile } from "./worker_client.ts";

/** Slowest reading that does not count as a failure, in bytes per millisecond: 1 MB/s. */
const SLOWEST = 1_000;

/** Options of {@link openHdf5Array}. */
export interface Hdf5Options {
  /** Default: the one that the file has. */
  readonly layout?: Hdf5Layout;
  /** Milliseconds after which reading fails, plus 1 ms for each 1000 bytes that are read. */
  readonly timeLimit?: number;
}

/** Opens an HDF5 file with k-space. The caller disposes of it. */
export async function openHdf5Array(
  path: string,
  { layout, timeLimit = TIME_LIMIT }: Hdf5Options = {},
): Promise<KspaceArray> {
  const file = (await WorkerFile.open({ kind: "open", path, layout }, timeLimit))!;
  const { shape, names, complex, ...facts } = file.description;
  const axes = packedAxes(namedAxes(names, shape).toReversed()).toReversed();
  const bytes = (count: readonly number[]) => (complex ? 8 : 4) * sizeOf(count);
  return {
    ...facts,
    path,
    axes,
    complex,
    columnsFirst: false,
    named: false,
    read: async (start, count) => {
      const request = { kind: "readBox", start, count } as const;
      return (await file.read(request, bytes(count) / SLOWEST)).values;
    },
    facts: async (slice) => {
      const { referenceShape: shape, ...facts } = await file.read({ kind: "facts", ...slice });
      if (shape === undefined) return facts;
      const readReference = (slice: number) => {
        checkSlice(slice, shape[0], path);
        return file.read({ kind: "readReference", slice, shape });
      };
      return { ...facts, readReference: (slice) => promiseTry(() => readReference(slice)) };
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
