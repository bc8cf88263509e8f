/**
 * NumPy .npy files: k-space read slice by slice, images, small arrays (masks, maps), and writing.
 * @module
 */
import { promiseTry } from "../../host.ts";
import { InputError } from "../../errors.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { writeFileWhole } from "../atomic.ts";
import { allocate, type ByteSource, decode, openBytes } from "../bytes.ts";
import {
  checkFinite,
  checkSlice,
  interleave,
  planarStrided,
  type Strides,
  withZeroImaginary,
} from "../planar.ts";
import { type NpyHeader, npyHeader, readNpyHeader } from "./header.ts";
import type { ImageFile, KspaceFile } from "../types.ts";

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

/** Bytes read at once when the elements of a slice lie scattered over the file. */
const GATHER_BYTES = 1 << 22;

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
    return new NpyKspace(source, header);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

function checkKspace(path: string, { type, shape, descr }: NpyHeader): void {
  if (type.kind !== "complex") {
    throw new InputError(
      `Cannot read ${path} as k-space: complex64 or complex128 is required, found ${descr}`,
      { hint: "To simulate k-space from an image, use --simulate" },
    );
  }
  if (shape.length < 2) {
    throw new InputError(
      `Cannot read ${path} as k-space: the axes ([slice,] [coil,] readout, phase) are required, ` +
        `found shape (${shape})`,
    );
  }
}

class NpyKspace implements KspaceFile {
  readonly format = "npy";
  readonly transposed = true;
  readonly path: string;
  readonly axes: string;
  readonly slices: number;
  readonly coils: number;
  readonly height: number;
  readonly width: number;
  readonly #source: ByteSource;
  readonly #header: NpyHeader;

  constructor(source: ByteSource, header: NpyHeader) {
    const axes = header.shape.slice(-3);
    this.path = source.path;
    this.height = axes[axes.length - 1];
    this.width = axes[axes.length - 2];
    this.coils = axes.length === 3 ? axes[0] : 1;
    this.slices = sizeOf(header.shape.slice(0, -3));
    const names = ["slice", "coil", "readout", "phase"].slice(-Math.min(header.shape.length, 4));
    const sizes = [this.slices, this.coils, this.width, this.height].slice(-names.length);
    this.axes = names.map((name, i) => `${name} ${sizes[i]}`).join(", ");
    this.#source = source;
    this.#header = header;
  }

  readSlice(index: number): Promise<NdArray> {
    // Each read is synchronous; the promise is the contract's, for readers that must wait.
    return promiseTry(() => {
      const { coils, height, width } = this;
      const strides: Strides = this.#header.fortranOrder
        ? { coil: 1, row: coils * width, column: coils }
        : { coil: width * height, row: 1, column: height };
      const values = readBlock(this.#source, this.#header, index, this.slices);
      const from = { source: this.path, slice: index };
      return planarStrided(values, [coils, height, width], strides, from);
    });
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }
}

/**
 * The elements of one of `count` blocks (a slice: the leading axes fixed), in the file's own order.
 */
function readBlock(
  source: ByteSource,
  header: NpyHeader,
  index: number,
  count: number,
): Float32Array {
  const { type, shape, fortranOrder, offset } = header;
  checkSlice(index, count);
  const elements = sizeOf(shape) / count;
  if (!fortranOrder || count === 1) {
    const bytes = elements * type.bytes;
    return decode(source.read(offset + index * bytes, bytes), type);
  }
  return decode(gather(source, header, fortranIndex(index, shape, count), count), type);
}

/** The elements first, first + stride, first + 2 stride, ... of the file, read run by run. */
function gather(
  source: ByteSource,
  { type, shape, offset }: NpyHeader,
  first: number,
  stride: number,
): Uint8Array<ArrayBuffer> {
  const elements = sizeOf(shape) / stride;
  const gathered = allocate(source.path, elements * type.bytes);
  const perRead = Math.max(1, Math.floor(GATHER_BYTES / (stride * type.bytes)));
  for (let done = 0; done < elements; done += perRead) {
    const now = Math.min(perRead, elements - done);
    // The last element of a run ends the run: what lies behind it may be past the end of the file.
    const span = ((now - 1) * stride + 1) * type.bytes;
    const run = source.read(offset + (done * stride + first) * type.bytes, span);
    const target = gathered.subarray(done * type.bytes, (done + now) * type.bytes);
    if (type.bytes % 4 === 0) {
      copyStrided(words(run), words(target), type.bytes / 4, stride);
    } else {
      copyStrided(run, target, type.bytes, stride);
    }
  }
  return gathered;
}

/** Four bytes at a time: as integers, so that no bit of a NaN changes. */
function words({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** Every `stride`-th element of `width` units. */
function copyStrided<T extends Uint8Array | Uint32Array>(
  from: T,
  to: T,
  width: number,
  stride: number,
): void {
  for (let unit = 0; unit < width; unit++) {
    for (let at = unit, i = unit; i < to.length; i += width, at += stride * width) to[i] = from[at];
  }
}

/** Position, first axis fastest, of the leading indices that are number `index` in C order. */
function fortranIndex(index: number, shape: readonly number[], count: number): number {
  let position = 0;
  let stride = count;
  // The leading axes are those whose sizes multiply to count; axes of size 1 change nothing.
  const leading = leadingAxes(shape, count);
  for (let axis = leading - 1; axis >= 0; axis--) {
    stride /= shape[axis];
    position += (index % shape[axis]) * stride;
    index = Math.floor(index / shape[axis]);
  }
  return position;
}

function leadingAxes(shape: readonly number[], count: number): number {
  let axes = 0;
  for (let product = 1; product < count; axes++) product *= shape[axes];
  return axes;
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
      throw new InputError(
        `Cannot read ${path} as an image: the axes ([slice,] row, column) are required, ` +
          `found shape (${shape})`,
      );
    }
    return imageFile(source, header);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

function imageFile(source: ByteSource, header: NpyHeader): ImageFile {
  const { path } = source;
  const [rows, columns] = header.shape.slice(-2);
  const slices = sizeOf(header.shape.slice(0, -2));
  const complex = header.type.kind === "complex";
  const strides: Strides = header.fortranOrder
    ? { coil: 0, row: 1, column: rows }
    : { coil: 0, row: columns, column: 1 };
  return {
    path,
    format: "npy",
    slices,
    rows,
    columns,
    complex,
    readSlice: (index) =>
      promiseTry(() => {
        const stored = readBlock(source, header, index, slices);
        const values = complex ? stored : withZeroImaginary(stored);
        const from = { source: path, slice: index };
        const { data } = planarStrided(values, [1, rows, columns], strides, from);
        return ndarray(data, [2, rows, columns]);
      }),
    [Symbol.dispose]: () => source[Symbol.dispose](),
  };
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
  const values = readBlock(source, header, 0, 1);
  checkFinite(values, path);
  const complex = type.kind === "complex";
  const data = header.fortranOrder ? fromFortran(values, shape, complex ? 2 : 1) : values;
  return { data, shape, dtype: descr, complex };
}

/** C order from first-index-fastest order, for elements of `parts` values. */
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
 * Writes a real array as float32, whole or not at all.
 * @throws {InputError} when the path is not writable
 */
export async function writeNpy(path: string, { data, shape }: NdArray): Promise<void> {
  await writeFileWhole(path, joined(npyHeader("<f4", shape), data));
}

/**
 * Writes a planar complex array `[..., 2, H, W]` as complex64 `(..., H, W)`, whole or not at all.
 * @throws {InputError} when the path is not writable
 */
export async function writeNpyComplex(path: string, planar: NdArray): Promise<void> {
  const shape = planar.shape.toSpliced(-3, 1);
  await writeFileWhole(path, joined(npyHeader("<c8", shape), interleave(planar)));
}

function joined(header: Uint8Array<ArrayBuffer>, data: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}
