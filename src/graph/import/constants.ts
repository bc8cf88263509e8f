/** ONNX TensorProto to constants, whatever way their numbers are stored. @module */
import { sizeOf } from "../../ndarray.ts";
import type { ConstantData } from "../ops/attributes.ts";
import { constantOf, typedData } from "../ops/leaf.ts";
import type { TensorProto } from "../proto.ts";
import { formatShape } from "../shapes.ts";
import type { DType, Tensor } from "../tensor.ts";

/**
 * Reads a part of a file that holds the weights of a model.
 * @param location path relative to the model's folder, as the model gives it
 * @param offset first byte
 * @param length number of bytes; undefined for all that follow
 */
export type ExternalLoader = (
  location: string,
  offset: number,
  length: number | undefined,
) => Uint8Array;

/** How one ONNX element type is read: from raw bytes, or from the field that holds it otherwise. */
interface Storage {
  readonly dtype: DType;
  readonly bytes: number;
  raw(view: DataView, at: number): number | bigint;
  typed(tensor: TensorProto): ArrayLike<number | bigint>;
}

const ints = (tensor: TensorProto) => tensor.int32Data;

/** By number in TensorProto.DataType. float16 and bfloat16 are widened, small integers too. */
const storages: Readonly<Record<number, Storage>> = {
  1: {
    dtype: "float32",
    bytes: 4,
    raw: (v, i) => v.getFloat32(i, true),
    typed: (t) => t.floatData,
  },
  2: { dtype: "uint8", bytes: 1, raw: (v, i) => v.getUint8(i), typed: ints },
  3: { dtype: "int32", bytes: 1, raw: (v, i) => v.getInt8(i), typed: ints },
  4: { dtype: "int32", bytes: 2, raw: (v, i) => v.getUint16(i, true), typed: ints },
  5: { dtype: "int32", bytes: 2, raw: (v, i) => v.getInt16(i, true), typed: ints },
  6: { dtype: "int32", bytes: 4, raw: (v, i) => v.getInt32(i, true), typed: ints },
  7: { dtype: "int64", bytes: 8, raw: (v, i) => v.getBigInt64(i, true), typed: (t) => t.int64Data },
  9: { dtype: "bool", bytes: 1, raw: (v, i) => v.getUint8(i), typed: ints },
  10: {
    dtype: "float32",
    bytes: 2,
    raw: (v, i) => float16(v.getUint16(i, true)),
    typed: (t) => t.int32Data.map(float16),
  },
  11: {
    dtype: "float64",
    bytes: 8,
    raw: (v, i) => v.getFloat64(i, true),
    typed: (t) => t.doubleData,
  },
  12: { dtype: "int64", bytes: 4, raw: (v, i) => v.getUint32(i, true), typed: (t) => t.uint64Data },
  13: {
    dtype: "int64",
    bytes: 8,
    raw: (v, i) => v.getBigInt64(i, true),
    typed: (t) => t.uint64Data,
  },
  16: {
    dtype: "float32",
    bytes: 2,
    raw: (v, i) => bfloat16(v.getUint16(i, true)),
    typed: (t) => t.int32Data.map(bfloat16),
  },
};

/**
 * Our element type for one of ONNX's: float16 becomes float32, small integers int32.
 * @throws {TypeError} for strings, complex numbers and other types a graph cannot hold
 */
export function dtypeFrom(onnxType: number): DType {
  const storage = storages[onnxType];
  if (storage === undefined) {
    throw new TypeError(
      `Cannot use element type ${onnxType} of ONNX: a float, an integer or bool is required`,
    );
  }
  return storage.dtype;
}

/**
 * A tensor of a model as a constant.
 * @throws {TypeError} for an element type that a graph cannot hold, or for external data without a
 * loader
 * @throws {RangeError} when the number of elements is not what the shape says
 */
export function constantFrom(tensor: TensorProto, external?: ExternalLoader): Tensor<"Constant"> {
  const dtype = dtypeFrom(tensor.dataType);
  const storage = storages[tensor.dataType];
  const shape = tensor.dims.map(Number);
  if (shape.some((size) => size < 0)) {
    throw new RangeError(
      `Cannot read tensor ${tensor.name}: negative size in ${formatShape(shape)}`,
    );
  }
  const isExternal = tensor.externalData.length > 0 || tensor.dataLocation === 1;
  const raw = isExternal ? loadExternal(tensor, external) : tensor.rawData;
  const count = raw.length > 0 ? raw.length / storage.bytes : storage.typed(tensor).length;
  if (count !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot read tensor ${tensor.name} of shape ${formatShape(shape)}: ` +
        `${sizeOf(shape)} elements are required, found ${count}`,
    );
  }
  const data = raw.length > 0 ? fromRaw(raw, storage, count) : fromFields(tensor, storage);
  return constantOf(data, shape, dtype);
}

function fromRaw(raw: Uint8Array, storage: Storage, count: number): ConstantData {
  if (storage.bytes === 4 && storage.dtype === "float32") {
    return new Float32Array(raw.slice().buffer); // a copy, because the bytes may not be aligned
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const at = (_: unknown, i: number) => storage.raw(view, i * storage.bytes);
  return storage.dtype === "int64"
    ? BigInt64Array.from({ length: count }, (_, i) => BigInt(at(_, i)))
    : typedData(storage.dtype, Array.from({ length: count }, at) as number[]);
}

function fromFields(tensor: TensorProto, storage: Storage): ConstantData {
  const values = storage.typed(tensor);
  return storage.dtype === "int64"
    ? BigInt64Array.from(values as ArrayLike<bigint>)
    : typedData(storage.dtype, values as ArrayLike<number>);
}

function loadExternal(tensor: TensorProto, external?: ExternalLoader): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  if (external === undefined) {
    throw new TypeError(
      `Cannot read tensor ${tensor.name}: its data is in another file (${location}), ` +
        `and only models in one file are read here`,
    );
  }
  const length = entries.get("length");
  const bytes = external(
    location,
    Number(entries.get("offset") ?? 0),
    length === undefined ? undefined : Number(length),
  );
  return bytes;
}

/** IEEE half precision from its 16 bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function bfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of((bits & 0xffff) << 16).buffer)[0];
}
