/**
 * A U-Net that corrects the least-squares image, in place of the zero-filled magnitude of `unet.ts`: as in K. H.
 * Jin, M. T. McCann, E. Froustey, M. Unser, "Deep convolutional neural network for inverse problems in
 * imaging", IEEE TIP 26:4509, 2017, whose U-Net corrects a direct inversion. The coil maps are its own,
 * by the network of the variational network, so it needs none.
 * ```
 * x = argmin |A x - y|^2 + (sigma / 2) |x|^2;  x = x - U(x)
 * ```
 * @module
 */
import { sub, type Tensor } from "../../graph/mod.ts";
import { leastSquaresImage } from "../../mri/physics/proximal.ts";
import type { Scope } from "../../nn/mod.ts";
import { normUNet } from "./unet.ts";
import {
  leastSquaresOf,
  type SensitivityConfig,
  smoothMagnitude,
  type VarNetResult,
} from "./varnet.ts";
import type { VarNetMask } from "./varnet_mask.ts";

/** Sizes of the network. */
export interface RefiningUNetConfig extends SensitivityConfig {
  /** Channels of the finest level; they double with each level. */
  readonly channels: number;
  readonly pools: number;
}

/**
 * The network.
 * @param kspace as of `varnet`
 * @param sigma noise of the samples, `[N or 1, 1, 1, 1]`
 */
export function refiningUNet(
  scope: Scope,
  kspace: Tensor,
  mask: VarNetMask,
  config: RefiningUNetConfig,
  sigma: Tensor,
): VarNetResult {
  const { data, maps } = leastSquaresOf(scope, kspace, mask, config);
  const start = leastSquaresImage(data, sigma);
  const sizes = { ...config, startsAtZero: true, keepsMean: true };
  const image = sub(start, normUNet(scope.at("model"), start, sizes));
  return { magnitude: smoothMagnitude(image), image, maps, stages: [] };
}
