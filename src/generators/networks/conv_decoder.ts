/** The network of ConvDecoder. @module */
import { leakyRelu, resize, type Shape, type Tensor } from "../../graph/mod.ts";
import { convLayer, instanceNorm, lecunNormal, type Scope } from "../../nn/mod.ts";

/** Channels of each level, the coarsest first; the last has the size of the image. */
export const DECODER_WIDTHS: readonly number[] = [64, 64, 64, 32, 16];
/** Rows and columns of the input. */
export const DECODER_SIDE = 8;

const SLOPE = 0.2;

/** A convolution, its channels normalised, and the activation. */
export function activatedConv(scope: Scope, x: Tensor, channels: number, stride = 1): Tensor {
  return leakyRelu(instanceNorm(convLayer(scope, x, channels, { stride })), SLOPE);
}

/**
 * The decoder: levels whose sizes grow by one factor, each of a nearest-neighbour interpolation, a
 * convolution, the activation and a normalisation, then one more of them and a 1 x 1 convolution.
 * @param z `[1, C, 8, 8]`
 * @returns `[1, channels, H, W]`
 */
export function convDecoder(scope: Scope, z: Tensor, size: Shape, channels: number): Tensor {
  const levels = DECODER_WIDTHS.length;
  let x = z;
  for (const [level, width] of DECODER_WIDTHS.entries()) {
    const sides = size.map((side) =>
      Math.round(DECODER_SIDE * (side / DECODER_SIDE) ** ((level + 1) / levels))
    );
    const larger = resize(x, [1, x.shape[1], ...sides], "nearest");
    x = activatedConv(scope.at("levels").at(level), larger, width);
  }
  x = activatedConv(scope.at("last"), x, DECODER_WIDTHS[levels - 1]);
  return convLayer(scope.at("out"), x, channels, { kernel: 1, init: lecunNormal });
}
