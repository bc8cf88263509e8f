/** Datasets of an open HDF5 file: their descriptions, and parts of them as bytes. @module */
import { InputError } from "../../errors.ts";
import { pathFacts } from "../../host.ts";
import { sizeOf } from "../../ndarray.ts";
import { MAX_DEFLATE_RATIO } from "../bytes.ts";
import { unreadable } from "../unreadable.ts";
import { H5T, type Hdf5Metadata } from "./h5wasm.ts";
import type { Hdf5File } from "./library.ts";

/** Values of `get_type`. */
const H5G_GROUP = 0, H5G_DATASET = 1;
/** Filters of libhdf5 itself: deflate, shuffle, fletcher32, szip, nbit, scale-offset. */
const BUILT_IN_FILTERS = [1, 2, 3, 4, 5, 6];
/** Largest part of a dataset read at once: half of the heap that WebAssembly gives the library. */
const MAX_SLAB_BYTES = 2 ** 30;
/** Most chunks in one part: each costs the library 2 KB and 10 us; damaged files ask for many. */
const MAX_SLAB_CHUNKS = 2 ** 17;

/** Where the two floats of a complex number lie in an element. */
export interface ComplexLayout {
  readonly width: 4 | 8;
  readonly real: number;
  readonly imaginary: number;
}

/** A dataset, described but not read. */
export interface DatasetInfo {
  readonly name: string;
  /** Sizes of the axes, slowest first; empty for a scalar. */
  readonly shape: readonly number[];
  /** Type in words, for messages: `float32`, `compound {r: float32, i: float32}`. */
  readonly type: string;
  readonly size: number;
  /** Set when the elements are complex numbers. */
  readonly complex?: ComplexLayout;
  readonly metadata: Hdf5Metadata;
}

/** Names in a group, by default the root group: of all its members, or of those of one type. */
export function namesIn(file: Hdf5File, group = "/", type?: number): string[] {
  return file.call("list its content", (h5, id) => {
    const names: string[] = h5.get_names(id, group, false);
    return names.filter((name) =>
      type === undefined || h5.get_type(id, `${group}/${name}`) === type
    );
  });
}

export const datasetNames = (file: Hdf5File, group?: string): string[] =>
  namesIn(file, group, H5G_DATASET);

export const groupNames = (file: Hdf5File, group?: string): string[] =>
  namesIn(file, group, H5G_GROUP);

/** Whether there is a dataset of this name, in a group that must exist. */
export function isDataset(file: Hdf5File, name: string): boolean {
  const slash = name.lastIndexOf("/");
  const group = slash < 0 ? "/" : name.slice(0, slash);
  return file.call("list its content", (h5, id) => {
    const names: string[] = h5.get_names(id, group, false);
    return names.includes(name.slice(slash + 1)) && h5.get_type(id, name) === H5G_DATASET;
  });
}

/**
 * Describes a dataset; undefined when its group, which must exist, has none of that name.
 * @throws {InputError} when it is damaged, or larger than the file can hold
 */
export function describe(file: Hdf5File, name: string): DatasetInfo | undefined {
  if (!isDataset(file, name)) return undefined;
  const metadata = file.call(`describe ${name}`, (h5, id) => h5.get_dataset_metadata(id, name));
  const { size, shape: found } = metadata;
  const shape = found ?? [0];
  const bytes = size * sizeOf(shape);
  if (!shape.every(Number.isSafeInteger) || !Number.isSafeInteger(bytes)) {
    throw unreadable(file.path, `${name} of a sensible size is`, `[${shape}]`);
  }
  if (!metadata.chunks && !metadata.virtual_sources) checkSize(file, name, shape, bytes);
  return {
    name,
    shape,
    type: typeName(metadata),
    size,
    complex: complexLayout(metadata),
    metadata,
  };
}

/** Checks that a dataset fits into its file, where it is compressed at most `ratio` times. */
function checkSize(
  file: Hdf5File,
  name: string,
  shape: readonly number[],
  bytes: number,
  ratio = 1,
): void {
  const found = pathFacts(file.path).size;
  if (bytes <= ratio * found) return;
  throw new InputError(
    `Cannot read ${file.path}: ${bytes} bytes are required for ${name} [${shape}], ` +
      `found ${found} in the whole file`,
  );
}

function typeName({ type, size, signed, compound_type }: Hdf5Metadata): string {
  if (type === H5T.integer) return `${signed ? "int" : "uint"}${8 * size}`;
  if (type === H5T.float) return `float${8 * size}`;
  if (type === H5T.complex) return `complex${8 * size}`;
  if (type === H5T.string) return "text";
  if (type === H5T.enum) return "enum";
  if (type !== H5T.compound) return `HDF5 type class ${type}`;
  const members = compound_type?.members ?? [];
  return `compound {${members.map((member) => `${member.name}: ${typeName(member)}`).join(", ")}}`;
}

/** Complex numbers are a compound {r, i} (h5py) or {real, imag} (MATLAB, ISMRMRD), or native. */
function complexLayout({ type, size, compound_type }: Hdf5Metadata): ComplexLayout | undefined {
  if (type === H5T.complex) {
    return size === 8 || size === 16
      ? { width: size === 8 ? 4 : 8, real: 0, imaginary: size / 2 }
      : undefined;
  }
  const members = compound_type?.members ?? [];
  const part = (name: RegExp) => members.find((m) => m.type === H5T.float && name.test(m.name));
  const real = part(/^(r|re|real)$/i), imaginary = part(/^(i|im|imag)$/i);
  const width = real?.size;
  if (members.length !== 2 || !real || !imaginary || imaginary.size !== width) return undefined;
  if (width !== 4 && width !== 8) return undefined;
  const offsets = [real.offset, imaginary.offset];
  const aligned = [size, ...offsets].every((offset) => offset % width === 0);
  const fits = offsets.every((offset) => offset >= 0 && offset + width <= size);
  if (!aligned || !fits || real.offset === imaginary.offset) return undefined;
  return { width, real: real.offset, imaginary: imaginary.offset };
}

/**
 * Reads a part of a dataset and passes its bytes, little endian and in C order, to `use`. They lie
 * in the library's heap: `use` must copy what it keeps and must not call the library.
 */
export function readSlab<T>(
  file: Hdf5File,
  info: DatasetInfo,
  offset: readonly number[],
  count: readonly number[],
  use: (bytes: Uint8Array<ArrayBuffer>) => T,
): T {
  const bytes = info.size * sizeOf(count);
  checkSlab(file, info, count);
  return file.withMemory(bytes, (pointer) => {
    file.call(`read ${info.name}`, (h5, id) =>
      h5.get_dataset_data(
        id,
        info.name,
        count.map(BigInt),
        offset.map(BigInt),
        count.map(() => 1n),
        BigInt(pointer),
      ));
    return use(file.heap(pointer, bytes));
  });
}

/** Checks that a part of a dataset can be read: its size, its chunks, its compression. */
export function checkSlab(file: Hdf5File, info: DatasetInfo, count: readonly number[]): void {
  const { name, metadata: { chunks } } = info;
  const bytes = info.size * sizeOf(count);
  if (!(bytes <= MAX_SLAB_BYTES)) {
    throw new InputError(
      `Cannot read ${file.path}: at most ${MAX_SLAB_BYTES} bytes at once are possible, ` +
        `found ${bytes} for [${count}] of ${name}`,
    );
  }
  if (!chunks) return;
  checkFilters(file, name);
  const touched = sizeOf(count.map((size, axis) => Math.ceil(size / chunks[axis])));
  if (touched > MAX_SLAB_CHUNKS) {
    const hint = "Repack it: h5repack -l CONTI in.h5 out.h5";
    throw unreadable(file.path, `larger chunks of ${name} are`, `[${chunks}]`, hint);
  }
  checkSize(file, name, info.shape, info.size * sizeOf(info.shape), MAX_DEFLATE_RATIO);
}

function checkFilters(file: Hdf5File, name: string): void {
  const filters = file.call(
    `describe the compression of ${name}`,
    (h5, id) => h5.get_dataset_filters(id, name),
  );
  const unknown = filters.find((filter) => !BUILT_IN_FILTERS.includes(filter.id));
  if (unknown === undefined) return;
  const label = unknown.name ? `${unknown.name} (filter ${unknown.id})` : `filter ${unknown.id}`;
  const hint = "Recompress it: h5repack -f GZIP=4 in.h5 out.h5";
  throw unreadable(file.path, `${name} without compression or with gzip is`, label, hint);
}
