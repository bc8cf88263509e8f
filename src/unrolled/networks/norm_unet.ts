/**
 * The normalised U-Net of the end-to-end variational network (Sriram et al. 2020): real and
 * imaginary part to mean 0 and deviation 1, zeros to multiples of 16, U-Net, and back.
 * @module
 */
import {
  add,
  div,
  mul,
  pad,
  reduceMean,
  reduceSum,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { Scope } from "../../nn/mod.ts";
import { unet } from "./unet.ts";

/** Both sides are padded to multiples of this. */
const MULTIPLE = 16;

/** Sizes of the U-Net inside. */
export interface NormUNetConfig {
  /** Channels of the finest level. */
  readonly channels: number;
  /** Levels below it. */
  readonly pools: number;
  /** Whether the U-Net's result is zero before training. */
  readonly startsAtZero?: boolean;
}

/**
 * A complex image through the normalised U-Net.
 * @param x `[N, 2, H, W]`
 * @returns `[N, 2, H, W]`
 */
export function normUNet(scope: Scope, x: Tensor, config: NormUNetConfig): Tensor {
  const [, , height, width] = x.shape;
  const options = { keepDims: true };
  const mean = reduceMean(x, [2, 3], options);
  const centred = sub(x, mean);
  // torch.std divides by one less than the number of values.
  const variance = mul(
    reduceSum(mul(centred, centred), [2, 3], options),
    1 / (height * width - 1),
  );
  const deviation = sqrt(variance);
  const [top, left] = [height, width].map((size) => Math.floor(missing(size) / 2));
  const [bottom, right] = [missing(height) - top, missing(width) - left];
  const padded = pad(div(centred, deviation), [0, 0, top, left, 0, 0, bottom, right]);
  const result = unet(scope.at("unet"), padded, { outChannels: 2, ...config });
  const cropped = slice(slice(result, 2, top, top + height), 3, left, left + width);
  return add(mul(cropped, deviation), mean);
}

/** Rows that are missing to the next multiple. */
function missing(size: number): number {
  return Math.ceil(size / MULTIPLE) * MULTIPLE - size;
}
