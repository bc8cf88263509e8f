/** Foreign elementwise operators and activations. @module */
import { apply } from "../apply.ts";
import type { PlainOp } from "../ops/attributes.ts";
import * as act from "../ops/activation.ts";
import * as g from "../ops/elementwise.ts";
import { asTensor, type TensorLike } from "../ops/leaf.ts";
import { reshape } from "../ops/movement.ts";
import { reduceMax, reduceSum } from "../ops/reduce.ts";
import { normalizeAxis } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { dtypeFrom } from "./constants.ts";
import { type ForeignNode, type ForeignRule, type ForeignRules, numbersOf } from "./node.ts";

const unary = (f: (x: Tensor) => Tensor): ForeignRule => (node) => f(node.input(0));

const binary = (f: (a: Tensor, b: Tensor) => Tensor): ForeignRule => (node) =>
  f(node.input(0), node.input(1));

const variadic = (f: (a: Tensor, b: Tensor) => Tensor): ForeignRule => (node) =>
  node.inputs.length === 1 ? node.input(0) : node.all().reduce((a, b) => f(a, b));

const half = (x: Tensor, factor: TensorLike) => g.mul(g.mul(x, asTensor(0.5, x)), factor);

/** Constants of the SELU in ONNX's definition. */
const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

/** An activation with one parameter. */
const withAlpha =
  (fallback: number, f: (x: Tensor, alpha: number) => Tensor): ForeignRule => (node) =>
    f(node.input(0), node.float("alpha", fallback));

/** Our operators by name: those without attributes are the same in ONNX, the others are replaced below. */
const OURS = Object.keys({ ...g.elementwiseRules, ...act.activationRules }) as PlainOp[];

/** Foreign elementwise operators and activations, by name. */
export const arithmeticRules: ForeignRules = {
  ...Object.fromEntries(OURS.map((op) => [op, (node: ForeignNode) => apply(op, node.all(), {})])),
  Pow: binary((a, b) => g.pow(a, g.cast(b, a.dtype))),
  Mod: (node) => modulo(node.input(0), node.input(1), node.int("fmod", 0) === 1),
  Sum: variadic(g.add),
  Mean: (node) => g.div(node.all().reduce((a, b) => g.add(a, b)), node.inputs.length),
  Max: variadic(g.max),
  Min: variadic(g.min),
  Tan: unary((x) => g.div(g.sin(x), g.cos(x))),
  Sinh: unary((x) => half(g.sub(g.exp(x), g.exp(g.neg(x))), 1)),
  Cosh: unary((x) => half(g.add(g.exp(x), g.exp(g.neg(x))), 1)),
  Xor: binary((a, b) => g.and(g.or(a, b), g.not(g.and(a, b)))),
  IsNaN: unary((x) => g.not(g.equal(x, x))),
  Cast: (node) => g.cast(node.input(0), dtypeFrom(node.int("to"))),
  CastLike: binary((x, other) => g.cast(x, other.dtype)),
  Clip: clipRule,
  Identity: unary((x) => x),
  Dropout: (node) => {
    node.require(!node.outputs[1], "the mask of a Dropout");
    return node.input(0);
  },
  LeakyRelu: withAlpha(0.01, act.leakyRelu),
  Elu: withAlpha(1, act.elu),
  Selu: (node) => {
    const alpha = node.float("alpha", SELU.alpha);
    return g.mul(act.elu(node.input(0), alpha), node.float("gamma", SELU.gamma));
  },
  Celu: withAlpha(1, (x, alpha) => g.mul(act.elu(g.div(x, alpha), 1), alpha)),
  ThresholdedRelu: withAlpha(1, (x, alpha) => g.where(g.greater(x, alpha), x, 0)),
  HardSigmoid: (node) =>
    hardSigmoid(node.input(0), node.float("alpha", 0.2), node.float("beta", 0.5)),
  HardSwish: unary((x) => g.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Softsign: unary((x) => g.div(x, g.add(g.abs(x), 1))),
  Mish: unary((x) => g.mul(x, act.tanh(act.softplus(x)))),
  Swish: withAlpha(1, (x, alpha) => g.mul(x, act.sigmoid(g.mul(x, alpha)))),
  Gelu: (node) => gelu(node.input(0), node.text("approximate", "none") === "tanh"),
  Softmax: (node) => alongAxis(node, act.softmax),
  LogSoftmax: (node) =>
    alongAxis(node, (x, axis) => {
      const centred = g.sub(x, reduceMax(x, [axis], { keepDims: true }));
      return g.sub(centred, g.log(reduceSum(g.exp(centred), [axis], { keepDims: true })));
    }),
};

/** a - b floor(a / b), or with the quotient cut towards zero (`fmod`). */
function modulo(a: Tensor, b: Tensor, towardsZero: boolean): Tensor {
  const [x, y] = [g.cast(a, "float64"), g.cast(b, "float64")];
  const quotient = g.div(x, y);
  const whole = towardsZero ? g.mul(g.sign(quotient), g.floor(g.abs(quotient))) : g.floor(quotient);
  return g.cast(g.sub(x, g.mul(y, whole)), a.dtype);
}

/** Bounds are attributes up to operator set 10, then inputs, which may even be computed. */
function clipRule(node: ForeignNode): Tensor {
  const x = node.input(0);
  const bounds = [node.inputs[1], node.inputs[2]];
  if (bounds.every((bound) => bound === undefined || bound.op === "Constant")) {
    const [min, max] = bounds.map((bound) => bound && numbersOf(bound, "a bound")[0]);
    return g.clip(x, min ?? node.float("min", -Infinity), max ?? node.float("max", Infinity));
  }
  const above = bounds[0] === undefined ? x : g.max(x, bounds[0]);
  return bounds[1] === undefined ? above : g.min(above, bounds[1]);
}

function hardSigmoid(x: Tensor, alpha: number, beta: number): Tensor {
  return g.clip(g.add(g.mul(x, alpha), beta), 0, 1);
}

/** x times the normal distribution function at x, or the usual approximation of it. */
function gelu(x: Tensor, approximate: boolean): Tensor {
  if (!approximate) return half(x, g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1));
  const cubic = g.add(x, g.mul(g.mul(g.mul(x, x), x), 0.044715));
  return half(x, g.add(act.tanh(g.mul(cubic, Math.sqrt(2 / Math.PI))), 1));
}

/** Up to operator set 12 these treat all axes from `axis` on as one. */
function alongAxis(node: ForeignNode, f: (x: Tensor, axis: number) => Tensor): Tensor {
  const x = node.input(0);
  const axis = normalizeAxis("normalise along", node.int("axis", node.opset < 13 ? 1 : -1), x.rank);
  if (node.opset >= 13 || axis === x.rank - 1) return f(x, axis);
  return reshape(f(reshape(x, [...x.shape.slice(0, axis), -1]), axis), x.shape);
}
