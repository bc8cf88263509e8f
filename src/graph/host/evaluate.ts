/**
 * Computes a graph on the host in float64, with a simple loop per operator: the reference of tests and
 * gradient checks. It also folds the shape arithmetic of foreign models. No reconstruction uses it.
 * @module
 */
import { ruleOf } from "../apply.ts";
import { broadcastTo, type HostArray, type HostKernel } from "./array.ts";
import { movementKernels } from "./movement.ts";
import { reduceKernels } from "./reduce.ts";
import { windowKernels } from "./window.ts";
import type { activationRules } from "../ops/activation.ts";
import type { OpName } from "../ops/attributes.ts";
import type { elementwiseRules } from "../ops/elementwise.ts";
import { formatShape, sameShape } from "../shapes.ts";
import { type Tensor, topological } from "../tensor.ts";

export type { HostArray };

/** Operators that have no value of their own for each element. */
type Structural = Exclude<OpName, keyof typeof elementwiseRules | keyof typeof activationRules>;

const kernels: { readonly [K in Structural]: HostKernel<K> } = {
  Input: (_inputs, { attributes: { name } }) => {
    throw new TypeError(`Cannot evaluate: input ${name} has no value`);
  },
  Constant: (_inputs, { attributes: { data } }) =>
    Float64Array.from(data as ArrayLike<number | bigint>, Number),
  Identity: ([x]) => x.data,
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
  const inputs = node.inputs.map((x) => values.get(x)!);
  const { value } = ruleOf<OpName>(node.op);
  if (value === undefined) {
    const kernel = kernels[node.op as Structural] as HostKernel<OpName>;
    return { data: kernel(inputs, node), shape: node.shape };
  }
  const [a, b = a, c = a] = inputs.map((x) => broadcastTo(x, node.shape));
  return { data: a.map((v, i) => value(v, b[i], c[i], node)), shape: node.shape };
}
