/** Reductions over axes. @module */
import { apply } from "../apply.ts";
import type { Encoding, OpRule, SomeRules, Vjp } from "../rule.ts";
import { int64Vector, normalizeAxis, requireInputs } from "../shapes.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { ReduceAttributes } from "./attributes.ts";
import { cast, div, equal, greater, mul, where } from "./elementwise.ts";
import { asTensor } from "./leaf.ts";
import { expand, reshape } from "./movement.ts";

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceL2";

const reduction = <K extends Reduction>(vjp: Vjp<K>): OpRule<K> => ({
  infer(inputs, { axes, keepDims }, op) {
    requireInputs(op, inputs, 1);
    return { dtype: inputs[0].dtype, shape: reducedShape(inputs[0].shape, axes, keepDims) };
  },
  encode: ({ axes, keepDims }: ReduceAttributes): Encoding => ({
    attributes: { keepdims: keepDims },
    constants: [int64Vector(axes)],
  }),
  vjp,
});

/** The result's cotangent or value with its reduced axes back, as size 1. */
function keepingDims(value: Tensor, node: Tensor<Reduction>): Tensor {
  const { axes, keepDims } = node.attributes;
  return keepDims ? value : reshape(value, reducedShape(node.inputs[0].shape, axes, true));
}

/** Cotangent of a maximum or minimum: to the elements that equal it, shared among ties. */
function extremeVjp(ct: Tensor, node: Tensor<"ReduceMax" | "ReduceMin">): [Tensor] {
  const [x] = node.inputs;
  const hit = cast(equal(x, keepingDims(node, node)), x.dtype);
  const ties = reduceSum(hit, node.attributes.axes, { keepDims: true });
  return [mul(hit, div(keepingDims(ct, node), ties))];
}

/** Rules of the reductions. */
export const reduceRules = {
  ReduceSum: reduction((ct, node) => [expand(keepingDims(ct, node), node.inputs[0].shape)]),
  ReduceMean: reduction((ct, node) => {
    const { shape } = node.inputs[0];
    const count = node.attributes.axes.reduce((n, axis) => n * shape[axis], 1);
    return [expand(div(keepingDims(ct, node), asTensor(count, ct)), shape)];
  }),
  ReduceMax: reduction(extremeVjp),
  ReduceMin: reduction(extremeVjp),
  // d|x| = x / |x|, and 0 at 0 as PyTorch has it
  ReduceL2: reduction((ct, node) => {
    const norm = keepingDims(node, node);
    const safe = where(greater(norm, 0), norm, 1);
    return [mul(node.inputs[0], div(keepingDims(ct, node), safe))];
  }),
  ArgMax: {
    infer(inputs, { axis, keepDims }) {
      requireInputs("ArgMax", inputs, 1);
      return { dtype: "int64", shape: reducedShape(inputs[0].shape, [axis], keepDims) };
    },
    encode: ({ axis, keepDims }) => ({ attributes: { axis, keepdims: keepDims } }),
    vjp: "none",
  },
} satisfies SomeRules;

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  for (const axis of axes) normalizeAxis("reduce", axis, shape.length);
  return keepDims
    ? shape.map((size, axis) => axes.includes(axis) ? 1 : size)
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Which axes go (all of them if undefined), and whether they stay with size 1. */
export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. */
  readonly keepDims?: boolean;
}

const reduceFunction =
  (op: Reduction) =>
  (x: Tensor, axes?: readonly number[], { keepDims = false }: ReduceOptions = {}): Tensor => {
    const chosen = axes === undefined
      ? x.shape.map((_, axis) => axis)
      : axes.map((axis) => normalizeAxis(op, axis, x.rank)).toSorted((a, b) => a - b);
    if (chosen.length === 0) return x;
    return apply(op, [x], { axes: chosen, keepDims });
  };

/** Reduces a tensor over axes. */
export type Reduce = (x: Tensor, axes?: readonly number[], options?: ReduceOptions) => Tensor;

/** Sum over axes */
export const reduceSum: Reduce = reduceFunction("ReduceSum");
/** Mean over axes */
export const reduceMean: Reduce = reduceFunction("ReduceMean");
/** Maximum over axes */
export const reduceMax: Reduce = reduceFunction("ReduceMax");
/** Minimum over axes */
export const reduceMin: Reduce = reduceFunction("ReduceMin");
/** Euclidean norm over axes */
export const reduceL2: Reduce = reduceFunction("ReduceL2");
/** Index of the maximum along an axis */
export const argMax = (x: Tensor, axis: number, { keepDims = false }: ReduceOptions = {}): Tensor =>
  apply("ArgMax", [x], { axis: normalizeAxis("ArgMax", axis, x.rank), keepDims });
