/** Writing HDF5 in the layouts of fastMRI and ISMRMRD. @module */
import { Buffer } from "node:buffer";
import { rename, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { InputError } from "../../errors.ts";
import { isFolder, partialName, reason, remove } from "../../host.ts";
import { sizeOf } from "../../ndarray.ts";
import { bytesOf } from "../bytes.ts";
import { H5T, type Hdf5Creation } from "./h5wasm.ts";
import { Hdf5File } from "./library.ts";

/** Character sets of strings in HDF5. */
const ASCII = 0, UTF8 = 1;
/** Bytes of a pointer in WebAssembly. */
const POINTER = 4;

/**
 * A file that is written under a temporary name. {@link finish} renames it; disposing of it before
 * that removes it.
 */
export class Hdf5Output implements AsyncDisposable {
  readonly file: Hdf5File;
  readonly #path: string;
  readonly #partial: string;

  private constructor(file: Hdf5File, path: string, partial: string) {
    this.file = file;
    this.#path = path;
    this.#partial = partial;
  }

  /**
   * @param template a file to begin with, gzipped, in base64; by default an empty one
   * @param mode permissions; default: those that the system gives
   */
  static async create(path: string, template?: string, mode?: number): Promise<Hdf5Output> {
    const partial = partialName(path);
    try {
      if (await isFolder(path)) {
        throw new Error("a file name is required, found a folder of that name");
      }
      // The message of libhdf5 would only say that it is unable to create the file.
      const start = template === undefined ? "" : gunzipSync(Buffer.from(template, "base64"));
      await writeFile(partial, start, { mode });
    } catch (cause) {
      await remove(partial).catch(() => {});
      throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
    }
    const use = template === undefined ? "create" : "edit";
    return new Hdf5Output(await Hdf5File.open(partial, use, path), path, partial);
  }

  async finish(): Promise<void> {
    this.file.finish();
    try {
      await rename(this.#partial, this.#path);
    } catch (cause) {
      throw new InputError(`Cannot write ${this.#path}: ${reason(cause)}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.file[Symbol.dispose]();
    await remove(this.#partial).catch(() => {});
  }
}

/** Type of the elements of a dataset. */
type Element = Omit<Hdf5Creation, "shape" | "maxshape" | "chunks">;

type Numbers = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };

/** The type of the elements of a typed array. */
export function elementOf(values: Numbers): Element {
  const size = values.BYTES_PER_ELEMENT;
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  const signed = isFloat || values instanceof Int16Array || values instanceof Int32Array;
  return { type: isFloat ? H5T.float : H5T.integer, size, signed, vlen: false };
}

/** Complex numbers of two such elements, with the names of their parts. */
export function complexOf(part: Element, names: readonly [string, string]): Element {
  return {
    type: H5T.compound,
    size: 2 * part.size,
    signed: false,
    vlen: false,
    compound_type: {
      nmembers: 2,
      members: names.map((name, n) => ({ ...part, name, offset: part.size * n, shape: [] })),
    },
  };
}

function creation(element: Element, shape: readonly number[]): Hdf5Creation {
  const sizes = shape.map(BigInt);
  return { ...element, shape: sizes, maxshape: sizes, chunks: null };
}

/**
 * Creates a dataset to be written index by index along its first axis; one index is one chunk.
 * @returns writes an index: `fill` puts the elements, little endian, into the bytes it is given
 */
export function createStack(
  file: Hdf5File,
  name: string,
  element: Element,
  shape: readonly number[],
): (index: number, fill: (target: Uint8Array<ArrayBuffer>) => void) => void {
  const full = shape.map(BigInt);
  const count = [1n, ...full.slice(1)];
  // h5wasm fills a dataset as it creates it, so it is created without extent, then enlarged.
  const empty = { ...element, shape: [0n, ...full.slice(1)], maxshape: full, chunks: count };
  file.call(`create ${name}`, (h5, id) => h5.create_dataset(id, name, 0n, empty));
  file.call(`create ${name}`, (h5, id) => h5.resize_dataset(id, name, full));
  const bytes = element.size * sizeOf(shape.slice(1));
  return (index, fill) =>
    file.withMemory(bytes, (pointer) => {
      fill(file.heap(pointer, bytes));
      const offset = [BigInt(index), ...shape.slice(1).map(() => 0n)];
      const strides = count.map(() => 1n);
      file.call(
        `write ${name}`,
        (h5, id) => h5.set_dataset_data(id, name, count, offset, strides, BigInt(pointer)),
      );
    });
}

/** Copies bytes into the library's heap for one call. */
function withBytes(file: Hdf5File, values: Numbers, use: (pointer: bigint) => void): void {
  const bytes = bytesOf(values);
  file.withMemory(Math.max(1, bytes.length), (pointer) => {
    file.heap(pointer, bytes.length).set(bytes);
    use(BigInt(pointer));
  });
}

/** Writes a whole dataset. */
export function writeDataset(
  file: Hdf5File,
  name: string,
  data: Numbers,
  shape: readonly number[],
): void {
  const created = creation(elementOf(data), shape);
  withBytes(file, data, (pointer) => {
    file.call(`write ${name}`, (h5, id) => h5.create_dataset(id, name, pointer, created));
  });
}

const text = (cset: number): Element => (
  { type: H5T.string, size: POINTER, signed: false, vlen: true, cset }
);

/** Writes a list of texts as C strings, which is what the ISMRMRD library reads. */
export function writeTexts(file: Hdf5File, name: string, texts: readonly string[]): void {
  const created = creation(text(ASCII), [texts.length]);
  file.call(`write ${name}`, (h5, id) => h5.create_vlen_str_dataset(id, name, [...texts], created));
}

/** Writes an attribute of the root group: a UTF-8 string, a float64 scalar or a float64 vector. */
export function writeAttribute(
  file: Hdf5File,
  name: string,
  value: string | number | readonly number[],
): void {
  const label = `write attribute ${name}`;
  if (typeof value === "string") {
    const created = creation(text(UTF8), []);
    file.call(label, (h5, id) => h5.create_vlen_str_attribute(id, "/", name, [value], created));
    return;
  }
  const values = Float64Array.from([value].flat());
  const created = creation(elementOf(values), typeof value === "number" ? [] : [values.length]);
  withBytes(file, values, (pointer) => {
    file.call(label, (h5, id) => h5.create_attribute(id, "/", name, pointer, created));
  });
}
