/**
 * Computes a graph on the host in float64, with a simple loop per operator: the reference of tests and
 * gradient checks. It also folds the shape arithmetic of foreign models. No reconstruction uses it.
 * @module
 */
import type { HostArray, HostKernel } from "./array.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { movementKernels } from "./movement.ts";
import { reduceKernels } from "./reduce.ts";
import { windowKernels } from "./window.ts";
import type { OpName } from "../ops/attributes.ts";
import { formatShape, sameShape } from "../shapes.ts";
import { type Tensor, topological } from "../tensor.ts";

export type { HostArray };

const kernels: { readonly [K in Exclude<OpName, "Input">]: HostKernel<K> } = {
  Constant: (_inputs, { attributes: { data } }) =>
    Float64Array.from(data as ArrayLike<number | bigint>, Number),
  ...elementwiseKernels,
  ...movementKernels,
  ...reduceKernels,
  ...windowKernels,
};

/**
 * Values of tensors in float64.
 * @param outputs tensors to compute
 * @param feeds values of the inputs (or of any other tensors on the way)
 * @throws {TypeError} when an `Input` has no value
 * @throws {RangeError} when a value does not have the shape of its tensor
 */
export function evaluate(
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, HostArray> = new Map(),
): HostArray[] {
  const values = new Map<Tensor, HostArray>();
  for (const node of topological(outputs)) {
    values.set(node, feeds.get(node) ?? compute(node, values));
  }
  for (const [tensor, { shape }] of feeds) {
    if (!sameShape(tensor.shape, shape)) {
      throw new RangeError(
        `Cannot evaluate: a value of shape ${formatShape(tensor.shape)} is required, ` +
          `found ${formatShape(shape)}`,
      );
    }
  }
  return outputs.map((tensor) => values.get(tensor)!);
}

function compute(node: Tensor, values: ReadonlyMap<Tensor, HostArray>): HostArray {
  if (node.op === "Input") {
    const { name } = (node as Tensor<"Input">).attributes;
    throw new TypeError(`Cannot evaluate: input ${name} has no value`);
  }
  const kernel = kernels[node.op as Exclude<OpName, "Input">] as HostKernel<OpName>;
  return { data: kernel(node.inputs.map((x) => values.get(x)!), node), shape: node.shape };
}
