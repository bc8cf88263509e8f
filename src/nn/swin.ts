/**
 * Attention within windows (Z. Liu et al., "Swin transformer: hierarchical vision transformer using shifted
 * windows", ICCV 2021), in the form and with the parameter names of SwinIR (J. Liang et al. 2021).
 *
 * Features are `[N, H, W, C]` here; H and W must be multiples of the window.
 * @module
 */
import {
  add,
  cast,
  concat,
  constantOf,
  equal,
  gather,
  leakyRelu,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../graph/mod.ts";
import { convLayer, gelu, layerNorm, linearLayer, transformerNormal } from "./layers.ts";
import type { Scope } from "./parameters.ts";

/** Sizes of the blocks of one resolution. */
export interface SwinConfig {
  /** Attention heads; they share the channels. */
  readonly heads: number;
  /** Edge of the windows. */
  readonly window: number;
  /** Width of the perceptron. */
  readonly hidden: number;
}

/** Score of two pixels that are neighbours only because the image was rolled; as published. */
const APART = -100;

/** `[N, H, W, C]` of `[N, C, H, W]`. */
export const channelsLast = (x: Tensor): Tensor => transpose(x, [0, 2, 3, 1]);

/** `[N, C, H, W]` of `[N, H, W, C]`. */
export const channelsFirst = (x: Tensor): Tensor => transpose(x, [0, 3, 1, 2]);

/** Windows as rows of pixels, `[N H W / w^2, w^2, C]`. */
function windowsOf(x: Tensor, w: number): Tensor {
  const [batch, height, width, channels] = x.shape;
  const split = reshape(x, [batch, height / w, w, width / w, w, channels]);
  return reshape(transpose(split, [0, 1, 3, 2, 4, 5]), [-1, w * w, channels]);
}

/** Undoes {@link windowsOf}. */
function fromWindows(windows: Tensor, [batch, height, width, channels]: readonly number[]): Tensor {
  const w = Math.round(Math.sqrt(windows.shape[1]));
  const split = reshape(windows, [batch, height / w, width / w, w, w, channels]);
  return reshape(transpose(split, [0, 1, 3, 2, 4, 5]), [batch, height, width, channels]);
}

/** Rows and columns moved up and to the left by `shift`, those that leave come back at the other side. */
function rolled(x: Tensor, shift: number): Tensor {
  if (shift === 0) return x;
  return [1, 2].reduce((moved, axis) => {
    const size = moved.shape[axis];
    const cut = (shift + size) % size;
    return concat([slice(moved, axis, cut, size), slice(moved, axis, 0, cut)], axis);
  }, x);
}

/** Place in the table of biases for each pair of pixels of a window, `[w^2, w^2]`. */
function relativePositions(w: number): Tensor {
  const pixels = w * w;
  const places = BigInt64Array.from({ length: pixels * pixels }, (_, i) => {
    const [a, b] = [Math.floor(i / pixels), i % pixels];
    const rows = Math.floor(a / w) - Math.floor(b / w) + w - 1;
    const columns = a % w - b % w + w - 1;
    return BigInt(rows * (2 * w - 1) + columns);
  });
  return constantOf(places, [pixels * pixels]);
}

/**
 * Scores to add where windows were shifted by half their edge, so that pixels from opposite borders of the
 * image do not see each other. One tensor serves all blocks of a size.
 * @returns `[windows, 1, w^2, w^2]`
 */
export function shiftedWindowMask(height: number, width: number, window: number): Tensor {
  const part = (i: number, size: number) =>
    i < size - window ? 0 : i < size - (window >> 1) ? 1 : 2;
  const labels = Float32Array.from(
    { length: height * width },
    (_, i) => 3 * part(Math.floor(i / width), height) + part(i % width, width),
  );
  const label = windowsOf(constantOf(labels, [1, height, width, 1]), window);
  const together = cast(equal(label, swapLastAxes(label)), "float32");
  const [count, pixels] = label.shape;
  return reshape(mul(sub(1, together), APART), [count, 1, pixels, pixels]);
}

/**
 * Attention of several heads among the pixels of each window, with a bias for their relative position.
 * @param x `[B, w^2, C]`
 * @param mask of {@link shiftedWindowMask}; B is a multiple of its windows
 */
export function windowAttention(
  scope: Scope,
  x: Tensor,
  { heads, window }: SwinConfig,
  mask?: Tensor,
): Tensor {
  const [batch, pixels, channels] = x.shape;
  const depth = channels / heads;
  const split = reshape(linearLayer(scope.at("qkv"), x, 3 * channels), [
    ...[batch, pixels, 3],
    ...[heads, depth],
  ]);
  const parts = transpose(split, [2, 0, 3, 1, 4]);
  const [query, key, value] = [0, 1, 2].map((i) =>
    reshape(slice(parts, 0, i, i + 1), [batch, heads, pixels, depth])
  );
  const tableShape = [(2 * window - 1) ** 2, heads];
  const table = scope.parameter("relative_position_bias_table", tableShape, transformerNormal());
  const biases = reshape(gather(table, relativePositions(window), 0), [pixels, pixels, heads]);
  let scores = matMul(mul(query, depth ** -0.5), swapLastAxes(key));
  scores = add(scores, transpose(biases, [2, 0, 1]));
  if (mask !== undefined) {
    const windows = mask.shape[0];
    const each = reshape(scores, [batch / windows, windows, heads, pixels, pixels]);
    scores = reshape(add(each, mask), scores.shape);
  }
  const seen = transpose(matMul(softmax(scores, -1), value), [0, 2, 1, 3]);
  return linearLayer(scope.at("proj"), reshape(seen, [batch, pixels, channels]), channels);
}

/**
 * A block: attention and a perceptron, each after a normalisation and with a skip connection.
 * @param x `[N, H, W, C]`
 * @param mask of {@link shiftedWindowMask}: the windows are shifted by half their edge; undefined: not
 */
export function swinBlock(scope: Scope, x: Tensor, config: SwinConfig, mask?: Tensor): Tensor {
  const { window, hidden } = config;
  const channels = x.shape[3];
  const shift = mask === undefined ? 0 : window >> 1;
  const windows = windowsOf(rolled(layerNorm(scope.at("norm1"), x), shift), window);
  const attended = windowAttention(scope.at("attn"), windows, config, mask);
  const h = add(x, rolled(fromWindows(attended, x.shape), -shift));
  const mlp = scope.at("mlp");
  const inner = gelu(linearLayer(mlp.at("fc1"), layerNorm(scope.at("norm2"), h), hidden));
  return add(h, linearLayer(mlp.at("fc2"), inner, channels));
}

/** The blocks of a residual group. */
export interface SwinGroupConfig extends SwinConfig {
  /** Blocks; every second one has shifted windows. */
  readonly depth: number;
  /** Whether three thin convolutions take the place of one at the end. */
  readonly threeConvolutions: boolean;
}

/**
 * Blocks with a convolution and a skip connection about them (RSTB of SwinIR).
 * @param x `[N, H, W, C]`
 * @param mask of {@link shiftedWindowMask}; undefined where an image has a single window
 */
export function swinGroup(scope: Scope, x: Tensor, config: SwinGroupConfig, mask?: Tensor): Tensor {
  const blocks = scope.at("residual_group").at("blocks");
  let h = x;
  for (let i = 0; i < config.depth; i++) {
    h = swinBlock(blocks.at(i), h, config, i % 2 === 1 ? mask : undefined);
  }
  const { threeConvolutions } = config;
  return add(
    channelsLast(groupConvolution(scope.at("conv"), channelsFirst(h), threeConvolutions)),
    x,
  );
}

/** Slope of the activations between three convolutions. */
const SLOPE = 0.2;

/** The convolution after blocks, or three of which the middle one is thin; `[N, C, H, W]`. */
export function groupConvolution(scope: Scope, x: Tensor, threeConvolutions: boolean): Tensor {
  const channels = x.shape[1];
  if (!threeConvolutions) return convLayer(scope, x, channels);
  const thin = channels >> 2;
  const first = leakyRelu(convLayer(scope.at(0), x, thin), SLOPE);
  const second = leakyRelu(convLayer(scope.at(2), first, thin, { kernel: 1 }), SLOPE);
  return convLayer(scope.at(4), second, channels);
}
