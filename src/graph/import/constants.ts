/** Constants from ONNX TensorProto, in all of its ways to store numbers. @module */
import { bfloat16, float16 } from "../../host.ts";
import { sizeOf } from "../../ndarray.ts";
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
type Storage = readonly [
  dtype: DType,
  bytes: number,
  raw: (view: DataView, at: number) => number | bigint,
  field: (tensor: TensorProto) => ArrayLike<number | bigint>,
];

/** float32 in TensorProto.DataType. */
const FLOAT = 1;

const ints = (tensor: TensorProto) => tensor.int32Data;

/** By number in TensorProto.DataType. float16 and bfloat16 are widened, small integers too. */
const storages: Readonly<Record<number, Storage>> = {
  1: ["float32", 4, (v, i) => v.getFloat32(i, true), (t) => t.floatData],
  2: ["uint8", 1, (v, i) => v.getUint8(i), ints],
  3: ["int32", 1, (v, i) => v.getInt8(i), ints],
  4: ["int32", 2, (v, i) => v.getUint16(i, true), ints],
  5: ["int32", 2, (v, i) => v.getInt16(i, true), ints],
  6: ["int32", 4, (v, i) => v.getInt32(i, true), ints],
  7: ["int64", 8, (v, i) => v.getBigInt64(i, true), (t) => t.int64Data],
  9: ["bool", 1, (v, i) => v.getUint8(i), ints],
  10: ["float32", 2, (v, i) => float16(v.getUint16(i, true)), (t) => t.int32Data.map(float16)],
  11: ["float64", 8, (v, i) => v.getFloat64(i, true), (t) => t.doubleData],
  12: ["int64", 4, (v, i) => v.getUint32(i, true), (t) => t.uint64Data],
  13: ["int64", 8, (v, i) => v.getBigInt64(i, true), (t) => t.uint64Data],
  16: ["float32", 2, (v, i) => bfloat16(v.getUint16(i, true)), (t) => t.int32Data.map(bfloat16)],
};

/**
 * Our element type for one of ONNX's: float16 becomes float32, small integers int32.
 * @throws {TypeError} for strings, complex numbers and other types a graph cannot hold
 */
export function dtypeFrom(onnxType: number): DType {
  const storage = storages[onnxType];
  if (storage !== undefined) return storage[0];
  throw new TypeError(
    `Cannot use element type ${onnxType} of ONNX: a float, an integer or bool is required`,
  );
}

/**
 * A tensor of a model as a constant.
 * @throws {TypeError} for an element type that a graph cannot hold, or for external data without a
 * loader
 * @throws {RangeError} when the number of elements is not what the shape says
 */
export function constantFrom(tensor: TensorProto, external?: ExternalLoader): Tensor<"Constant"> {
  const dtype = dtypeFrom(tensor.dataType);
  const [, bytes, read, field] = storages[tensor.dataType];
  const shape = tensor.dims.map(Number);
  if (shape.some((size) => size < 0)) {
    throw new RangeError(
      `Cannot read tensor ${tensor.name}: negative size in ${formatShape(shape)}`,
    );
  }
  const raw = isExternal(tensor) ? loadExternal(tensor, external) : tensor.rawData;
  const isRaw = raw.length > 0;
  const count = isRaw ? raw.length / bytes : field(tensor).length;
  if (count !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot read tensor ${tensor.name} of shape ${formatShape(shape)}: ` +
        `${sizeOf(shape)} elements are required, found ${count}`,
    );
  }
  if (isRaw && tensor.dataType === FLOAT) {
    return constantOf(new Float32Array(raw.slice().buffer), shape); // a copy, which is aligned
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = isRaw
    ? Array.from({ length: count }, (_, i) => read(view, i * bytes))
    : field(tensor);
  return constantOf(typedData(dtype, values), shape, dtype);
}

const isExternal = ({ externalData, dataLocation }: TensorProto) =>
  externalData.length > 0 || dataLocation === 1;

/** What a tensor says of its data in another file. */
const entryOf = ({ externalData }: TensorProto, name: "location" | "offset" | "length") =>
  externalData.find(({ key }) => key === name)?.value;

/** Bytes that weights in other files have in all, as the model says, before any is read. */
export function externalBytes(tensors: readonly TensorProto[]): number {
  const sizes = tensors.filter(isExternal).map((tensor) => {
    const [, bytes = 0] = storages[tensor.dataType] ?? [];
    const length = Number(entryOf(tensor, "length"));
    return Number.isSafeInteger(length) ? length : bytes * sizeOf(tensor.dims.map(Number));
  });
  return sizes.reduce((sum, size) => size > 0 ? sum + size : sum, 0);
}

function loadExternal(tensor: TensorProto, external?: ExternalLoader): Uint8Array {
  const location = entryOf(tensor, "location") ?? "";
  if (external === undefined) {
    throw new TypeError(
      `Cannot read tensor ${tensor.name}: its data is in another file (${location}), ` +
        `and only models in one file are read here`,
    );
  }
  const length = entryOf(tensor, "length");
  const count = length === undefined ? undefined : Number(length);
  return external(location, Number(entryOf(tensor, "offset") ?? 0), count);
}
