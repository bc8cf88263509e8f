/**
 * Symbolic tensors: the nodes of a graph that is built now and run later.
 *
 * A `Tensor` has an operator, inputs and a shape; a graph is all that can be reached from a tensor.
 * Shapes are static and checked when a tensor is made.
 * @module
 */
import type { OpAttributes, OpName } from "./ops/attributes.ts";

/** Element types a graph can hold. */
export type DType = "float32" | "float64" | "int32" | "int64" | "uint8" | "bool";

/** Sizes of the axes. */
export type Shape = readonly number[];

/** Element type and shape of a tensor. */
export interface TensorType {
  /** Element type. */
  readonly dtype: DType;
  /** Sizes of the axes. */
  readonly shape: Shape;
}

/** A value in a graph: the result of one operator. */
export class Tensor<K extends OpName = OpName> implements TensorType {
  /** Operator that makes this value. */
  readonly op: K;
  /** Inputs of the operator. */
  readonly inputs: readonly Tensor[];
  /** Settings of the operator. */
  readonly attributes: OpAttributes[K];
  /** Element type. */
  readonly dtype: DType;
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** Name of the node of a foreign model that it was made for, set by the import. */
  origin?: string;

  /** Does not check shapes: use the functions of `ops/`. */
  constructor(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K], type: TensorType) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }
}

/** All tensors that the roots depend on, each after its inputs. */
export function topological(roots: readonly Tensor[]): Tensor[] {
  const done = new Set<Tensor>();
  const stack = roots.toReversed();
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const missing = done.has(top) ? undefined : top.inputs.find((input) => !done.has(input));
    if (missing !== undefined) stack.push(missing);
    else {
      done.add(top);
      stack.pop();
    }
  }
  return [...done];
}
