/** Inputs and constants. @module */
import { apply } from "../apply.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import type { SomeRules } from "../rule.ts";
import { toInt64 } from "../shapes.ts";
import { type DType, type Shape, Tensor } from "../tensor.ts";
import type { ConstantData } from "./attributes.ts";

/** Rules of inputs and constants, whose types are given, not inferred. */
export const leafRules = {
  Input: { infer: () => unreachable("Input"), vjp: "zero" },
  Constant: { infer: () => unreachable("Constant"), vjp: "zero" },
  Identity: { infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }), vjp: (ct) => [ct] },
} satisfies SomeRules;

function unreachable(op: string): never {
  throw new TypeError(`Cannot infer the type of ${op}: it has its type from the start`);
}

/**
 * A value that is fed when the graph runs.
 * @throws {RangeError} when a size is not a positive whole number
 */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor<"Input"> {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new RangeError(`Cannot make input ${name} of shape [${shape}]: positive sizes required`);
  }
  return new Tensor("Input", [], { name }, { dtype, shape });
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
};

/** Element type of typed data. Bytes are `uint8`; `bool` has to be said. */
export function dtypeOfData(data: ConstantData): DType {
  const types = Object.keys(ARRAYS) as (keyof typeof ARRAYS)[];
  return types.find((dtype) => data instanceof ARRAYS[dtype])!;
}

/**
 * A value known when the graph is built. Bytes hold `uint8`, or `bool` if `dtype` is that.
 * @throws {RangeError} when the shape does not hold exactly the elements of `data`
 */
export function constantOf(data: ConstantData, shape: Shape, dtype?: DType): Tensor<"Constant"> {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`Cannot make a constant of shape [${shape}] from ${data.length} elements`);
  }
  return new Tensor("Constant", [], { data }, { dtype: dtype ?? dtypeOfData(data), shape });
}

/**
 * A float32 array as a constant.
 * @param name what an ONNX file calls it, for example the path of a parameter
 */
export function constant({ data, shape }: NdArray, name?: string): Tensor<"Constant"> {
  const attributes = { data: ndarray(data, shape).data, name };
  return new Tensor("Constant", [], attributes, { dtype: "float32", shape });
}

/** Numbers as typed data of an element type; integer types cut fractions off. */
export function typedData(dtype: DType, values: ArrayLike<number | bigint>): ConstantData {
  if (dtype === "int64") return BigInt64Array.from(values, toInt64);
  return ARRAYS[dtype === "bool" ? "uint8" : dtype].from(values as ArrayLike<number>);
}

/** A float32 constant without axes. */
export function scalar(value: number): Tensor<"Constant"> {
  return constantOf(Float32Array.of(value), []);
}

/** A tensor, or a number that is made one. */
export type TensorLike = Tensor | number;

/** The tensor itself, or a number as a constant of the same element type as `like`. */
export function asTensor(value: TensorLike, like?: Tensor): Tensor {
  if (typeof value !== "number") return value;
  if (like === undefined || like.dtype === "float32") return scalar(value);
  if (like.dtype !== "float64" && !Number.isInteger(value)) {
    throw new TypeError(`Cannot combine ${like.dtype} and ${value}: a whole number is required`);
  }
  return constantOf(typedData(like.dtype, [value]), [], like.dtype);
}

/** The same value as a new node. */
export function identity(x: Tensor): Tensor {
  return apply("Identity", [x], {});
}
