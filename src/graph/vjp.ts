/** Reverse-mode differentiation: from a graph to the graph of its vector-Jacobian product. @module */
import { ruleOf } from "./apply.ts";
import type { OpName } from "./ops/attributes.ts";
import { add, cast, isFloat, neg } from "./ops/elementwise.ts";
import { scalar } from "./ops/leaf.ts";
import { expand, reshape } from "./ops/movement.ts";
import { reduceSum } from "./ops/reduce.ts";
import type { Vjp } from "./rule.ts";
import { broadcastShapes, formatShape, sameShape } from "./shapes.ts";
import { type Shape, type Tensor, topological } from "./tensor.ts";

/**
 * Vector-Jacobian products: for each input, the gradient of the sum of `cotangents[i] * outputs[i]`.
 *
 * The result extends the graph: it uses the values of the forward pass and can be differentiated
 * again. Only operators between inputs and outputs are differentiated. An input that no output depends
 * on gets zeros.
 * @param outputs the tensors that are differentiated
 * @param inputs any tensors the outputs depend on, `Input`s or intermediate values
 * @param cotangents one per output, of its shape and element type
 * @returns one tensor per input, of its shape
 * @throws {TypeError} when an operator on the way has no derivative, naming it and its node
 * @throws {RangeError} when a cotangent does not have the shape of its output
 * @example
 * ```ts
 * import { input, mul, scalar, vjp } from "@larmor/larmor/graph";
 *
 * const x = input("x", []);
 * const [slope] = vjp([mul(x, x)], [x], [scalar(1)]); // 2 x
 * console.assert(slope.shape.length === 0);
 * ```
 */
export function vjp(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  cotangents: readonly Tensor[],
): Tensor[] {
  requireCotangents(outputs, inputs, cotangents);
  const order = topological(outputs);
  const live = dependents(order, inputs);
  const sums = new Map<Tensor, Tensor>();
  const addTo = (tensor: Tensor, cotangent: Tensor) => {
    const own = sumTo(cotangent, tensor.shape);
    const before = sums.get(tensor);
    sums.set(tensor, before === undefined ? own : addBroadcast(before, own));
  };
  outputs.forEach((output, i) => {
    if (live.has(output)) addTo(output, cotangents[i]);
  });
  for (const node of order.toReversed()) {
    const cotangent = sums.get(node);
    if (cotangent === undefined) continue;
    const wanted = node.inputs.map((x) => live.has(x));
    if (!wanted.includes(true)) continue;
    contributionsOf(node, cotangent, wanted).forEach((part, i) => {
      if (part !== null && wanted[i]) addTo(node.inputs[i], part);
    });
  }
  return inputs.map((x) => sums.get(x) ?? expand(cast(scalar(0), x.dtype), x.shape));
}

/** a + b of equal shapes; an Expand is left out where the addition broadcasts anyway. */
function addBroadcast(a: Tensor, b: Tensor): Tensor {
  const small = (x: Tensor) => x.op === "Expand" ? x.inputs[0] : x;
  const fits = (x: Tensor, y: Tensor) =>
    sameShape(broadcastShapes("Add", [x.shape, y.shape]), b.shape);
  if (fits(small(a), b)) return add(small(a), b);
  return fits(a, small(b)) ? add(a, small(b)) : add(a, b);
}

/** Sums a cotangent to the shape of a tensor that was broadcast. */
function sumTo(cotangent: Tensor, shape: Shape): Tensor {
  if (sameShape(cotangent.shape, shape)) return cotangent;
  // Negated after the sum, which has fewer elements.
  if (cotangent.op === "Neg") return neg(sumTo(cotangent.inputs[0], shape));
  const added = cotangent.rank - shape.length;
  const axes = cotangent.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size > 1) ? [axis] : []
  );
  return reshape(reduceSum(cotangent, axes, { keepDims: true }), shape);
}

/** Float tensors through which a change of the inputs reaches the outputs. */
function dependents(order: readonly Tensor[], inputs: readonly Tensor[]): ReadonlySet<Tensor> {
  const live = new Set<Tensor>(inputs);
  for (const node of order) {
    if (!node.inputs.some((x) => live.has(x))) continue;
    const rule = ruleOf<OpName>(node.op).vjp;
    if (rule === "none" && !isFloat(node.dtype)) throw notDifferentiable(node);
    if (rule !== "zero" && isFloat(node.dtype)) live.add(node);
  }
  return live;
}

function contributionsOf(node: Tensor, cotangent: Tensor, wanted: readonly boolean[]) {
  const rule = ruleOf<OpName>(node.op).vjp;
  if (rule === "none") throw notDifferentiable(node);
  return rule === "zero" ? [] : (rule as Vjp<OpName>)(cotangent, node, wanted);
}

function notDifferentiable(node: Tensor): TypeError {
  const where = node.origin === undefined ? "" : ` (node ${node.origin})`;
  return new TypeError(`Cannot differentiate ${node.op}${where}: it has no derivative`);
}

function requireCotangents(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  cotangents: readonly Tensor[],
): void {
  for (const tensor of [...outputs, ...inputs]) {
    if (!isFloat(tensor.dtype)) {
      throw new TypeError(`Cannot differentiate ${tensor.dtype}: a float type is required`);
    }
  }
  outputs.forEach(({ shape, dtype }, i) => {
    const cotangent = cotangents[i] as Tensor | undefined;
    const fits = cotangent && cotangent.dtype === dtype && sameShape(cotangent.shape, shape);
    if (!fits || cotangents.length !== outputs.length) {
      const found = cotangent ? `${cotangent.dtype} ${formatShape(cotangent.shape)}` : "none";
      const required = `${dtype} ${formatShape(shape)}`;
      throw new RangeError(
        `Cannot differentiate output ${i}: a cotangent ${required} is required, ` +
          `found ${found} (${cotangents.length} for ${outputs.length} outputs)`,
      );
    }
  });
}
