/** Activations of networks. @module */
import { apply } from "../apply.ts";
import type { ElementRule, SomeRules } from "../rule.ts";
import { normalizeAxis, requireBroadcast, requireInputs } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import type { OpName } from "./attributes.ts";
import {
  add,
  cast,
  div,
  exp,
  greater,
  less,
  max,
  mul,
  neg,
  sameType,
  sub,
  unary,
  where,
} from "./elementwise.ts";
import { asTensor } from "./leaf.ts";
import { reduceSum } from "./reduce.ts";

const encodeAlpha = ({ alpha }: { alpha: number }) => ({ attributes: { alpha: { float: alpha } } });

/** Rules of the activations. */
export const activationRules = {
  Tanh: unary(Math.tanh, (ct, node) => [mul(ct, sub(1, mul(node, node)))]),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), (ct, node) => [mul(ct, mul(node, sub(1, node)))]),
  // A product, as onnxruntime's Where takes twice the time of a cast and a product.
  Relu: unary((x) => Math.max(x, 0), (ct, node) => [mul(ct, cast(greater(node, 0), ct.dtype))]),
  LeakyRelu: {
    ...unary<"LeakyRelu">(
      (x, { alpha }) => x > 0 ? x : alpha * x,
      (ct, { inputs: [x], attributes: { alpha } }) => [mul(ct, slopes(x, alpha))],
    ),
    encode: encodeAlpha,
  },
  // f = x for x > 0, else alpha (e^x - 1), whose slope is f + alpha.
  Elu: {
    ...unary<"Elu">((x, { alpha }) => x > 0 ? x : alpha * Math.expm1(x), (ct, node) => [
      where(greater(node.inputs[0], 0), ct, mul(ct, add(node, node.attributes.alpha))),
    ]),
    encode: encodeAlpha,
  },
  Softplus: unary(
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (ct, { inputs: [x] }) => [div(ct, add(exp(neg(x)), 1))],
  ),
  PRelu: {
    infer(inputs) {
      requireInputs("PRelu", inputs, 2);
      const [x, slope] = inputs;
      requireBroadcast("apply slopes", slope, x.shape);
      return { dtype: x.dtype, shape: x.shape };
    },
    vjp: (ct, { inputs: [x, slope] }) => {
      const negative = less(x, 0);
      return [where(negative, mul(ct, slope), ct), where(negative, mul(ct, x), 0)];
    },
    value: (x, slope) => x > 0 ? x : slope * x,
  },
} satisfies { readonly [K in OpName]?: ElementRule<K> };

/** The rule of the softmax. */
export const softmaxRules = {
  Softmax: {
    // d softmax = p (dx - sum(p dx))
    ...sameType<"Softmax">((ct, node) => {
      const weighted = mul(ct, node);
      const total = reduceSum(weighted, [node.attributes.axis], { keepDims: true });
      return [sub(weighted, mul(node, total))];
    }),
    encode: (attributes) => ({ attributes }),
  },
} satisfies SomeRules;

/** 1 where x > 0, else alpha; without onnxruntime's slow Where. */
function slopes(x: Tensor, alpha: number): Tensor {
  const positive = cast(greater(x, 0), x.dtype);
  return alpha >= 0 && alpha <= 1
    ? max(positive, alpha)
    : add(mul(positive, 1 - alpha), asTensor(alpha, x));
}

/** Hyperbolic tangent */
export const tanh = (x: Tensor): Tensor => apply("Tanh", [x], {});
/** 1 / (1 + e^-x) */
export const sigmoid = (x: Tensor): Tensor => apply("Sigmoid", [x], {});
/** max(x, 0) */
export const relu = (x: Tensor): Tensor => apply("Relu", [x], {});
/** x for x > 0, else alpha x */
export const leakyRelu = (x: Tensor, alpha = 0.01): Tensor => apply("LeakyRelu", [x], { alpha });
/** x for x > 0, else alpha (e^x - 1) */
export const elu = (x: Tensor, alpha = 1): Tensor => apply("Elu", [x], { alpha });
/** log(1 + e^x) */
export const softplus = (x: Tensor): Tensor => apply("Softplus", [x], {});
/** x for x > 0, else slope x; the slope broadcasts to x */
export const prelu = (x: Tensor, slope: Tensor): Tensor => apply("PRelu", [x, slope], {});
/** x sigmoid(x) */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));
/** e^x over its sum along an axis */
export const softmax = (x: Tensor, axis = -1): Tensor =>
  apply("Softmax", [x], { axis: normalizeAxis("take the softmax along", axis, x.rank) });
