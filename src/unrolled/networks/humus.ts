/**
 * HUMUS-Net: Z. Fabian, B. Tinaz, M. Soltanolkotabi, "HUMUS-Net: hybrid unrolled multi-scale network
 * architecture for accelerated MRI reconstruction", NeurIPS 2022, with the parameter names of the
 * authors' state dict: the cascades and coil maps of the variational network, with a hybrid of
 * convolutions and Swin transformers in place of its U-Net.
 *
 * Published (their repository): 0.8945 SSIM, 37.3 dB PSNR on fastMRI's knees at R=8, where the variational
 * network has 0.8920 and 37.1 dB. Differences: no stochastic depth in training; both sides are padded to
 * multiples by mirroring, where the authors pad the width to that of training.
 * @module
 */
import { concat, reshape, type Tensor, transpose } from "../../graph/mod.ts";
import { cropImage, eachSet, paddedSize, padImage, type Scope } from "../../nn/mod.ts";
import { humusBlock, type HumusBlockConfig, humusMultiple } from "./humus_block.ts";
import { normalised, scaled } from "./unet.ts";
import type { NoisyLeastSquares, SolvedImages } from "./least_squares.ts";
import { gradientCascades, type SensitivityConfig, type VarNetResult } from "./varnet.ts";
import type { VarNetMask } from "./varnet_mask.ts";
import { solvedCascades } from "./varnet_solved.ts";

/** Sizes of the cascades. */
interface HumusSizes extends HumusBlockConfig {
  readonly cascades: number;
  /** Neighbouring slices that it sees at once, itself in the middle: 1 or 3 published. */
  readonly adjacent: number;
}

/** Sizes of the network; published: 8 cascades, 16 channels and 4 levels for the coil maps. */
export interface HumusConfig extends SensitivityConfig, HumusSizes {}

/** Sizes of a network of one slice whose steps of data consistency are solved, with given maps: see `varnet_solved.ts`. */
export interface SolvedHumusConfig extends HumusSizes {
  readonly solved: true;
}

/**
 * The network.
 * @param kspace as `varnet` takes it, of the `adjacent` slices one after the other in the axis of coils
 * @returns of the slice in the middle
 */
export function humusNet(
  scope: Scope,
  kspace: Tensor,
  mask: VarNetMask,
  config: HumusConfig,
): VarNetResult {
  return gradientCascades(
    scope,
    { kspace, mask, adjacent: config.adjacent },
    config,
    (at, image) => regularised(at, image, config),
  );
}

/** The network with solved steps, on the data of maps that make the image nearly real: see `realMaps`. */
export function solvedHumus(
  scope: Scope,
  data: NoisyLeastSquares,
  config: SolvedHumusConfig,
): SolvedImages {
  const correction = (at: Scope, image: Tensor) =>
    onPadded(image, config, (x) => scaled(x, (part) => humusBlock(at, part, config)));
  return solvedCascades(scope, data, config, (at, x) => eachSet(x, (one) => correction(at, one)));
}

/** The block on images `[N, 2 adjacent, H, W]`, their channels at mean 0 and deviation 1. */
function regularised(scope: Scope, image: Tensor, config: HumusConfig): Tensor {
  return onPadded(image, config, (padded) => {
    const ordered = partsFirst(padded, [config.adjacent, 2]);
    const result = normalised(ordered, (x) => humusBlock(scope, x, config));
    return partsFirst(result, [2, config.adjacent]);
  });
}

/** A network on an image that is mirrored to the sizes that it takes. */
function onPadded(image: Tensor, config: HumusBlockConfig, network: (x: Tensor) => Tensor): Tensor {
  const size = image.shape.slice(2);
  const padded = padImage(image, paddedSize(size, { multiple: humusMultiple(config) }), "reflect");
  return cropImage(network(padded), size);
}

/** Channels of (slice, part) as those of (part, slice), or the reverse: the authors' order. */
function partsFirst(x: Tensor, [outer, inner]: readonly [number, number]): Tensor {
  if (outer === 1 || inner === 1) return x;
  const [batch, , height, width] = x.shape;
  const split = reshape(x, [batch, outer, inner, height, width]);
  return reshape(transpose(split, [0, 2, 1, 3, 4]), x.shape);
}

/** A slice in place of each of its neighbours too, for networks that see several. */
export function withNeighbours(kspace: Tensor, adjacent: number): Tensor {
  return adjacent === 1 ? kspace : concat(new Array<Tensor>(adjacent).fill(kspace), 1);
}
