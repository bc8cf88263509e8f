/**
 * What has to be said of an operator, once: how its shape follows, how ONNX spells it, and how it
 * is differentiated.
 * @module
 */
import type { ConstantData, OpAttributes, OpName } from "./ops/attributes.ts";
import type { Shape, Tensor, TensorType } from "./tensor.ts";

/** A value of an ONNX node attribute. Whole numbers in `float` fields are marked as such. */
export type NodeAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string };

/** How ONNX spells one application of an operator. */
export interface Encoding {
  /** Node attributes by name. */
  readonly attributes?: Readonly<Record<string, NodeAttribute>>;
  /** Constant inputs that follow the tensors; null leaves an optional input out. */
  readonly constants?: readonly (null | { readonly data: ConstantData; readonly shape: Shape })[];
}

/**
 * The vector-Jacobian product: from the cotangent of the result to those of the inputs. Null for
 * an input that gets none; `wanted` tells which are asked for. Sums over broadcast axes are not its business: the walk undoes them.
 */
export type Vjp<K extends OpName> = (
  cotangent: Tensor,
  node: Tensor<K>,
  wanted: readonly boolean[],
) => readonly (Tensor | null)[];

/** All that is known of one operator. */
export interface OpRule<K extends OpName> {
  /**
   * Type of the result.
   * @throws {TypeError} for inputs of the wrong kind
   * @throws {RangeError} for shapes or attributes that do not fit
   */
  infer(inputs: readonly Tensor[], attributes: OpAttributes[K]): TensorType;
  /** ONNX spelling; without it the node has no attributes and no constant inputs. */
  encode?(attributes: OpAttributes[K], node: Tensor<K>): Encoding;
  /**
   * The derivative: a rule; `"zero"` where it is zero almost everywhere (a comparison); or
   * `"none"` where there is none (asking for it is an error that names the node).
   */
  readonly vjp: Vjp<K> | "zero" | "none";
}

/** Rules for some operators, as one file of `ops/` gives them. */
export type RuleTable<K extends OpName> = { readonly [P in K]: OpRule<P> };
