/** The network of the deep image prior: down and up, with narrow skip connections. @module */
import { concat, leakyRelu, resize, type Shape, type Tensor } from "../../graph/mod.ts";
import {
  convLayer,
  instanceNorm,
  type LayerOptions,
  lecunNormal,
  type Scope,
} from "../../nn/mod.ts";
import { activatedConv } from "./conv_decoder.ts";

/** Channels of each level, the finest first. */
const WIDTHS = [16, 32, 64, 64, 64];
/** Channels of a skip connection, as published. */
const SKIP = 4;
const SLOPE = 0.2;

/**
 * The hourglass: each level halves the size by a strided convolution, and comes back by a bilinear
 * interpolation and a convolution that also sees the skip connection.
 * @param z `[1, C, H, W]`
 * @param init how the last layer starts
 * @returns `[1, channels, H, W]`
 */
export function hourglass(
  scope: Scope,
  z: Tensor,
  _size: Shape,
  channels: number,
  init: LayerOptions["init"] = lecunNormal,
): Tensor {
  const skips: Tensor[] = [];
  let x = z;
  for (const [level, width] of WIDTHS.entries()) {
    const at = scope.at("down").at(level);
    const narrow = convLayer(at.at("skip"), x, SKIP, { kernel: 1 });
    skips.push(leakyRelu(instanceNorm(narrow), SLOPE));
    x = activatedConv(at.at("halve"), x, width, 2);
  }
  for (let level = WIDTHS.length - 1; level >= 0; level--) {
    const skip = skips[level];
    const larger = resize(x, [1, x.shape[1], ...skip.shape.slice(2)], "linear");
    x = activatedConv(scope.at("up").at(level), concat([larger, skip], 1), WIDTHS[level]);
  }
  return convLayer(scope.at("out"), x, channels, { kernel: 1, init });
}
