/**
 * The network of the denoiser: a U-Net of residual blocks with convolutions and ReLU only, so that
 * it runs at the full rate of a CPU.
 *
 * Levels are joined by strided 2 x 2 convolutions and transposed convolutions, and skip connections
 * add, as in DRUNet (K. Zhang et al., "Plug-and-play image restoration with deep denoiser prior",
 * IEEE TPAMI 2022). A small perceptron turns the noise level into a bias per channel at the entry of
 * each level: one pass per level, where one per block would cost a quarter of the time.
 * @module
 */
import { add, input, relu, type Tensor } from "../graph/mod.ts";
import { type Denoiser, edmDenoiser } from "./denoiser.ts";
import { convLayer, lecunNormal, upLayer } from "./layers.ts";
import { type Initializer, type ParameterSpec, parameterSpecs, type Scope } from "./parameters.ts";

/** Sizes of a {@link residualUNet}. */
export interface ResidualUNetConfig {
  /** Channels of the image, in and out. */
  readonly channels: number;
  /** Channels of each level, the finest first. */
  readonly widths: readonly number[];
  /** Residual blocks of each level, as many going down as coming up. */
  readonly blocks: readonly number[];
  /** Width of the perceptron of the noise level; 0 leaves the noise level out. */
  readonly embedding: number;
}

/** The network of `prior-brain`: about 2 million parameters. */
export const DENOISER_NETWORK: ResidualUNetConfig = {
  channels: 2,
  widths: [32, 64, 96, 160],
  blocks: [1, 1, 2, 2],
  embedding: 64,
};

/** Blocks and output begin at zero, so that the network begins as c_skip x alone. */
const zero = (): Initializer => ({ kind: "constant", value: 0 });
/** Spread of the perceptron's first bias, so that its kinks lie across ln(sigma) / 4. */
const KNOTS: Initializer = { kind: "uniform", low: -2, high: 2 };

/** The factor by which both sides of an image must be divisible. */
export function sizeMultiple({ widths }: ResidualUNetConfig): number {
  return 2 ** (widths.length - 1);
}

/**
 * The network.
 * @param x image `[N, C, H, W]`, H and W multiples of {@link sizeMultiple}
 * @param noise `[N, 1, 1, 1]`, of order 1 (EDM: ln(sigma) / 4)
 * @returns `[N, C, H, W]`; all zero at first
 */
export function residualUNet(
  scope: Scope,
  x: Tensor,
  noise: Tensor,
  config: ResidualUNetConfig = DENOISER_NETWORK,
): Tensor {
  const { channels, widths, blocks, embedding } = config;
  const features = embedding > 0 ? noiseFeatures(scope.at("noise"), noise, embedding) : undefined;
  const entered = (at: Scope, h: Tensor): Tensor =>
    features === undefined
      ? h
      : add(h, convLayer(at, features, h.shape[1], { kernel: 1, init: lecunNormal }));
  const last = widths.length - 1;
  const skips: Tensor[] = [];
  let h = convLayer(scope.at("head"), x, widths[0], { init: lecunNormal });
  for (let level = 0; level < last; level++) {
    const at = scope.at("down").at(level);
    h = residualBlocks(at, entered(at.at("noise"), h), blocks[level]);
    skips.push(h);
    const halving = { kernel: 2, stride: 2, bias: false, init: lecunNormal };
    h = convLayer(at.at("down"), h, widths[level + 1], halving);
  }
  const body = scope.at("body");
  h = residualBlocks(body, entered(body.at("noise"), h), blocks[last]);
  for (let level = last - 1; level >= 0; level--) {
    const at = scope.at("up").at(level);
    const up = upLayer(at.at("up"), h, widths[level], { bias: false, init: lecunNormal });
    h = residualBlocks(at, entered(at.at("noise"), add(up, skips[level])), blocks[level]);
  }
  return convLayer(scope.at("tail"), relu(h), channels, { init: zero });
}

function noiseFeatures(scope: Scope, noise: Tensor, width: number): Tensor {
  const options = { kernel: 1, init: lecunNormal, biasInit: KNOTS };
  const first = convLayer(scope.at(0), noise, width, options);
  return relu(convLayer(scope.at(1), relu(first), width, { kernel: 1 }));
}

/** x + conv(relu(conv(relu(x)))), the last kernel zero at first so that a block starts as identity. */
function residualBlocks(scope: Scope, x: Tensor, count: number): Tensor {
  let h = x;
  for (let i = 0; i < count; i++) {
    const at = scope.at(i);
    const inner = convLayer(at.at(0), relu(h), h.shape[1]);
    h = add(h, convLayer(at.at(1), relu(inner), h.shape[1], { init: zero }));
  }
  return h;
}

/** Parameters of the denoiser's network. */
export function denoiserSpecs(config: ResidualUNetConfig): ParameterSpec[] {
  const side = sizeMultiple(config);
  const image = input("x", [1, config.channels, side, side]);
  const noise = input("noise", [1, 1, 1, 1]);
  return parameterSpecs((scope) => residualUNet(scope, image, noise, config));
}

/** The denoiser whose weights come from a scope; sizes must fit the network. */
export function scopedDenoiser(
  scope: Scope,
  config: ResidualUNetConfig,
  sigmaData: number,
): Denoiser {
  return edmDenoiser((x, noise) => residualUNet(scope, x, noise, config), sigmaData);
}
