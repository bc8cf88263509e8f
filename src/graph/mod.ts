/**
 * Graphs of ONNX operators: built in TypeScript, differentiated, run by onnxruntime. Shapes are static and
 * checked while a graph is built. Foreign ONNX models become functions on the same tensors.
 *
 * @example A least-squares step with its gradient
 * ```ts
 * import { mul, reduceSum, Runtime, scalar, sub, vjp } from "./mod.ts";
 *
 * await using runtime = await Runtime.open("cpu");
 * const program = await runtime.build({ x: [2], y: [2] }, ({ x, y }) => {
 *   const residual = sub(x, y);
 *   const [gradient] = vjp([reduceSum(mul(residual, residual))], [x], [scalar(1)]);
 *   return { next: sub(x, mul(0.5, gradient)) };
 * });
 * const array = (...values: number[]) => ({ data: Float32Array.from(values), shape: [2] });
 * const { next } = await program.run({ x: array(0, 0), y: array(3, 4) });
 * console.assert(next.data[0] === 3 && next.data[1] === 4);
 * ```
 * @module
 */
export {
  elu,
  leakyRelu,
  prelu,
  relu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from "./ops/activation.ts";
export { averagePool, conv, type ConvOptions, convTranspose, maxPool, resize } from "./ops/conv.ts";
export {
  abs,
  add,
  and,
  cast,
  ceil,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  greater,
  greaterOrEqual,
  isFloat,
  less,
  lessOrEqual,
  log,
  max,
  min,
  mul,
  neg,
  not,
  or,
  pow,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  sub,
  where,
} from "./ops/elementwise.ts";
export {
  asTensor,
  constant,
  constantOf,
  identity,
  input,
  scalar,
  type TensorLike,
} from "./ops/leaf.ts";
export { gemm, matMul } from "./ops/linear.ts";
export {
  concat,
  expand,
  gather,
  pad,
  reshape,
  reverse,
  slice,
  swapLastAxes,
  tile,
  transpose,
} from "./ops/movement.ts";
export {
  argMax,
  type Reduce,
  reduceL2,
  reduceMax,
  reduceMean,
  reduceMin,
  type ReduceOptions,
  reduceSum,
} from "./ops/reduce.ts";
export type { NdArray } from "../ndarray.ts";
export type {
  ConstantData,
  ConvAttributes,
  ConvTransposeAttributes,
  NoAttributes,
  OpAttributes,
  OpName,
  PlainOp,
  PoolAttributes,
  ReduceAttributes,
} from "./ops/attributes.ts";
export { type DType, type Shape, Tensor, type TensorType, topological } from "./tensor.ts";
export type {
  CompileOptions,
  DeviceArray,
  InputShapes,
  Program,
  ProgramInput,
  RuntimeOptions,
} from "./runtime/program.ts";
export { asPart, cutAfter } from "./runtime/parts.ts";
export type { GraphMemory } from "./runtime/memory.ts";
export { Runtime } from "./runtime/session.ts";
export type { Device, DeviceRequest } from "./runtime/device.ts";
export {
  type DeclaredShape,
  encodeModel,
  type EncodeOptions,
  modelWeights,
  type NamedTensors,
} from "./proto.ts";
export {
  type ExternalLoader,
  type ForeignModel,
  type ForeignValue,
  importOnnx,
  type ImportOptions,
} from "./import/import_onnx.ts";
export { externalLoader } from "./import/external_data.ts";
export { evaluate, type HostArray } from "./host/evaluate.ts";
export { vjp } from "./vjp.ts";
export { vjpModel, type VjpModelOptions } from "./vjp_model.ts";
export { gradcheck, type GradcheckOptions, type GradcheckResult } from "./gradcheck.ts";
