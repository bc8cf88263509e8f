/** Layers of networks: functions of a tensor that ask a scope for their parameters. @module */
import {
  add,
  conv,
  convTranspose,
  div,
  mul,
  reciprocal,
  reduceL2,
  reduceMean,
  sqrt,
  sub,
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
 * A convolution with padding of half the kernel: the size stays at stride 1 for odd kernels, and is
 * halved at stride 2 for even ones.
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
 * A transposed convolution with stride 2: twice the size. With a 2 x 2 kernel (the default) blocks do
 * not overlap, with 4 x 4 they do.
 * @param x `[N, C, H, W]`
 * @returns `[N, channels, 2H, 2W]`
 */
export function upLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  { kernel = 2, bias = true, init = heNormal, biasInit = ZERO }: LayerOptions = {},
): Tensor {
  const inputs = x.shape[1];
  const fanIn = inputs * kernel * kernel / 4;
  const weight = scope.parameter("weight", [inputs, channels, kernel, kernel], init(fanIn));
  const offset = bias ? scope.parameter("bias", [channels], biasInit) : undefined;
  return convTranspose(x, weight, offset, { stride: 2, padding: (kernel - 1) >> 1 });
}

/**
 * Each channel of each image to mean 0 and variance 1, without learned scale (Ulyanov et al. 2016).
 * @param x `[N, C, H, W]`
 * @param epsilon added to the variance; PyTorch's default
 */
export function instanceNorm(x: Tensor, epsilon = 1e-5): Tensor {
  const options = { keepDims: true };
  const centred = sub(x, reduceMean(x, [2, 3], options));
  // The norm reads the image once, and its derivative is one product: passes over images are what
  // this costs.
  const norm = reduceL2(centred, [2, 3], options);
  const variance = div(mul(norm, norm), x.shape[2] * x.shape[3]);
  return mul(centred, reciprocal(sqrt(add(variance, epsilon))));
}
