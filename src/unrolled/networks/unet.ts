/**
 * The U-Net as fastMRI builds it (J. Zbontar et al., arXiv:1811.08839; O. Ronneberger et al. 2015),
 * with the parameter names of its state dict; and the two networks that are made of it: the normalised
 * one of the variational network, and fastMRI's baseline.
 * @module
 */
import {
  add,
  averagePool,
  concat,
  div,
  leakyRelu,
  mul,
  pad,
  reduceMean,
  reduceSum,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { squaredMagnitude } from "../../mri/physics/complex.ts";
import { dftH } from "../../mri/physics/dft.ts";
import {
  convLayer,
  type Initializer,
  instanceNorm,
  type Parameters,
  type Scope,
  upLayer,
} from "../../nn/mod.ts";

/** Sizes of a U-Net. */
export interface UNetConfig {
  readonly outChannels: number;
  /** Channels of the finest level; they double with each level. */
  readonly channels: number;
  readonly pools: number;
  /** Whether the last kernel is zero before training: a correction to something then begins at none. */
  readonly startsAtZero?: boolean;
}

/** Sizes of the U-Net of which weights have these names; undefined if there is none. */
export function unetSizes(
  tensors: Parameters,
  prefix: string,
): Pick<UNetConfig, "channels" | "pools"> | undefined {
  const first = (level: number) =>
    tensors[`${prefix}down_sample_layers.${level}.layers.0.weight`]?.shape[0];
  const channels = first(0);
  if (channels === undefined) return undefined;
  let pools = 1;
  while (first(pools) !== undefined) pools++;
  return { channels, pools };
}

/** Slope of the activations for negative values. */
export const SLOPE = 0.2;

const ZERO: Initializer = { kind: "constant", value: 0 };

/** PyTorch's default for convolutions. */
const uniform = (fanIn: number): Initializer => {
  const bound = 1 / Math.sqrt(fanIn);
  return { kind: "uniform", low: -bound, high: bound };
};

/**
 * The U-Net.
 * @param x `[N, C, H, W]`
 * @returns `[N, outChannels, H, W]`
 */
export function unet(
  scope: Scope,
  x: Tensor,
  { outChannels, channels, pools, startsAtZero = false }: UNetConfig,
): Tensor {
  const skips: Tensor[] = [];
  let h = x;
  for (let level = 0; level < pools; level++) {
    h = convBlock(scope.at("down_sample_layers").at(level), h, channels * 2 ** level);
    skips.push(h);
    h = averagePool(h, 2);
  }
  h = convBlock(scope.at("conv"), h, channels * 2 ** pools);
  for (let i = 0; i < pools; i++) {
    const width = channels * 2 ** (pools - 1 - i);
    const skip = skips.pop()!;
    const up = upBlock(scope.at("up_transpose_conv").at(i), h, width);
    const joined = concat([matchSize(up, skip), skip], 1);
    const at = scope.at("up_conv").at(i);
    // The last level is a sequence of a block and the 1 x 1 convolution to the result.
    h = convBlock(i === pools - 1 ? at.at(0) : at, joined, width);
    if (i < pools - 1) continue;
    const init = startsAtZero ? () => ZERO : uniform;
    return convLayer(at.at(1), h, outChannels, { kernel: 1, init, biasInit: init(width) });
  }
  throw new RangeError(`Cannot build a U-Net with ${pools} levels below the finest: at least 1`);
}

/** Twice a convolution, normalisation of each channel, activation. */
export function convBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  const options = { bias: false, init: uniform };
  const layers = scope.at("layers");
  const first = activated(convLayer(layers.at(0), x, channels, options));
  return activated(convLayer(layers.at(4), first, channels, options));
}

/** Twice the size by a transposed convolution, then normalisation and activation. */
export function upBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  return activated(upLayer(scope.at("layers").at(0), x, channels, { bias: false, init: uniform }));
}

const activated = (x: Tensor): Tensor => leakyRelu(instanceNorm(x), SLOPE);

/** A row and column mirrored at the end where pooling dropped one. */
function matchSize(x: Tensor, like: Tensor): Tensor {
  const [rows, columns] = [2, 3].map((axis) => like.shape[axis] - x.shape[axis]);
  return pad(x, [0, 0, 0, 0, 0, 0, rows, columns], { mode: "reflect" });
}

/** Both sides are padded to multiples of this. */
const MULTIPLE = 16;

/**
 * A complex image through the normalised U-Net of the end-to-end variational network (Sriram et al.
 * 2020): real and imaginary part to mean 0 and standard deviation 1, zeros to multiples of 16, U-Net,
 * and back. With `keepsMean` the image is only divided by its root mean square.
 * @param x `[N, 2, H, W]`
 * @param beside a second image that it is shown, divided by the same: only with `keepsMean`
 * @returns `[N, 2, H, W]`
 */
export function normUNet(
  scope: Scope,
  x: Tensor,
  config: NormUNetConfig,
  beside?: Tensor,
): Tensor {
  const [, , height, width] = x.shape;
  const [top, left] = [height, width].map((size) => Math.floor(missing(size) / 2));
  const [bottom, right] = [missing(height) - top, missing(width) - left];
  return (config.keepsMean ? scaled : normalised)(x, (image, scale) => {
    if (beside !== undefined && scale === undefined) {
      throw new RangeError("Cannot show a second image: a U-Net that keeps the mean is required");
    }
    const shown = beside && scale ? concat([image, div(beside, scale)], 1) : image;
    const padded = pad(shown, [0, 0, top, left, 0, 0, bottom, right]);
    const result = unet(scope.at("unet"), padded, { outChannels: 2, ...config });
    return slice(slice(result, 2, top, top + height), 3, left, left + width);
  });
}

/** Sizes of a normalised U-Net. */
interface NormUNetConfig extends Omit<UNetConfig, "outChannels"> {
  /** Whether the mean stays and both parts share their scale. Default false, as published. */
  readonly keepsMean?: boolean;
}

/** A network on images that are divided by their root mean square over all channels, which it is told. */
export function scaled(x: Tensor, network: (x: Tensor, scale: Tensor) => Tensor): Tensor {
  const square = reduceMean(mul(x, x), [1, 2, 3], { keepDims: true });
  const scale = sqrt(add(square, TINY));
  return mul(network(div(x, scale), scale), scale);
}

/** A network on images whose channels have mean 0 and standard deviation 1, `[N, C, H, W]`. */
export function normalised(x: Tensor, network: (x: Tensor, scale?: Tensor) => Tensor): Tensor {
  const [, , height, width] = x.shape;
  const options = { keepDims: true };
  const mean = reduceMean(x, [2, 3], options);
  const centred = sub(x, mean);
  // torch.std divides by one less than the number of values.
  const variance = mul(reduceSum(mul(centred, centred), [2, 3], options), 1 / (height * width - 1));
  const std = sqrt(variance);
  return add(mul(network(div(centred, std)), std), mean);
}

/** Rows that are missing to the next multiple. */
const missing = (size: number): number => Math.ceil(size / MULTIPLE) * MULTIPLE - size;

/** Smallest variance that is divided by: an empty image stays finite. */
const TINY = 1e-12;

/** Sizes of the baseline. */
export type ImageUNetConfig = Pick<UNetConfig, "channels" | "pools">;

/**
 * The baseline: zero-filled magnitude in, magnitude out, normalised by its mean and standard
 * deviation as fastMRI does.
 * @param x `[N, 1, H, W]`
 * @returns `[N, 1, H, W]`
 */
export function imageUNet(scope: Scope, x: Tensor, config: ImageUNetConfig): Tensor {
  const options = { keepDims: true };
  const mean = reduceMean(x, [1, 2, 3], options);
  const centred = sub(x, mean);
  const std = sqrt(add(reduceMean(mul(centred, centred), [1, 2, 3], options), TINY));
  const result = unet(scope, div(centred, std), { outChannels: 1, ...config });
  return add(mul(result, std), mean);
}

/** Root sum of squares of zero-filled coil images, `[N, 1, H, W]`. */
export function zeroFilledMagnitude(hybrid: Tensor): Tensor {
  return sqrt(reduceSum(squaredMagnitude(dftH(hybrid, "inverse")), [1]));
}
