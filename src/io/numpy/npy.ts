/**
 * NumPy .npy files: k-space read slice by slice, images, small arrays (masks, maps), and writing.
 * @module
 */
import { type NdArray, sizeOf } from "../../ndarray.ts";
import { writeFileWhole } from "../atomic.ts";
import { namedAxes } from "../axes.ts";
import { bytesOf, type ByteSource, concatBytes, decode, openBytes } from "../bytes.ts";
import { checkFinite, interleave } from "../planar.ts";
import { packedAxes, type StoredArray, storedImage, storedKspace } from "../stored_array.ts";
import type { Axis, ImageFile, KspaceFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { type NpyHeader, npyHeader, readNpyHeader } from "./header.ts";

/** A whole .npy array. */
export interface NpyArray {
  /** Elements in C order whatever the file's; complex ones interleaved, two values for each. */
  readonly data: Float32Array;
  /** Sizes of the axes, without one for re/im. */
  readonly shape: readonly number[];
  /** Numpy's name of the type in the file, e.g. `<c8`. */
  readonly dtype: string;
  /** Whether the elements are complex. */
  readonly complex: boolean;
}

/**
 * Opens k-space: `(readout, phase)`, `(coil, readout, phase)` or `(slice, coil, readout, phase)`,
 * complex64 or complex128; further leading axes are flattened into slices. The last axis is
 * phase-encode, as in fastMRI.
 * @throws {InputError} when it is not a .npy, not complex, one-dimensional, or of another size
 *   than its header says
 */
export function openNpyKspace(path: string): KspaceFile {
  const source = openBytes(path);
  try {
    const header = readNpyHeader(source);
    checkKspace(path, header);
    const { shape } = header;
    const leading = shape.slice(0, -4).map((_, axis) => `axis${axis}`);
    const names = [...leading, ...["slice", "coil", "readout", "phase"].slice(-shape.length)];
    const axes = namedAxes(names, shape);
    return storedKspace(stored(source, header, axes), { format: "npy", axes, transposed: true });
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

function checkKspace(path: string, { type, shape, descr }: NpyHeader): void {
  if (type.kind !== "complex") {
    throw unreadable(
      `${path} as k-space`,
      "complex64 or complex128 is",
      descr,
      "To simulate k-space from an image, use --simulate",
    );
  }
  if (shape.length < 2) {
    throw unreadable(
      `${path} as k-space`,
      "the axes ([slice,] [coil,] readout, phase) are",
      `shape (${shape})`,
    );
  }
}

/** The array of a file whose axes have names. */
function stored(source: ByteSource, header: NpyHeader, axes: readonly Axis[]): StoredArray {
  const { type, offset, fortranOrder } = header;
  const counted = fortranOrder ? packedAxes(axes).reverse() : packedAxes(axes.toReversed());
  return { source, type, offset, axes: counted };
}

/**
 * Opens a real or complex image `(row, column)` or volume `(slice, row, column)`.
 * @throws {InputError} when it is not a .npy, has other axes, or of another size than its header
 *   says
 */
export function openNpyImage(path: string): ImageFile {
  const source = openBytes(path);
  try {
    const header = readNpyHeader(source);
    const { shape } = header;
    if (shape.length !== 2 && shape.length !== 3) {
      throw unreadable(
        `${path} as an image`,
        "the axes ([slice,] row, column) are",
        `shape (${shape})`,
      );
    }
    const axes = namedAxes(["slice", "row", "column"].slice(-shape.length), shape);
    return storedImage(stored(source, header, axes), { format: "npy" });
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

/**
 * Reads a whole array: masks, maps, small images.
 * @throws {InputError} when it is not a .npy of numbers, of another size than its header says, or
 *   holds a NaN or an infinity
 */
export function readNpy(path: string): NpyArray {
  using source = openBytes(path);
  const header = readNpyHeader(source);
  const { type, shape, descr } = header;
  const values = decode(source.read(header.offset, source.size - header.offset), type);
  checkFinite(values, path);
  const complex = type.kind === "complex";
  const data = header.fortranOrder ? fromFortran(values, shape, complex ? 2 : 1) : values;
  return { data, shape, dtype: descr, complex };
}

/** Elements of `parts` values in C order, from an array whose first index is the fastest. */
function fromFortran(values: Float32Array, shape: readonly number[], parts: number): Float32Array {
  const result = new Float32Array(values.length);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < values.length; to += parts) {
    for (let part = 0; part < parts; part++) result[to + part] = values[parts * from + part];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/**
 * Writes a real array as float32, complete or not at all.
 * @throws {InputError} when the path is not writable
 */
export async function writeNpy(path: string, { data, shape }: NdArray): Promise<void> {
  await writeFileWhole(path, concatBytes([npyHeader("<f4", shape), bytesOf(data)]));
}

/**
 * Writes a planar complex array `[..., 2, H, W]` as complex64 `(..., H, W)`, complete or not at
 * all.
 * @throws {InputError} when the path is not writable
 */
export async function writeNpyComplex(path: string, planar: NdArray): Promise<void> {
  const shape = planar.shape.toSpliced(-3, 1);
  await writeFileWhole(path, concatBytes([npyHeader("<c8", shape), bytesOf(interleave(planar))]));
}
