/** The U-Net baseline: zero-filled magnitude in, magnitude out. @module */
import {
  add,
  div,
  input,
  mul,
  reduceMean,
  reduceSum,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { squaredMagnitude } from "../../mri/physics/complex.ts";
import { dftH } from "../../mri/physics/dft.ts";
import { type ParameterSpec, parameterSpecs, type Scope } from "../../nn/mod.ts";
import { unet } from "./unet.ts";

/** Sizes of the baseline U-Net. */
export interface ImageUNetConfig {
  /** Channels of the finest level. */
  readonly channels: number;
  /** Levels below it. */
  readonly pools: number;
}

/** Parameters of the baseline. */
export function imageUNetSpecs(config: ImageUNetConfig): ParameterSpec[] {
  const side = 2 ** (config.pools + 1);
  return parameterSpecs((scope) => imageUNet(scope, input("x", [1, 1, side, side]), config));
}

/**
 * The baseline: zero-filled magnitude in, magnitude out, normalised by its mean and deviation as
 * fastMRI does.
 * @param x `[N, 1, H, W]`
 * @returns `[N, 1, H, W]`
 */
export function imageUNet(scope: Scope, x: Tensor, config: ImageUNetConfig): Tensor {
  const options = { keepDims: true };
  const mean = reduceMean(x, [1, 2, 3], options);
  const centred = sub(x, mean);
  const deviation = sqrt(add(reduceMean(mul(centred, centred), [1, 2, 3], options), TINY));
  const result = unet(scope, div(centred, deviation), { outChannels: 1, ...config });
  return add(mul(result, deviation), mean);
}

/** Keeps an empty image finite. */
const TINY = 1e-12;

/** Root sum of squares of zero-filled coil images, `[N, 1, H, W]`. */
export function zeroFilledMagnitude(hybrid: Tensor): Tensor {
  return sqrt(reduceSum(squaredMagnitude(dftH(hybrid, "inverse")), [1]));
}
