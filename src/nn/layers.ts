/** Layers of networks: functions of a tensor that ask a scope for their parameters. @module */
import {
  add,
  conv,
  convTranspose,
  div,
  erf,
  matMul,
  mul,
  reduceMean,
  sqrt,
  sub,
  swapLastAxes,
  type Tensor,
} from "../graph/mod.ts";
import type { Initializer, Scope } from "./parameters.ts";

const ZERO: Initializer = { kind: "constant", value: 0 };

/** Standard deviation that keeps the variance through a ReLU (He et al. 2015, eq. 10). */
export function heNormal(fanIn: number): Initializer {
  return { kind: "normal", std: Math.sqrt(2 / fanIn) };
}

/** Standard deviation that keeps the variance where no ReLU follows (LeCun et al. 1998). */
export function lecunNormal(fanIn: number): Initializer {
  return { kind: "normal", std: Math.sqrt(1 / fanIn) };
}

/** Options of a convolution layer. */
export interface LayerOptions {
  /** Edge of the square kernel. Default 3. */
  readonly kernel?: number;
  /** Step; the padding keeps the size of stride 1. Default 1. */
  readonly stride?: number;
  /** Whether a bias is added. Default true. */
  readonly bias?: boolean;
  /** How the kernel starts, given the number of inputs of one output. Default {@link heNormal}. */
  readonly init?: (fanIn: number) => Initializer;
  /** How the bias starts. Default zero. */
  readonly biasInit?: Initializer;
}

/**
 * A convolution with "same" padding for odd kernels, none for even ones.
 * @param x `[N, C, H, W]`
 * @returns `[N, channels, H / stride, W / stride]`
 */
export function convLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  { kernel = 3, stride = 1, bias = true, init = heNormal, biasInit = ZERO }: LayerOptions = {},
): Tensor {
  const inputs = x.shape[1];
  const weight = scope.parameter(
    "weight",
    [channels, inputs, kernel, kernel],
    init(inputs * kernel * kernel),
  );
  const offset = bias ? scope.parameter("bias", [channels], biasInit) : undefined;
  return conv(x, weight, offset, { stride, padding: (kernel - 1) >> 1 });
}

/**
 * A 2 x 2 transposed convolution with stride 2: twice the size, blocks do not overlap.
 * @param x `[N, C, H, W]`
 * @returns `[N, channels, 2H, 2W]`
 */
export function upLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  { bias = true, init = heNormal }: LayerOptions = {},
): Tensor {
  const inputs = x.shape[1];
  const weight = scope.parameter("weight", [inputs, channels, 2, 2], init(inputs));
  const offset = bias ? scope.parameter("bias", [channels], ZERO) : undefined;
  return convTranspose(x, weight, offset, { stride: 2 });
}

/**
 * Each channel of each image to mean 0 and variance 1, without learned scale (Ulyanov et al. 2016).
 * @param x `[N, C, H, W]`
 * @param epsilon added to the variance; PyTorch's default
 */
export function instanceNorm(x: Tensor, epsilon = 1e-5): Tensor {
  const options = { keepDims: true };
  const centred = sub(x, reduceMean(x, [2, 3], options));
  const variance = reduceMean(mul(centred, centred), [2, 3], options);
  return div(centred, sqrt(add(variance, epsilon)));
}

/** How weights of attention and perceptrons start (Liu et al. 2021). */
export const transformerNormal = (): Initializer => ({ kind: "normal", std: 0.02 });

/**
 * A matrix applied to the last axis.
 * @param x `[..., C]`
 * @returns `[..., channels]`
 */
export function linearLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  { bias = true }: Pick<LayerOptions, "bias"> = {},
): Tensor {
  const weight = scope.parameter("weight", [channels, x.shape[x.rank - 1]], transformerNormal());
  const product = matMul(x, swapLastAxes(weight));
  return bias ? add(product, scope.parameter("bias", [channels], ZERO)) : product;
}

/**
 * The last axis to mean 0 and variance 1, then a learned scale and offset (Ba et al. 2016).
 * @param x `[..., C]`
 * @param epsilon added to the variance; PyTorch's default
 */
export function layerNorm(scope: Scope, x: Tensor, epsilon = 1e-5): Tensor {
  const channels = x.shape[x.rank - 1];
  const options = { keepDims: true };
  const centred = sub(x, reduceMean(x, [-1], options));
  const variance = reduceMean(mul(centred, centred), [-1], options);
  const scale = scope.parameter("weight", [channels], { kind: "constant", value: 1 });
  const scaled = mul(div(centred, sqrt(add(variance, epsilon))), scale);
  return add(scaled, scope.parameter("bias", [channels], ZERO));
}

/** x times the normal distribution function of x (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}
