/** The part of h5wasm's low-level module that is used, which has no types of its own. @module */

/** Type classes of HDF5 (`H5T_class_t`). */
export const H5T = {
  integer: 0,
  float: 1,
  string: 3,
  compound: 6,
  enum: 8,
  vlen: 9,
  array: 10,
  complex: 11,
} as const;

/** Type, and for datasets and attributes extent, as h5wasm describes it. */
export interface Hdf5Metadata {
  /** One of {@link H5T}, or another class. */
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  /** Whether a string is of variable length. */
  readonly vlen: boolean;
  /** Sizes of the axes; null for a null dataspace. */
  readonly shape: readonly number[] | null;
  readonly chunks?: readonly number[] | null;
  readonly virtual_sources?: unknown;
  readonly littleEndian?: boolean;
  /** Type of the elements of a sequence of variable length. */
  readonly vlen_type?: Hdf5Metadata;
  readonly array_type?: Hdf5Metadata;
  /** `nmembers` is required when a type is created. */
  readonly compound_type?: { readonly nmembers?: number; readonly members: readonly Hdf5Member[] };
}

export type Hdf5Member = Hdf5Metadata & { readonly name: string; readonly offset: number };

/** What a created dataset or attribute looks like to h5wasm. */
export interface Hdf5Creation extends Omit<Hdf5Metadata, "shape" | "chunks"> {
  readonly shape: bigint[];
  readonly maxshape: bigint[];
  readonly chunks: bigint[] | null;
  /** Character set of a string: 1 is UTF-8. */
  readonly cset?: number;
}

/** The part of h5wasm's low-level module that is used here; pointers are offsets into `HEAPU8`. */
export interface Hdf5Library {
  /** The heap; replaced when it grows. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  UTF8ToString(pointer: number): string;
  open(path: string, mode: number, trackOrder: boolean, low: number, high: number): bigint;
  close_file(file: bigint): number;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_type(file: bigint, path: string): number;
  get_dataset_metadata(file: bigint, path: string): Hdf5Metadata;
  get_dataset_filters(file: bigint, path: string): { id: number; name: string }[];
  get_dataset_data(...args: SlabArguments): number;
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): Hdf5Metadata;
  get_attribute_data(file: bigint, path: string, name: string, pointer: bigint): number;
  reclaim_vlen_memory(file: bigint, path: string, attribute: string, pointer: bigint): number;
  reclaim_vlen_memory_count(...args: [bigint, string, string, bigint, bigint[]]): number;
  create_group(file: bigint, path: string, trackOrder: boolean): number;
  create_vlen_str_dataset(...args: [bigint, string, string[], Hdf5Creation]): number;
  create_dataset(file: bigint, path: string, pointer: bigint, metadata: Hdf5Creation): number;
  set_dataset_data(...args: SlabArguments): number;
  resize_dataset(file: bigint, path: string, shape: bigint[]): number;
  create_attribute(...args: [bigint, string, string, bigint, Hdf5Creation]): number;
  create_vlen_str_attribute(...args: [bigint, string, string, string[], Hdf5Creation]): number;
  readonly FS: EmscriptenFiles;
}

/** Emscripten's files. */
export interface EmscriptenFiles {
  /** The open ones; the third is standard error. */
  readonly streams: Record<number, object>;
  open(path: string, flags: number, mode?: number): object;
}

/** file, path, count, offset, strides (null: the whole dataset), pointer */
type SlabArguments = [
  file: bigint,
  path: string,
  count: bigint[] | null,
  offset: bigint[] | null,
  strides: bigint[] | null,
  pointer: bigint,
];
