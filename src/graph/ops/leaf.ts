/** Values that come from outside: inputs and constants. @module */
import { apply } from "../apply.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import type { RuleTable } from "../rule.ts";
import type { DType, Shape, Tensor } from "../tensor.ts";
import { Tensor as TensorNode } from "../tensor.ts";
import type { ConstantData } from "./attributes.ts";

/** Rules of the leaves: their types are given, not inferred, and nothing flows back further. */
export const leafRules: RuleTable<"Input" | "Constant" | "Identity"> = {
  Input: { infer: () => unreachable("Input"), vjp: "zero" },
  Constant: { infer: () => unreachable("Constant"), vjp: "zero" },
  Identity: {
    infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
    vjp: (ct) => [ct],
  },
};

function unreachable(op: string): never {
  throw new TypeError(`Cannot infer the type of ${op}: it is given when it is made`);
}

/**
 * A value that is fed when the graph runs.
 * @throws {RangeError} when a size is not a positive whole number
 */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor<"Input"> {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new RangeError(`Cannot make input ${name} of shape [${shape}]: positive sizes required`);
  }
  return new TensorNode("Input", [], { name }, { dtype, shape });
}

const dtypeOfData = (data: ConstantData): DType =>
  data instanceof Float32Array
    ? "float32"
    : data instanceof Float64Array
    ? "float64"
    : data instanceof Int32Array
    ? "int32"
    : data instanceof BigInt64Array
    ? "int64"
    : "uint8";

/**
 * A value known when the graph is built. Bytes hold `uint8`, or `bool` where `dtype` says so.
 * @throws {RangeError} when the shape does not hold exactly the elements of `data`
 */
export function constantOf(data: ConstantData, shape: Shape, dtype?: DType): Tensor<"Constant"> {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`Cannot make a constant of shape [${shape}] from ${data.length} elements`);
  }
  return new TensorNode("Constant", [], { data }, { dtype: dtype ?? dtypeOfData(data), shape });
}

/** A float32 array as a constant. */
export function constant(array: NdArray): Tensor<"Constant"> {
  return constantOf(ndarray(array.data, array.shape).data, array.shape);
}

const scalars = new Map<number, Tensor<"Constant">>();

/** A float32 constant without axes. The same number is the same tensor. */
export function scalar(value: number): Tensor<"Constant"> {
  let tensor = scalars.get(value);
  if (tensor === undefined) {
    tensor = constantOf(Float32Array.of(value), []);
    if (scalars.size < 4096) scalars.set(value, tensor);
  }
  return tensor;
}

/** A tensor, or a number that is made one. */
export type TensorLike = Tensor | number;

/** The tensor itself, or a number as a constant of the same element type as `like`. */
export function asTensor(value: TensorLike, like?: Tensor): Tensor {
  if (typeof value !== "number") return value;
  if (like?.dtype === "int64") return constantOf(BigInt64Array.of(BigInt(value)), []);
  if (like?.dtype === "float64") return constantOf(Float64Array.of(value), []);
  if (like?.dtype === "int32") return constantOf(Int32Array.of(value), []);
  return scalar(value);
}

/** The same value under a new node. */
export function identity(x: Tensor): Tensor {
  return apply("Identity", [x], {});
}
