/**
 * SwinIR: J. Liang, J. Cao, G. Sun, K. Zhang, L. Van Gool, R. Timofte, "SwinIR: image restoration using Swin
 * transformer", ICCV workshops 2021, without upsampling (denoising, artefacts), with the parameter names
 * of its state dict. Images are padded as the authors do: mirrored at the bottom and at the right.
 *
 * Difference in training: no stochastic depth, and the last kernel begins at zero, so that the
 * untrained network gives its input.
 * @module
 */
import { InputError } from "../errors.ts";
import { add, constantOf, input, pad, slice, sub, type Tensor } from "../graph/mod.ts";
import {
  type Initializer,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  type Scope,
} from "./parameters.ts";
import { convLayer, layerNorm } from "./layers.ts";
import {
  channelsFirst,
  channelsLast,
  groupConvolution,
  shiftedWindowMask,
  swinGroup,
} from "./swin.ts";

/** Sizes of the network; the published denoiser has 180 channels and six groups of 6 blocks of 6 heads. */
export interface SwinIRConfig {
  /** Channels of images, in and out: 1, 2 or 3. */
  readonly channels: number;
  /** Channels of features. */
  readonly features: number;
  /** Blocks of each residual group. */
  readonly depths: readonly number[];
  /** Attention heads of each residual group. */
  readonly heads: readonly number[];
  /** Edge of the windows. */
  readonly window: number;
  /** Width of the blocks' perceptrons. */
  readonly hidden: number;
  /** Whether three thin convolutions end a group, in place of one. */
  readonly threeConvolutions: boolean;
}

/** Mean of the training images of the networks in colour, which the authors subtract. */
const COLOUR_MEAN = [0.4488, 0.4371, 0.404];

const ZERO = (): Initializer => ({ kind: "constant", value: 0 });

/**
 * The network.
 * @param x `[N, channels, H, W]`, each side more than half a window
 * @returns `[N, channels, H, W]`
 * @throws {InputError} for a smaller image
 */
export function swinir(scope: Scope, x: Tensor, config: SwinIRConfig): Tensor {
  const { channels, features, depths, heads, window, hidden, threeConvolutions } = config;
  const [, , height, width] = x.shape;
  const [rows, columns] = [height, width].map((size) => (window - size % window) % window);
  if (rows >= height || columns >= width) {
    throw new InputError(
      `Cannot run SwinIR on an image of ${height} x ${width}: sides of more than half its window ` +
        `of ${window} are required`,
    );
  }
  const mean = channels === 3 ? COLOUR_MEAN : new Array<number>(channels).fill(0);
  const centred = sub(x, constantOf(Float32Array.from(mean), [1, channels, 1, 1]));
  const padded = pad(centred, [0, 0, 0, 0, 0, 0, rows, columns], { mode: "reflect" });
  const first = convLayer(scope.at("conv_first"), padded, features);
  let h = layerNorm(scope.at("patch_embed").at("norm"), channelsLast(first));
  const mask = shiftedWindowMask(height + rows, width + columns, window);
  depths.forEach((depth, i) => {
    const sizes = { depth, heads: heads[i], window, hidden, threeConvolutions };
    h = swinGroup(scope.at("layers").at(i), h, sizes, mask);
  });
  const deep = channelsFirst(layerNorm(scope.at("norm"), h));
  const body = add(groupConvolution(scope.at("conv_after_body"), deep, threeConvolutions), first);
  const change = convLayer(scope.at("conv_last"), body, channels, { init: ZERO });
  return add(x, slice(slice(change, 2, 0, height), 3, 0, width));
}

/** Parameters of a network of these sizes. */
export function swinirSpecs(config: SwinIRConfig): ParameterSpec[] {
  const image = input("x", [1, config.channels, config.window, config.window]);
  return parameterSpecs((scope) => swinir(scope, image, config));
}

/**
 * Sizes of a network from its weights.
 * @param name of the file, for messages
 * @throws {InputError} when they are not those of SwinIR without upsampling
 */
export function swinirConfig(parameters: Parameters, name: string): SwinIRConfig {
  const shape = (key: string) => parameters[key]?.shape ?? [];
  const countOf = (pattern: RegExp) =>
    new Set(Object.keys(parameters).flatMap((key) => pattern.exec(key)?.[1] ?? [])).size;
  const groups = countOf(/^layers\.(\d+)\./);
  const block = (group: number, i: number) => `layers.${group}.residual_group.blocks.${i}`;
  const table = (group: number) => shape(`${block(group, 0)}.attn.relative_position_bias_table`);
  const [features = 0, channels = 0] = shape("conv_first.weight");
  const isDenoiser = `${shape("conv_last.weight").slice(0, 2)}` === `${[channels, features]}`;
  if (groups === 0 || table(0).length !== 2 || !isDenoiser) {
    throw new InputError(
      `Cannot use ${name}: the state dict of SwinIR without upsampling is required (conv_first, ` +
        "layers, conv_last), found " +
        (Object.keys(parameters).slice(0, 3).join(", ") || "no weights"),
    );
  }
  const indices = Array.from({ length: groups }, (_, i) => i);
  return {
    channels,
    features,
    depths: indices.map((i) =>
      countOf(new RegExp(`^layers\\.${i}\\.residual_group\\.blocks\\.(\\d+)\\.`))
    ),
    heads: indices.map((i) => table(i)[1]),
    window: (Math.round(Math.sqrt(table(0)[0])) + 1) / 2,
    hidden: shape(`${block(0, 0)}.mlp.fc1.weight`)[0] ?? 0,
    threeConvolutions: shape("conv_after_body.0.weight").length > 0,
  };
}
