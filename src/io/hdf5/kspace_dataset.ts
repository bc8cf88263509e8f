/**
 * What the HDF5 layouts of k-space share: finding the dataset, checking it, reading one slice.
 * @module
 */
import { InputError } from "../../errors.ts";
import { type NdArray, sizeOf } from "../../ndarray.ts";
import { checkSlice } from "../axes.ts";
import { planarCoils } from "../planar.ts";
import { unreadable } from "../unreadable.ts";
import {
  checkSlab,
  type ComplexLayout,
  type DatasetInfo,
  datasetNames,
  describe,
  readSlab,
  rootNames,
} from "./dataset.ts";
import type { Hdf5File } from "./library.ts";

/** Largest slice as planar float32. */
const MAX_SLICE_BYTES = 2 ** 31;
/** Datasets named in the message about a file without k-space. */
const MAX_LISTED = 12;

/** A complex dataset whose last axes are `[coil, row, column]`, or `[row, column]` for one coil. */
export interface KspaceDataset {
  readonly info: DatasetInfo;
  /** Sizes of the axes before the coils, which are flattened into slices. */
  readonly leading: readonly number[];
  readonly coils: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Describes a dataset that must be complex.
 * @throws {InputError} when it is absent (the message lists what is there) or not complex
 */
export function describeComplex(file: Hdf5File, name: string, layout: string): DatasetInfo {
  const info = describe(file, name);
  if (info === undefined) throw withoutKspace(file, layout);
  if (info.complex !== undefined) return info;
  throw unreadable(
    `${file.path} as ${layout}`,
    `complex64 or complex128 ${name} is`,
    `${info.type} [${info.shape}]`,
  );
}

/** The error for a file that holds no k-space under an expected name. */
export function withoutKspace(file: Hdf5File, layout: string): InputError {
  const names = rootNames(file);
  const datasets = datasetNames(file);
  const shown = names.slice(0, MAX_LISTED).map((name) => {
    const info = datasets.includes(name) ? describe(file, name) : undefined;
    return info === undefined ? `group ${name}` : `${name} [${info.shape}] ${info.type}`;
  });
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return unreadable(
    `${file.path} as ${layout}`,
    `a complex dataset "kspace" in the root group is`,
    names.length === 0 ? "nothing" : shown.join(", ") + more,
  );
}

/**
 * Checks that k-space can be read.
 * @throws {InputError} when an axis is empty, a slice too large, or the compression unknown
 */
export function checkReadable(file: Hdf5File, dataset: KspaceDataset): void {
  const { info, coils, rows, columns } = dataset;
  const fail = (required: string) => {
    throw unreadable(file.path, `${info.name} ${required} is`, `[${info.shape}]`);
  };
  if (info.shape.includes(0)) fail("with at least one slice, coil, row and column");
  const bytes = sizeOf([coils, 2, rows, columns]) * Float32Array.BYTES_PER_ELEMENT;
  if (!(bytes <= MAX_SLICE_BYTES)) fail(`of at most ${MAX_SLICE_BYTES} bytes per slice`);
  checkSlab(file, info, slabCount(dataset));
}

/**
 * Reads one slice.
 * @returns `[C, 2, rows, columns]`, or `[C, 2, columns, rows]` when transposed
 */
export function readKspaceSlice(
  file: Hdf5File,
  dataset: KspaceDataset,
  index: number,
  transpose: boolean,
): NdArray {
  const { info, leading, coils, rows, columns } = dataset;
  checkSlice(index, sizeOf(leading), file.path);
  const inside = info.shape.slice(leading.length).map(() => 0);
  const offset = [...unravel(index, leading), ...inside];
  return readSlab(file, info, offset, slabCount(dataset), (bytes) => {
    const values = interleaved(bytes, info.complex!, info.size);
    return planarCoils(values, coils, rows, columns, {
      source: file.path,
      slice: index,
      transpose,
    });
  });
}

/** Elements of one slice along each axis of the dataset. */
function slabCount({ info, leading }: KspaceDataset): number[] {
  return [...leading.map(() => 1), ...info.shape.slice(leading.length)];
}

/** Index along each axis of the element number `index` in C order. */
function unravel(index: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  for (const size of shape.toReversed()) {
    indices.unshift(index % size);
    index = Math.floor(index / size);
  }
  return indices;
}

/** Complex elements as float32 re, im side by side: the bytes themselves where they lie so. */
function interleaved(
  bytes: Uint8Array<ArrayBuffer>,
  { width, real, imaginary }: ComplexLayout,
  size: number,
): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const source = width === 4
    ? new Float32Array(buffer, byteOffset, byteLength / 4)
    : new Float64Array(buffer, byteOffset, byteLength / 8);
  if (source instanceof Float32Array && size === 8 && real === 0) return source;
  const result = new Float32Array(2 * byteLength / size);
  const stride = size / width;
  const [re, im] = [real / width, imaginary / width];
  for (let to = 0, from = 0; to < result.length; to += 2, from += stride) {
    result[to] = source[from + re];
    result[to + 1] = source[from + im];
  }
  return result;
}
