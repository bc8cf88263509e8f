/** A use of each operator on two arrays `[1, 2, 4, 4]`, by which devices are compared. @module */
import * as g from "../mod.ts";
import type { OpName } from "../ops/attributes.ts";
import { argMax } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** Applies an operator to one or both arrays. */
export type OperatorUse = (x: Tensor, y: Tensor) => Tensor;

const where = (x: Tensor) => g.greater(x, 0);
const PLAIN = { Neg: g.neg, Abs: g.abs, Sign: g.sign, Floor: g.floor, Ceil: g.ceil, Sin: g.sin };
const CURVES = { Cos: g.cos, Exp: g.exp, Erf: g.erf, Tanh: g.tanh, Sigmoid: g.sigmoid };
const BENT = { Relu: g.relu, Softplus: g.softplus };
const OF_TWO = { Add: g.add, Sub: g.sub, Mul: g.mul, Max: g.max, Min: g.min };
const COMPARED = { Greater: g.greater, Less: g.less };
const COMPARED_TOO = { GreaterOrEqual: g.greaterOrEqual, LessOrEqual: g.lessOrEqual };

/** Operators that compute something. */
type Used = Exclude<OpName, "Input" | "Constant">;

/** A use of each operator. */
export const OPERATOR_USES: Readonly<Record<Used, OperatorUse>> = {
  ...PLAIN,
  ...CURVES,
  ...BENT,
  ...OF_TWO,
  ...COMPARED,
  ...COMPARED_TOO,
  LeakyRelu: (x) => g.leakyRelu(x, 0.2),
  Elu: (x) => g.elu(x),
  Equal: (x, y) => g.equal(g.floor(x), g.floor(y)),
  ReduceSum: (x) => g.reduceSum(x),
  ReduceMean: (x) => g.reduceMean(x),
  ReduceMax: (x) => g.reduceMax(x),
  Identity: (x) => g.identity(x),
  Round: (x) => g.round(g.mul(x, 3)),
  Reciprocal: (x) => g.reciprocal(g.exp(x)),
  Sqrt: (x) => g.sqrt(g.exp(x)),
  Log: (x) => g.log(g.exp(x)),
  Div: (x, y) => g.div(x, g.exp(y)),
  Pow: (x, y) => g.pow(g.exp(x), y),
  And: (x, y) => g.and(where(x), where(y)),
  Or: (x, y) => g.or(where(x), where(y)),
  Not: (x) => g.not(where(x)),
  Where: (x, y) => g.where(where(x), x, y),
  PRelu: (x) => g.prelu(x, g.constantOf(Float32Array.of(0.1, 0.2), [2, 1, 1])),
  Clip: (x) => g.clip(x, -0.5, 0.5),
  Softmax: (x) => g.softmax(x, 3),
  Cast: (x) => g.cast(g.cast(g.mul(x, 9), "int32"), "float32"),
  MatMul: (x, y) => g.matMul(x, y),
  Gemm: (x, y) => g.gemm(g.reshape(x, [8, 4]), g.reshape(y, [4, 8])),
  Conv: (x, y) => g.conv(x, g.reshape(y, [4, 2, 2, 2])),
  ConvTranspose: (x, y) => g.convTranspose(x, g.reshape(y, [2, 4, 2, 2])),
  AveragePool: (x) => g.averagePool(x, 2),
  MaxPool: (x) => g.maxPool(x, 2),
  Resize: (x) => g.resize(x, [8, 8]),
  Reshape: (x) => g.reshape(x, [4, 8]),
  Transpose: (x) => g.transpose(x, [0, 3, 2, 1]),
  Slice: (x) => g.slice(x, 3, 1, 3),
  Concat: (x, y) => g.concat([x, y], 1),
  Pad: (x) => g.pad(x, [0, 0, 1, 1, 0, 0, 1, 1], { mode: "reflect" }),
  Expand: (x) => g.expand(x, [3, 2, 4, 4]),
  Tile: (x) => g.tile(x, [1, 1, 2, 1]),
  Gather: (x) => g.gather(x, g.constantOf(BigInt64Array.of(3n, 0n), [2]), 3),
  ReduceMin: (x) => g.reduceMin(x),
  ReduceL2: (x) => g.reduceL2(x),
  ArgMax: (x) => argMax(x, 3),
};
