/**
 * Creating HDF5 datasets and attributes: no more than the fastMRI and ISMRMRD layouts need.
 * @module
 */
import { sizeOf } from "../../ndarray.ts";
import { H5T, type Hdf5Creation, type Hdf5File } from "./library.ts";

/** HDF5's code for UTF-8 strings. */
const UTF8 = 1;
/** Bytes of a complex64 element. */
const COMPLEX64 = 8;
/** A pointer to a string, in WebAssembly. */
const POINTER = 4;

const float = (size: number) => ({ type: H5T.float, size, signed: true, vlen: false });
const complexOf = (size: number, names: readonly [string, string]) => ({
  type: H5T.compound,
  size: 2 * size,
  signed: false,
  vlen: false,
  compound_type: {
    nmembers: 2,
    members: names.map((name, n) => ({ ...float(size), name, offset: size * n, shape: [] })),
  },
});
const complex64 = complexOf(4, ["r", "i"]);

/** Type of the elements of a dataset. */
export type Element = Omit<Hdf5Creation, "shape" | "maxshape" | "chunks">;

/** The type of the pixels of an ISMRMRD image; complex ones have the members real and imag. */
export function pixelElement(
  pixels: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number },
  complex: boolean,
): Element {
  const size = pixels.BYTES_PER_ELEMENT;
  if (complex) return complexOf(size, ["real", "imag"]);
  if (pixels instanceof Float32Array || pixels instanceof Float64Array) return float(size);
  const signed = pixels instanceof Int16Array || pixels instanceof Int32Array;
  return { type: H5T.integer, size, signed, vlen: false };
}

function creation(element: Element, shape: readonly number[]): Hdf5Creation {
  const sizes = shape.map(BigInt);
  return { ...element, shape: sizes, maxshape: sizes, chunks: null };
}

/** Copies bytes into the library's heap for one call. */
function withBytes<T>(file: Hdf5File, bytes: Uint8Array, use: (pointer: bigint) => T): T {
  return file.withMemory(Math.max(1, bytes.length), (pointer) => {
    file.heap(pointer, bytes.length).set(bytes);
    return use(BigInt(pointer));
  });
}

/**
 * Creates a complex64 dataset (members r and i, as h5py has it) to be filled index by index along
 * its first axis; one index is one chunk.
 * @throws {InputError} when it cannot be written
 */
export function createComplex(file: Hdf5File, name: string, shape: readonly number[]): void {
  createStack(file, name, complex64, shape);
}

/**
 * Creates a dataset to be filled index by index along its first axis; one index is one chunk.
 * @throws {InputError} when it cannot be written
 */
export function createStack(
  file: Hdf5File,
  name: string,
  element: Element,
  shape: readonly number[],
): void {
  const full = shape.map(BigInt);
  // h5wasm fills a dataset as it creates it, so it is created without extent, then enlarged.
  const empty = [0n, ...full.slice(1)];
  const chunks = [1n, ...full.slice(1)];
  file.call(
    `create ${name}`,
    (h5, id) =>
      h5.create_dataset(id, name, 0n, { ...element, shape: empty, maxshape: full, chunks }),
  );
  file.call(`create ${name}`, (h5, id) => h5.resize_dataset(id, name, full));
}

/**
 * Writes one index of the first axis of a complex64 dataset.
 * @param fill puts re, im side by side into the array it is given
 * @throws {InputError} when it cannot be written
 */
export function writeComplex(
  file: Hdf5File,
  name: string,
  shape: readonly number[],
  index: number,
  fill: (target: Float32Array) => void,
): void {
  const bytes = COMPLEX64 * sizeOf(shape.slice(1));
  writeIndex(file, name, shape, index, bytes, (heap) => {
    fill(new Float32Array(heap.buffer, heap.byteOffset, heap.byteLength / 4));
  });
}

/**
 * Writes one index of the first axis of a dataset.
 * @param bytes of that part
 * @param fill puts the elements, little endian, into the bytes it is given
 * @throws {InputError} when it cannot be written
 */
export function writeIndex(
  file: Hdf5File,
  name: string,
  shape: readonly number[],
  index: number,
  bytes: number,
  fill: (target: Uint8Array<ArrayBuffer>) => void,
): void {
  const count = [1, ...shape.slice(1)];
  file.withMemory(bytes, (pointer) => {
    fill(file.heap(pointer, bytes));
    const offset = [BigInt(index), ...shape.slice(1).map(() => 0n)];
    file.call(`write ${name}`, (h5, id) =>
      h5.set_dataset_data(
        id,
        name,
        count.map(BigInt),
        offset,
        count.map(() => 1n),
        BigInt(pointer),
      ));
  });
}

/**
 * Writes a whole dataset: float32, or uint8.
 * @throws {InputError} when it cannot be written
 */
export function writeDataset(
  file: Hdf5File,
  name: string,
  data: Float32Array | Uint8Array,
  shape: readonly number[],
): void {
  const element = data instanceof Float32Array
    ? float(4)
    : { type: H5T.integer, size: 1, signed: false, vlen: false };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  withBytes(file, bytes, (pointer) =>
    file.call(
      `write ${name}`,
      (h5, id) => h5.create_dataset(id, name, pointer, creation(element, shape)),
    ));
}

/**
 * Writes an attribute of the root group: a UTF-8 string, a float64 scalar or a float64 vector.
 * @throws {InputError} when it cannot be written
 */
export function writeAttribute(
  file: Hdf5File,
  name: string,
  value: string | number | readonly number[],
): void {
  const label = `write attribute ${name}`;
  if (typeof value === "string") {
    const text = { type: H5T.string, size: POINTER, signed: false, vlen: true, cset: UTF8 };
    file.call(
      label,
      (h5, id) => h5.create_vlen_str_attribute(id, "/", name, [value], creation(text, [])),
    );
    return;
  }
  const shape = typeof value === "number" ? [] : [value.length];
  const bytes = new Uint8Array(Float64Array.from([value].flat()).buffer);
  withBytes(file, bytes, (pointer) =>
    file.call(
      label,
      (h5, id) => h5.create_attribute(id, "/", name, pointer, creation(float(8), shape)),
    ));
}
