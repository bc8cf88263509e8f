/** Magnitudes and means over windows, in a graph. @module */
import { constantOf, conv, div, mul, reduceSum, sqrt, type Tensor } from "../graph/mod.ts";
import { sizeOf } from "../ndarray.ts";

/**
 * Squared magnitude of images `[N, 2 S, H, W]`, `[N, 1, H, W]`: those of several sets of coil maps are seen as
 * one, whose square is the sum of theirs.
 */
export const squares = (x: Tensor): Tensor => reduceSum(mul(x, x), [1], { keepDims: true });

/** Mean of `[1, 1, H, W]` over a window; of the pixels within the image at its edges. */
export function meanOver(x: Tensor, side: number): Tensor {
  const kernel = constantOf(new Float32Array(side * side).fill(1), [1, 1, side, side]);
  const padding = { padding: (side - 1) / 2 };
  const ones = constantOf(new Float32Array(sizeOf(x.shape)).fill(1), x.shape);
  return div(conv(x, kernel, undefined, padding), conv(ones, kernel, undefined, padding));
}

/** Root of the mean over a window. */
export const rootMean = (squares: Tensor, side: number): Tensor => sqrt(meanOver(squares, side));
