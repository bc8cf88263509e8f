/** k-space in a dataset of HDF5, whatever the order of its axes. @module */
import type { InputError } from "../../errors.ts";
import { promiseTry } from "../../host.ts";
import { sizeOf } from "../../ndarray.ts";
import { checkSlice, isSliceAxis, kspaceSizes, namedAxes } from "../axes.ts";
import { planarStrided } from "../planar.ts";
import { packedAxes } from "../stored_array.ts";
import type { KspaceFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { checkSlab, datasetNames, describe, namesIn, readSlab } from "./dataset.ts";
import type { ComplexLayout, DatasetInfo } from "./dataset.ts";
import type { Hdf5File } from "./library.ts";

/** Largest slice as planar float32. */
const MAX_SLICE_BYTES = 2 ** 31;
/** Datasets named in the message about a file without k-space. */
const MAX_LISTED = 12;

/** Describes a dataset that must be there and be complex. */
export function describeComplex(file: Hdf5File, name: string, layout: string): DatasetInfo {
  const info = describe(file, name);
  if (info === undefined) throw withoutKspace(file, layout);
  if (info.complex !== undefined) return info;
  const found = `${info.type} [${info.shape}]`;
  throw unreadable(`${file.path} as ${layout}`, `complex64 or complex128 ${name} is`, found);
}

/** The error for a file that holds no k-space under an expected name. */
export function withoutKspace(file: Hdf5File, layout: string): InputError {
  const names = namesIn(file);
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
 * k-space in a dataset whose axes have these names, the slowest first. It is read in this thread;
 * disposing of it closes the file.
 */
export function hdf5Kspace(
  file: Hdf5File,
  info: DatasetInfo,
  names: readonly string[],
  facts: Pick<KspaceFile, "format" | "transposed">,
): KspaceFile {
  const axes = namedAxes(names, info.shape);
  const sizes = kspaceSizes(axes);
  const { coils, height, width } = sizes;
  const inSlice = axes.map(({ name, size }) => ({ name, size: isSliceAxis(name) ? 1 : size }));
  const count = inSlice.map(({ size }) => size);
  checkReadable(file, info, count);
  const packed = packedAxes(inSlice.toReversed());
  const stride = (name: string) => packed.find((axis) => axis.name === name)?.stride ?? 0;
  const strides = { coil: stride("coil"), row: stride("phase"), column: stride("readout") };
  return {
    path: file.path,
    ...facts,
    ...sizes,
    readSlice: (index) =>
      promiseTry(() => {
        checkSlice(index, sizes.slices, file.path);
        const offset = unravel(index, axes.map(({ name, size }) => isSliceAxis(name) ? size : 1));
        const from = { source: file.path, slice: index };
        return readSlab(file, info, offset, count, (bytes) => {
          const values = interleaved(bytes, info.complex!, info.size);
          return planarStrided(values, [coils, height, width], strides, from);
        });
      }),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function checkReadable(file: Hdf5File, info: DatasetInfo, count: readonly number[]): void {
  const fail = (required: string) => {
    throw unreadable(file.path, `${info.name} ${required} is`, `[${info.shape}]`);
  };
  if (info.shape.includes(0)) fail("with at least one slice, coil, row and column");
  const bytes = 2 * sizeOf(count) * Float32Array.BYTES_PER_ELEMENT;
  if (!(bytes <= MAX_SLICE_BYTES)) fail(`of at most ${MAX_SLICE_BYTES} bytes per slice`);
  checkSlab(file, info, count);
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
