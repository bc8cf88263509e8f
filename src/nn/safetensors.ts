/**
 * The safetensors format (Hugging Face, format description in its README): a length, a JSON header,
 * and raw little-endian data. Checkpoints are kept in it, and weights of PyTorch models come in it.
 * @module
 */
import { bfloat16, float16 } from "../host.ts";
import { InputError } from "../errors.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";

/** Bytes of the header's length. */
const LENGTH_BYTES = 8;
/** Longest header that the reference implementation accepts. */
const MAX_HEADER = 100_000_000;

/** Tensors by name, and free texts. */
export interface TensorFile {
  /** float32 arrays; float64, float16 and bfloat16 are converted. */
  readonly tensors: Readonly<Record<string, NdArray>>;
  /** Texts that the file carries. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes float32 tensors as safetensors. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    const start = end;
    end += data.byteLength;
    header[name] = { dtype: "F32", shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES;
  let at = LENGTH_BYTES + padded;
  // Spaces bring the data to a multiple of 8, as the reference implementation does.
  const bytes = new Uint8Array(at + end).fill(0x20, LENGTH_BYTES, at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, LENGTH_BYTES);
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads safetensors.
 * @param name of the file, for messages
 * @throws {InputError} when the bytes are not safetensors of floating-point numbers
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): TensorFile {
  const fail = (why: string, cause?: unknown): InputError =>
    new InputError(`Cannot read ${name} as safetensors: ${why}`, { cause });
  if (bytes.length < LENGTH_BYTES) {
    throw fail(`${LENGTH_BYTES} bytes are required, found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || LENGTH_BYTES + length > bytes.length) {
    throw fail(`its header would be ${length} bytes long, found ${bytes.length} in all`);
  }
  const data = bytes.subarray(LENGTH_BYTES + length);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(
      new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)),
    );
  } catch (cause) {
    throw fail("its header is not JSON", cause);
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries).map(([key, entry]) => {
    if (!isEntry(entry)) throw fail(`the entry of ${key} makes no sense`);
    return [key, decodeEntry(key, entry, data, fail)] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function isEntry(entry: unknown): entry is Entry {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Partial<Entry>;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === "string" && counts(shape) && counts(data_offsets) &&
    data_offsets.length === 2;
}

/** Bytes of a number and how it is read, by type. */
const DTYPES: Readonly<Record<string, [number, (view: DataView, at: number) => number]>> = {
  F32: [4, (view, at) => view.getFloat32(at, true)],
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F16: [2, (view, at) => float16(view.getUint16(at, true))],
  BF16: [2, (view, at) => bfloat16(view.getUint16(at, true))],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
};

function decodeEntry(
  key: string,
  { dtype, shape, data_offsets: [start, end] }: Entry,
  data: Uint8Array,
  fail: (why: string) => InputError,
): NdArray {
  const known = DTYPES[dtype];
  if (known === undefined) {
    throw fail(`${key} must be of ${Object.keys(DTYPES).join(", ")}, found ${dtype}`);
  }
  const [size, read] = known;
  const count = sizeOf(shape);
  if (end > data.length || end - start !== count * size) {
    const found = Math.min(end, data.length) - start;
    throw fail(`${key} [${shape}] takes ${count * size} bytes, found ${found}`);
  }
  const view = new DataView(data.buffer, data.byteOffset + start, end - start);
  return ndarray(Float32Array.from({ length: count }, (_, i) => read(view, i * size)), shape);
}
