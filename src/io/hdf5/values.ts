/** Small values of an open HDF5 file: numbers, texts, attributes. @module */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../ndarray.ts";
import { numberGetter } from "../bytes.ts";
import { type DatasetInfo, readSlab } from "./dataset.ts";
import { H5T, type Hdf5Metadata } from "./h5wasm.ts";
import type { Hdf5File } from "./library.ts";

/** Largest mask, header or attribute that is read. */
const MAX_WHOLE_BYTES = 1 << 24;

/**
 * Reads a small dataset of numbers, booleans included, or a part of a larger one.
 * @param part the first element along each axis, and how many; default all
 */
export function readNumbers(
  file: Hdf5File,
  info: DatasetInfo,
  part?: { readonly offset: readonly number[]; readonly count: readonly number[] },
): number[] {
  const { shape } = info;
  const { offset, count } = part ?? { offset: shape.map(() => 0), count: shape };
  checkWhole(file, info.name, { ...info.metadata, shape: [...count] });
  if (sizeOf(count) === 0) return [];
  const use = (bytes: Uint8Array<ArrayBuffer>) => numbersOf(bytes, info.metadata);
  const values = shape.length === 0
    ? readScalar(file, info, use)
    : readSlab(file, info, offset, count, use);
  if (values !== undefined) return values;
  throw new InputError(
    `Cannot read ${file.path}: numbers are required for ${info.name}, found ${info.type}`,
  );
}

/** Reads a dataset that holds one string; undefined when it holds something else. */
export function readText(file: Hdf5File, info: DatasetInfo): string | undefined {
  if (info.metadata.type !== H5T.string || sizeOf(info.shape) !== 1) return undefined;
  checkWhole(file, info.name, info.metadata);
  return readScalar(
    file,
    info,
    (bytes, pointer) => textOf(file, info.name, "", info.metadata, bytes, pointer),
  );
}

function readScalar<T>(
  file: Hdf5File,
  { name, size }: DatasetInfo,
  use: (bytes: Uint8Array<ArrayBuffer>, pointer: number) => T,
): T {
  return file.withMemory(size, (pointer) => {
    const at = BigInt(pointer);
    file.call(`read ${name}`, (h5, id) => h5.get_dataset_data(id, name, null, null, null, at));
    return use(file.heap(pointer, size), pointer);
  });
}

type AttributeValue = number[] | string | undefined;

/** Reads an attribute of the root group or of a dataset; undefined: absent, or of another kind. */
export function readAttribute(file: Hdf5File, name: string, of = "/"): AttributeValue {
  const label = `read attribute ${name}`;
  const names = file.call(label, (h5, id) => h5.get_attribute_names(id, of));
  if (!names.includes(name)) return undefined;
  const metadata = file.call(label, (h5, id) => h5.get_attribute_metadata(id, of, name));
  const count = metadata.shape === null ? 0 : sizeOf(metadata.shape);
  const isText = metadata.type === H5T.string;
  if (count === 0 || (isText && count > 1)) return undefined;
  checkWhole(file, `attribute ${name}`, metadata);
  const bytes = metadata.size * count;
  return file.withMemory(bytes, (pointer) => {
    file.call(label, (h5, id) => h5.get_attribute_data(id, of, name, BigInt(pointer)));
    const heap = file.heap(pointer, bytes);
    return isText ? textOf(file, of, name, metadata, heap, pointer) : numbersOf(heap, metadata);
  });
}

function checkWhole(file: Hdf5File, name: string, { size, shape }: Hdf5Metadata): void {
  const bytes = size * sizeOf(shape ?? []);
  if (bytes <= MAX_WHOLE_BYTES) return;
  throw new InputError(
    `Cannot read ${file.path}: at most ${MAX_WHOLE_BYTES} bytes are possible for ${name}, ` +
      `found ${bytes}`,
  );
}

/** The string in place, or behind a pointer of variable length, which is freed. */
function textOf(
  file: Hdf5File,
  path: string,
  attribute: string,
  { vlen }: Hdf5Metadata,
  bytes: Uint8Array<ArrayBuffer>,
  pointer: number,
): string {
  if (!vlen) return new TextDecoder().decode(bytes).replace(/[\0 ]+$/, "").split("\0")[0];
  const target = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return file.call(`read ${path}`, (h5, id) => {
    const text = h5.UTF8ToString(target);
    h5.reclaim_vlen_memory(id, path, attribute, BigInt(pointer));
    return text;
  });
}

/** Little-endian numbers of an integer, float or enumerated type; undefined for other types. */
function numbersOf(
  bytes: Uint8Array<ArrayBuffer>,
  { type, size, signed }: Hdf5Metadata,
): number[] | undefined {
  if (type !== H5T.float && type !== H5T.integer && type !== H5T.enum) return undefined;
  const kind = type === H5T.float ? "float" : signed ? "int" : "uint";
  const get = numberGetter(bytes, kind, size, true);
  return get && Array.from({ length: bytes.length / size }, (_, i) => get(i * size));
}
