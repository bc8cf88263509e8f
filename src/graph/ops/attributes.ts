/**
 * The operators as a type: their names and attributes. Every rule table is a mapped type over it, so
 * that an operator without a rule does not compile.
 * @module
 */
import type { DType, Shape } from "../tensor.ts";

/** Typed data of a constant. */
export type ConstantData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** The attributes of an operator that has none. */
export type NoAttributes = Readonly<Record<never, never>>;

/** Attributes of a convolution over the trailing spatial axes. */
export interface ConvAttributes {
  /** Step of the window along each spatial axis. */
  readonly strides: readonly number[];
  /** Zeros before each spatial axis, then after each. */
  readonly pads: readonly number[];
  /** Spacing of the kernel's taps. */
  readonly dilations: readonly number[];
  /** Number of independent groups of channels. */
  readonly group: number;
}

/** Attributes of a transposed convolution. */
export interface ConvTransposeAttributes extends ConvAttributes {
  /** Rows added at the end of each spatial axis, to tell apart sizes that stride alike. */
  readonly outputPadding: readonly number[];
}

/** Attributes of a pooling window. */
export interface PoolAttributes {
  /** Size of the window. */
  readonly kernel: readonly number[];
  /** Step of the window. */
  readonly strides: readonly number[];
  /** Zeros (AveragePool) or minus infinity (MaxPool) before each spatial axis, then after each. */
  readonly pads: readonly number[];
  /** Whether AveragePool divides by the whole window at the border too. */
  readonly countIncludePad: boolean;
}

/** Attributes of a reduction. */
export interface ReduceAttributes {
  /** Axes that are reduced, non-negative, ascending. */
  readonly axes: readonly number[];
  /** Whether reduced axes stay, with size 1. */
  readonly keepDims: boolean;
}

/** Operators without attributes. */
export type PlainOp =
  | ("Identity" | "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "MatMul" | "Where")
  | ("Neg" | "Abs" | "Sign" | "Reciprocal" | "Sqrt" | "Exp" | "Log" | "Erf" | "Sin" | "Cos")
  | ("Floor" | "Ceil" | "Round" | "Tanh" | "Sigmoid" | "Relu" | "Softplus" | "PRelu")
  | ("Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal" | "And" | "Or" | "Not");

/** The attributes of each operator. */
export type OpAttributes = { readonly [K in PlainOp]: NoAttributes } & {
  Input: { readonly name: string };
  /** `name` is what the ONNX file calls the constant, if it is free there. */
  Constant: { readonly data: ConstantData; readonly name?: string };
  LeakyRelu: { readonly alpha: number };
  Elu: { readonly alpha: number };
  Clip: { readonly min: number; readonly max: number };
  Softmax: { readonly axis: number };
  Cast: { readonly to: DType };
  Gemm: {
    readonly alpha: number;
    readonly beta: number;
    readonly transA: boolean;
    readonly transB: boolean;
  };
  Conv: ConvAttributes;
  ConvTranspose: ConvTransposeAttributes;
  AveragePool: PoolAttributes;
  MaxPool: PoolAttributes;
  Resize: {
    readonly mode: "nearest" | "linear" | "cubic";
    readonly sizes: Shape;
    /** Factors by axis where they are not exactly `sizes` over the sizes of the input. */
    readonly scales?: readonly number[];
    readonly coordinates: "half_pixel" | "align_corners" | "asymmetric" | "pytorch_half_pixel";
    readonly rounding: "floor" | "ceil" | "round_prefer_floor" | "round_prefer_ceil";
  };
  Reshape: { readonly shape: Shape };
  Transpose: { readonly perm: readonly number[] };
  Slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly axes: readonly number[];
    readonly steps: readonly number[];
  };
  Concat: { readonly axis: number };
  Pad: {
    readonly pads: readonly number[];
    readonly mode: "constant" | "reflect" | "edge";
    readonly value: number;
  };
  Expand: { readonly shape: Shape };
  Tile: { readonly repeats: readonly number[] };
  Gather: { readonly axis: number };
  ReduceSum: ReduceAttributes;
  ReduceMean: ReduceAttributes;
  ReduceMax: ReduceAttributes;
  ReduceMin: ReduceAttributes;
  ReduceL2: ReduceAttributes;
  ArgMax: { readonly axis: number; readonly keepDims: boolean };
};

/** Name of an operator, as ONNX spells it (`Input` and `Constant` are ours). */
export type OpName = keyof OpAttributes;
