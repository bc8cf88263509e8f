/** Requests to the HDF5 worker, and its answers. @module */
import type { NdArray } from "../../ndarray.ts";
import type { MrdDescription, RecordBatch, RecordKind } from "../mrd/records.ts";
import type { KspaceFile } from "../types.ts";

export type Hdf5Layout = "fastmri" | "matlab";

/** An opened file without its functions, which no message can carry. */
export type KspaceDescription = Omit<
  KspaceFile,
  "readSlice" | "readCalibration" | typeof Symbol.dispose
>;

export type OpenRequest =
  | { readonly kind: "open"; readonly path: string; readonly layout?: Hdf5Layout }
  | { readonly kind: "openMrd"; readonly path: string; readonly group?: string };

/** A request that reads from a file. */
export type ReadRequest =
  | { readonly kind: "read"; readonly slice: number }
  | {
    readonly kind: "readMrd";
    readonly records: RecordKind;
    /** Which records; ascending ones that follow each other are read together. */
    readonly indices: Uint32Array;
    readonly headersOnly: boolean;
  };

/** A request; open files are named by the handle that the worker gave. */
export type Hdf5Request =
  | OpenRequest
  | ((ReadRequest | { readonly kind: "close" }) & { readonly handle: number });

/** The answer to each kind of request. */
export interface Hdf5Results {
  readonly open: { readonly handle: number; readonly description: KspaceDescription };
  /** The slice `[C, 2, H, W]`. */
  readonly read: NdArray;
  /** What an ISMRMRD file holds; null when it is of another kind. */
  readonly openMrd: { readonly handle: number; readonly description: MrdDescription } | null;
  readonly readMrd: RecordBatch;
  readonly close: null;
}

/** An answer: the result, or the error. */
export type Hdf5Answer =
  | { readonly result: Hdf5Results[keyof Hdf5Results] }
  | {
    readonly error: { readonly name: string; readonly message: string; readonly hint?: string };
    /** Whether the library can do no more. */
    readonly fatal: boolean;
  };
