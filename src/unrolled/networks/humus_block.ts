/**
 * The regulariser of HUMUS-Net (Z. Fabian, B. Tinaz, M. Soltanolkotabi, NeurIPS 2022): convolutions at full
 * resolution about a U-Net of Swin transformer groups (MUST), with the authors' names of the weights.
 *
 * The authors' images have the readout first, Larmor's the phase-encode axis. Where a block of 2 x 2 pixels
 * becomes channels or the reverse, the axes are therefore taken in exchanged order.
 * @module
 */
import { add, concat, leakyRelu, reshape, type Tensor, transpose } from "../../graph/mod.ts";
import {
  channelsFirst,
  channelsLast,
  convLayer,
  groupConvolution,
  type Initializer,
  instanceNorm,
  layerNorm,
  linearLayer,
  type Scope,
  shiftedWindowMask,
  swinGroup,
} from "../../nn/mod.ts";
import { convBlock, SLOPE, upBlock } from "./unet.ts";

/** Sizes of the block. */
export interface HumusBlockConfig {
  /** Channels of the finest resolution of the transformer; they double with each level. Published: 66. */
  readonly features: number;
  /** Blocks of each level, the finest first. Published: 2, 2, 2. */
  readonly depths: readonly number[];
  /** Attention heads of each level. Published: 3, 6, 12. */
  readonly heads: readonly number[];
  /** Blocks and heads below the last level. Published: 2 and 24. */
  readonly bottleneck: { readonly depth: number; readonly heads: number };
  /** Edge of the windows. Published: 8. */
  readonly window: number;
  /** Width of perceptrons, in units of the channels. Published: 2. */
  readonly mlpRatio: number;
  /** Whether convolutions halve the image before the transformer sees it. Published: true. */
  readonly halved: boolean;
  /** Whether three thin convolutions end each group, in place of one. Published: false. */
  readonly threeConvolutions: boolean;
  /** Whether the result is added to the image. Published: true. If not, the last kernel begins at zero. */
  readonly residual: boolean;
}

const ZERO = (): Initializer => ({ kind: "constant", value: 0 });

/** Both sides of an image must be multiples of this. */
export function humusMultiple({ window, depths, halved }: HumusBlockConfig): number {
  return window * 2 ** (depths.length + (halved ? 1 : 0));
}

/**
 * The block.
 * @param x `[N, C, H, W]`, sides multiples of {@link humusMultiple}
 * @returns `[N, C, H, W]`
 */
export function humusBlock(scope: Scope, x: Tensor, config: HumusBlockConfig): Tensor {
  const { features, halved, residual } = config;
  const half = features >> 1;
  const first = convLayer(scope.at("conv_first"), x, halved ? half : features);
  const entered = halved ? halvedFeatures(scope, first, features) : first;
  const found = multiscale(scope, entered, config);
  const deep = groupConvolution(scope.at("conv_after_body"), found, config.threeConvolutions);
  const body = halved
    ? convBlock(
      scope.at("conv_up_block"),
      concat([upBlock(scope.at("conv_up"), deep, half), first], 1),
      half,
    )
    : add(deep, first);
  const init = residual ? undefined : ZERO;
  const change = convLayer(scope.at("conv_last"), body, x.shape[1], { init });
  return residual ? add(x, change) : change;
}

/** Twice the channels at half the size. */
function halvedFeatures(scope: Scope, x: Tensor, features: number): Tensor {
  const wide = convBlock(scope.at("conv_down_block"), x, features);
  const options = { kernel: 2, stride: 2, bias: false };
  const down = convLayer(scope.at("conv_down").at("layers").at(0), wide, features, options);
  return leakyRelu(instanceNorm(down), SLOPE);
}

/** Groups of Swin blocks at several resolutions, with skip connections; `[N, C, H, W]`. */
function multiscale(scope: Scope, x: Tensor, config: HumusBlockConfig): Tensor {
  const { features, depths, heads, bottleneck } = config;
  const group = (at: Scope, h: Tensor, sizes: { depth: number; heads: number }) => {
    const [, height, width, channels] = h.shape;
    const { window, mlpRatio, threeConvolutions } = config;
    const hidden = Math.trunc(channels * mlpRatio);
    const isSingle = Math.min(height, width) <= window;
    const mask = isSingle ? undefined : shiftedWindowMask(height, width, window);
    return swinGroup(at, h, { ...sizes, window, hidden, threeConvolutions }, mask);
  };
  let h = layerNorm(scope.at("patch_embed").at("norm"), channelsLast(x));
  const skips = depths.map((depth, i) => {
    const at = scope.at("layers_down").at(i);
    const skip = group(at, h, { depth, heads: heads[i] });
    h = merged(at.at("reshape"), skip);
    return skip;
  });
  h = group(scope.at("layer_bottleneck"), layerNorm(scope.at("norm_down"), h), bottleneck);
  skips.toReversed().forEach((skip, i) => {
    const level = depths.length - 1 - i;
    const at = scope.at("layers_up").at(i);
    h = expanded(at.at("reshape"), h, skip, features * 2 ** level);
    h = group(at, h, { depth: depths[level], heads: heads[level] });
  });
  return channelsFirst(layerNorm(scope.at("norm_up"), h));
}

/** Blocks of 2 x 2 pixels as one of twice the channels, `[N, H / 2, W / 2, 2 C]`. */
function merged(scope: Scope, x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape;
  const split = reshape(x, [batch, height / 2, 2, width / 2, 2, channels]);
  const blocks = transpose(split, [0, 1, 3, 2, 4, 5]);
  const joined = reshape(blocks, [batch, height / 2, width / 2, 4 * channels]);
  return linearLayer(scope.at("reduction"), layerNorm(scope.at("norm"), joined), 2 * channels, {
    bias: false,
  });
}

/** Pixels as blocks of 2 x 2 with half the channels, joined with those of the way down. */
function expanded(scope: Scope, x: Tensor, skip: Tensor, channels: number): Tensor {
  const [batch, height, width] = x.shape;
  const wide = linearLayer(scope.at("expand"), x, 4 * channels, { bias: false });
  const blocks = transpose(reshape(wide, [batch, height, width, 2, 2, channels]), [
    ...[0, 1, 4],
    ...[2, 3, 5],
  ]);
  const joined = concat([reshape(blocks, skip.shape), skip], 3);
  const mixed = linearLayer(scope.at("channel_mix"), joined, channels, { bias: false });
  return layerNorm(scope.at("norm"), mixed);
}
