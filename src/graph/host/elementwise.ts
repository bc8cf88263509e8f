/** Reference kernels of elementwise operators and activations. @module */
import type { OpName } from "../ops/attributes.ts";
import type { DType } from "../tensor.ts";
import { broadcastTo, type HostKernel, type SomeKernels } from "./array.ts";

const unary = <K extends OpName>(f: (x: number) => number): HostKernel<K> => ([x]) =>
  x.data.map((v) => f(v));

const binary =
  <K extends OpName>(f: (a: number, b: number) => number): HostKernel<K> => ([a, b], node) => {
    const second = broadcastTo(b, node.shape);
    return broadcastTo(a, node.shape).map((v, i) => f(v, second[i]));
  };

const test = <K extends OpName>(f: (a: number, b: number) => boolean): HostKernel<K> =>
  binary((a, b) => f(a, b) ? 1 : 0);

/** Kernels of elementwise operators and activations. */
export const elementwiseKernels = {
  Identity: ([x]) => x.data,
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: (inputs, node) => {
    const quotient = binary((a, b) => a / b)(inputs, node);
    return isWhole(node.dtype) ? quotient.map(Math.trunc) : quotient;
  },
  Pow: binary((a, b) => a ** b),
  Max: binary(Math.max),
  Min: binary(Math.min),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Reciprocal: unary((x) => 1 / x),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Erf: unary(erf),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Relu: unary((x) => Math.max(x, 0)),
  LeakyRelu: ([x], { attributes: { alpha } }) => x.data.map((v) => v > 0 ? v : alpha * v),
  Elu: ([x], { attributes: { alpha } }) => x.data.map((v) => v > 0 ? v : alpha * Math.expm1(v)),
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  PRelu: binary((x, slope) => x > 0 ? x : slope * x),
  Clip: ([x], { attributes: { min, max } }) => x.data.map((v) => Math.min(max, Math.max(min, v))),
  Cast: ([x], { attributes: { to } }) => x.data.map((v) => castTo(to, v)),
  Greater: test((a, b) => a > b),
  GreaterOrEqual: test((a, b) => a >= b),
  Less: test((a, b) => a < b),
  LessOrEqual: test((a, b) => a <= b),
  Equal: test((a, b) => a === b),
  And: test((a, b) => a !== 0 && b !== 0),
  Or: test((a, b) => a !== 0 || b !== 0),
  Not: unary((x) => x === 0 ? 1 : 0),
  Where: ([condition, a, b], { shape }) => {
    const first = broadcastTo(a, shape);
    const second = broadcastTo(b, shape);
    return broadcastTo(condition, shape).map((c, i) => c !== 0 ? first[i] : second[i]);
  },
} satisfies SomeKernels;

function isWhole(dtype: DType): boolean {
  return dtype !== "float32" && dtype !== "float64";
}

function castTo(dtype: DType, value: number): number {
  if (dtype === "bool") return value === 0 ? 0 : 1;
  if (dtype === "uint8") return Math.trunc(value) & 255;
  return isWhole(dtype) ? Math.trunc(value) : value;
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Where erf is 1 in float64. */
const ERF_IS_ONE = 6;

/** Gauss error function: 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, all terms of one sign. */
function erf(x: number): number {
  if (Math.abs(x) > ERF_IS_ONE) return Math.sign(x);
  let sum = 0;
  let term = x;
  for (let n = 0; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    sum += term;
    term *= 2 * x * x / (2 * n + 3);
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}
