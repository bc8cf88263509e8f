/** Elementwise arithmetic and comparison, with NumPy's broadcasting. @module */
import { apply } from "../apply.ts";
import type { ElementRule, OpRule, Vjp } from "../rule.ts";
import { broadcastShapes, commonType, requireInputs } from "../shapes.ts";
import type { DType, Tensor } from "../tensor.ts";
import type { OpAttributes, OpName, PlainOp } from "./attributes.ts";
import { asTensor, type TensorLike, typedData } from "./leaf.ts";

type Binary<K extends OpName> = (a: number, b: number, node: Tensor<K>) => number;

/** An operator on inputs of one element type (`only`, if given) that broadcast to each other. */
const broadcasting = <K extends PlainOp>(
  count: number,
  f: Binary<K>,
  vjp: OpRule<K>["vjp"],
  { only, result }: { only?: DType; result?: DType } = {},
): ElementRule<K> => ({
  infer(inputs, _, op) {
    requireInputs(op, inputs, count);
    const dtype = commonType(op, inputs);
    if (only !== undefined && dtype !== only) {
      throw new TypeError(`Cannot apply ${op} to ${dtype}: ${only} is required`);
    }
    return { dtype: result ?? dtype, shape: broadcastShapes(op, inputs.map((x) => x.shape)) };
  },
  vjp,
  value: (a, b, _, node) => f(a, b, node),
});

const binary = <K extends PlainOp>(f: Binary<K>, vjp: Vjp<K>) => broadcasting<K>(2, f, vjp);

type Test = (a: number, b: number) => boolean;

const comparison = <K extends PlainOp>(holds: Test) =>
  broadcasting<K>(2, (a, b) => Number(holds(a, b)), "zero", { result: "bool" });

const logical = <K extends PlainOp>(count: number, holds: Test) =>
  broadcasting<K>(count, (a, b) => Number(holds(a, b)), "zero", { only: "bool" });

/** An operator whose result has the type of its one input. */
export const sameType = <K extends OpName>(vjp: OpRule<K>["vjp"]): OpRule<K> => ({
  infer(inputs, _, op) {
    requireInputs(op, inputs, 1);
    return { dtype: inputs[0].dtype, shape: inputs[0].shape };
  },
  vjp,
});

/** An elementwise operator with one input: its value f and its derivative. */
export const unary = <K extends OpName>(
  f: (x: number, attributes: OpAttributes[K]) => number,
  vjp: OpRule<K>["vjp"],
): ElementRule<K> => ({ ...sameType(vjp), value: (x, _b, _c, { attributes }) => f(x, attributes) });

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** Rules of the elementwise operators. */
export const elementwiseRules = {
  Add: binary((a, b) => a + b, (ct) => [ct, ct]),
  Sub: binary((a, b) => a - b, (ct) => [ct, neg(ct)]),
  Mul: binary((a, b) => a * b, (ct, { inputs: [a, b] }, [first, second]) => [
    first ? mul(ct, b) : null,
    second ? mul(ct, a) : null,
  ]),
  // d(a/b) = da/b - (a/b) db/b
  Div: binary((a, b, { dtype }) => isFloat(dtype) ? a / b : Math.trunc(a / b), (ct, node) => {
    const ctA = div(ct, node.inputs[1]);
    return [ctA, neg(mul(ctA, node))];
  }),
  // d(a^b) = b a^(b-1) da + a^b log(a) db, the latter 0 where a^b is
  Pow: binary((a, b) => a ** b, (ct, node, [base, exponent]) => {
    const [a, b] = node.inputs;
    return [
      base ? mul(ct, mul(b, pow(a, sub(b, 1)))) : null,
      exponent ? mul(ct, mul(node, log(where(equal(node, 0), 1, a)))) : null,
    ];
  }),
  Max: binary(
    (a, b) => Math.max(a, b),
    (ct, { inputs: [a, b] }) => selectVjp(ct, greaterOrEqual(a, b)),
  ),
  Min: binary(
    (a, b) => Math.min(a, b),
    (ct, { inputs: [a, b] }) => selectVjp(ct, lessOrEqual(a, b)),
  ),
  Neg: unary((x) => -x, (ct) => [neg(ct)]),
  Abs: unary(Math.abs, (ct, { inputs: [x] }) => [
    // not by Sign, which onnxruntime's WebGPU provider lacks
    where(greater(x, 0), ct, where(less(x, 0), neg(ct), asTensor(0, ct))),
  ]),
  Sign: unary(Math.sign, "zero"),
  Reciprocal: unary((x) => 1 / x, (ct, node) => [neg(mul(ct, mul(node, node)))]),
  Sqrt: unary(Math.sqrt, (ct, node) => [div(mul(ct, asTensor(0.5, ct)), node)]),
  Exp: unary(Math.exp, (ct, node) => [mul(ct, node)]),
  Log: unary(Math.log, (ct, { inputs: [x] }) => [div(ct, x)]),
  Erf: unary(erfOf, (ct, { inputs: [x] }) => [
    mul(ct, mul(exp(neg(mul(x, x))), asTensor(TWO_OVER_SQRT_PI, x))),
  ]),
  Sin: unary(Math.sin, (ct, { inputs: [x] }) => [mul(ct, cos(x))]),
  Cos: unary(Math.cos, (ct, { inputs: [x] }) => [neg(mul(ct, sin(x)))]),
  Floor: unary(Math.floor, "none"),
  Ceil: unary(Math.ceil, "none"),
  Round: unary(roundHalfEven, "none"),
  Clip: {
    infer(inputs, { min, max }) {
      requireInputs("Clip", inputs, 1);
      if (!(min <= max)) throw new RangeError(`Cannot clip to ${min}..${max}: min exceeds max`);
      return { dtype: inputs[0].dtype, shape: inputs[0].shape };
    },
    encode: ({ min, max }, { inputs: [x] }) => ({
      constants: [min, max].map((bound) =>
        Number.isFinite(bound) ? { data: typedData(x.dtype, [bound]), shape: [] } : null
      ),
    }),
    vjp: (ct, node) => [where(equal(node, node.inputs[0]), ct, asTensor(0, ct))],
    value: (x, _b, _c, { attributes: { min, max } }) => Math.min(max, Math.max(min, x)),
  },
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Equal: comparison((a, b) => a === b),
  And: logical(2, (a, b) => a !== 0 && b !== 0),
  Or: logical(2, (a, b) => a !== 0 || b !== 0),
  Not: logical(1, (x) => x === 0),
  Where: {
    infer(inputs) {
      requireInputs("Where", inputs, 3);
      const [condition, a, b] = inputs;
      if (condition.dtype !== "bool") {
        throw new TypeError(`Cannot select by ${condition.dtype}: bool is required`);
      }
      return {
        dtype: commonType("Where", [a, b]),
        shape: broadcastShapes("Where", inputs.map((x) => x.shape)),
      };
    },
    vjp: (ct, { inputs: [condition] }) => [null, ...selectVjp(ct, condition)],
    value: (condition, a, b) => condition !== 0 ? a : b,
  },
  Cast: {
    infer(inputs, { to }) {
      requireInputs("Cast", inputs, 1);
      return { dtype: to, shape: inputs[0].shape };
    },
    encode: ({ to }) => ({ attributes: { to: onnxType(to) } }),
    vjp: (ct, { inputs: [x] }) => [isFloat(x.dtype) ? cast(ct, x.dtype) : null],
    value: (x, _b, _c, { dtype }) => castValue(x, dtype),
  },
} satisfies { readonly [K in OpName]?: ElementRule<K> };

function castValue(value: number, dtype: DType): number {
  if (dtype === "bool") return value === 0 ? 0 : 1;
  if (dtype === "uint8") return Math.trunc(value) & 255;
  return isFloat(dtype) ? value : Math.trunc(value);
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Where erf is 1 in float64. */
const ERF_IS_ONE = 6;

/** Gauss error function: 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, all terms of one sign. */
function erfOf(x: number): number {
  if (Math.abs(x) > ERF_IS_ONE) return Math.sign(x);
  let sum = 0;
  let term = x;
  for (let n = 0; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    sum += term;
    term *= 2 * x * x / (2 * n + 3);
  }
  return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
}

/** Cotangents of a choice between two values: each gets its share of the elements. */
function selectVjp(ct: Tensor, takesFirst: Tensor): [Tensor, Tensor] {
  const none = asTensor(0, ct);
  return [where(takesFirst, ct, none), where(takesFirst, none, ct)];
}

/** Number of an element type in ONNX's TensorProto.DataType. */
export function onnxType(dtype: DType): number {
  return { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11 }[dtype];
}

/** Whether an element type can carry a derivative. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** Two values as tensors; a number gets the element type of the other. */
function asPair(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const like = [a, b].find((value) => typeof value !== "number");
  return [asTensor(a, like), asTensor(b, like)];
}

const binaryFunction = <K extends PlainOp>(op: K) => (a: TensorLike, b: TensorLike): Tensor =>
  apply(op, asPair(a, b), {} as OpAttributes[K]);

const unaryFunction = <K extends PlainOp>(op: K) => (x: Tensor): Tensor =>
  apply(op, [x], {} as OpAttributes[K]);

/** a + b */
export const add: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Add");
/** a - b */
export const sub: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Sub");
/** a b, element by element */
export const mul: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Mul");
/** a / b */
export const div: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Div");
/** a to the power b */
export const pow: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Pow");
/** The larger of a and b */
export const max: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Max");
/** The smaller of a and b */
export const min: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Min");
/** a > b */
export const greater: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Greater");
/** a >= b */
export const greaterOrEqual: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction(
  "GreaterOrEqual",
);
/** a < b */
export const less: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Less");
/** a <= b */
export const lessOrEqual: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("LessOrEqual");
/** a = b */
export const equal: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Equal");
/** a and b */
export const and: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("And");
/** a or b */
export const or: (a: TensorLike, b: TensorLike) => Tensor = binaryFunction("Or");
/** not x */
export const not: (x: Tensor) => Tensor = unaryFunction("Not");
/** -x */
export const neg: (x: Tensor) => Tensor = unaryFunction("Neg");
/** |x| */
export const abs: (x: Tensor) => Tensor = unaryFunction("Abs");
/** -1, 0 or 1 */
export const sign: (x: Tensor) => Tensor = unaryFunction("Sign");
/** 1 / x */
export const reciprocal: (x: Tensor) => Tensor = unaryFunction("Reciprocal");
/** Square root */
export const sqrt: (x: Tensor) => Tensor = unaryFunction("Sqrt");
/** e to the power x */
export const exp: (x: Tensor) => Tensor = unaryFunction("Exp");
/** Natural logarithm */
export const log: (x: Tensor) => Tensor = unaryFunction("Log");
/** Gauss error function */
export const erf: (x: Tensor) => Tensor = unaryFunction("Erf");
/** Sine, radians */
export const sin: (x: Tensor) => Tensor = unaryFunction("Sin");
/** Cosine, radians */
export const cos: (x: Tensor) => Tensor = unaryFunction("Cos");
/** Largest whole number not above x */
export const floor: (x: Tensor) => Tensor = unaryFunction("Floor");
/** Smallest whole number not below x */
export const ceil: (x: Tensor) => Tensor = unaryFunction("Ceil");
/** Nearest whole number, halves to even */
export const round: (x: Tensor) => Tensor = unaryFunction("Round");

/** x limited to min..max */
export function clip(x: Tensor, min: number, max: number): Tensor {
  return apply("Clip", [x], { min, max });
}

/** a where the condition holds, else b */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  return apply("Where", [condition, ...asPair(a, b)], {});
}

/** x with another element type */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply("Cast", [x], { to });
}
