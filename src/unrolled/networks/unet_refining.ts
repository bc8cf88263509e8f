/**
 * A U-Net that corrects the least-squares image, in place of the zero-filled magnitude of `unet.ts`: as in K. H.
 * Jin, M. T. McCann, E. Froustey, M. Unser, "Deep convolutional neural network for inverse problems in
 * imaging", IEEE TIP 26:4509, 2017, whose U-Net corrects a direct inversion. It sees the zero-filled image
 * beside it, which shows what is folded onto each pixel.
 * ```
 * x = argmin |A x - y|^2 + (sigma / 2) |x|^2;  x = x - U(x, A^H y)
 * ```
 * @module
 */
import { sub, type Tensor } from "../../graph/mod.ts";
import { leastSquaresImage } from "../../mri/physics/proximal.ts";
import type { Scope } from "../../nn/mod.ts";
import type { NoisyLeastSquares } from "./least_squares.ts";
import type { UNetConfig } from "./unet.ts";
import { refinement } from "./varnet_solved.ts";

/** Sizes of the network. */
export interface RefiningUNetConfig extends Pick<UNetConfig, "channels" | "pools"> {
  /** Tells it from the U-Net on the zero-filled magnitude. */
  readonly refining: true;
}

/**
 * The network, on the data of maps that make the image nearly real: see `realMaps`.
 * @returns complex images `[N, 2 S, H, W]`, of S sets of coil maps
 */
export function refiningUNet(
  scope: Scope,
  data: NoisyLeastSquares,
  config: RefiningUNetConfig,
): Tensor {
  const start = leastSquaresImage(data, data.sigma);
  return sub(start, refinement(scope.at("model"), start, data.adjoint, config));
}
