/**
 * The rule of an operator: the type of its result, its encoding in ONNX and its derivative.
 * @module
 */
import type { ConstantData, OpAttributes, OpName } from "./ops/attributes.ts";
import type { Shape, Tensor, TensorType } from "./tensor.ts";

/** An attribute of an ONNX node: numbers are ints unless marked as float. */
export type NodeAttribute =
  | number
  | readonly number[]
  | boolean
  | string
  | { readonly float: number };

/** One application of an operator in ONNX. */
export interface Encoding {
  /** Node attributes by name. */
  readonly attributes?: Readonly<Record<string, NodeAttribute>>;
  /** Constant inputs that follow the tensors; null leaves an optional input out. */
  readonly constants?: readonly (null | { readonly data: ConstantData; readonly shape: Shape })[];
}

/**
 * The vector-Jacobian product: from the cotangent of the result to those of the inputs, null for an
 * input that needs none (`wanted`). A cotangent may have the shape of the result instead of that of a
 * broadcast input: `vjp` sums it over the broadcast axes.
 */
export type Vjp<K extends OpName> = (
  cotangent: Tensor,
  node: Tensor<K>,
  wanted: readonly boolean[],
) => readonly (Tensor | null)[];

/** The rule of one operator. */
export interface OpRule<K extends OpName> {
  /**
   * Type of the result.
   * @throws {TypeError} for inputs of the wrong kind
   * @throws {RangeError} for shapes or attributes that do not fit
   */
  infer(inputs: readonly Tensor[], attributes: OpAttributes[K], op: K): TensorType;
  /** Encoding; without it the node has no attributes and no constant inputs. */
  encode?(attributes: OpAttributes[K], node: Tensor<K>): Encoding;
  /**
   * The derivative; `"zero"` if it is zero almost everywhere, as for a comparison; `"none"` if there is
   * none, so that `vjp` throws and names the node.
   */
  readonly vjp: Vjp<K> | "zero" | "none";
  /** Of an elementwise operator: an element of the result in float64, from those of the inputs. */
  value?(a: number, b: number, c: number, node: Tensor<K>): number;
}

/** The rule of an elementwise operator. */
export type ElementRule<K extends OpName> = OpRule<K> & Required<Pick<OpRule<K>, "value">>;

/** Rules of some operators: one file of `ops/` has them. */
export type SomeRules = { readonly [K in OpName]?: OpRule<K> };
