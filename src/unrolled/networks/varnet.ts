/**
 * The end-to-end variational network: A. Sriram, J. Zbontar, T. Murrell, A. Defazio, C. L. Zitnick,
 * N. Yakubova, F. Knoll, P. Johnson, "End-to-end variational networks for accelerated MRI
 * reconstruction", MICCAI 2020, with the parameter names of fastMRI's state dict.
 *
 * fastMRI works in k-space along both axes; here the readout stays transformed where the mask has
 * whole lines. The readout transform is unitary and commutes with the mask, so nothing changes but
 * the time it takes.
 *
 * A network may have solved steps of data consistency instead, and maps that it is given: see `varnet_solved.ts`.
 * @module
 */
import {
  add,
  concat,
  div,
  mul,
  reduceSum,
  reshape,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { Parameters, Scope } from "../../nn/mod.ts";
import {
  combineFactor,
  type ComplexFactor,
  factorOf,
  mulFactor,
  squaredMagnitude,
} from "../../mri/physics/complex.ts";
import { dft2, dftH } from "../../mri/physics/dft.ts";
import { calibrationImages } from "./least_squares.ts";
import { normUNet } from "./unet.ts";
import type { VarNetMask } from "./varnet_mask.ts";

/** Sizes of the network of the coil maps, of networks that have one. */
export interface SensitivityConfig {
  /** Channels of the finest level of the sensitivity network's U-Net. */
  readonly sensitivityChannels: number;
  readonly sensitivityPools: number;
}

/** Whether sizes are those of a network with coil maps of its own. */
export const hasOwnMaps = <C extends object>(
  config: C | SensitivityConfig,
): config is C & SensitivityConfig => "sensitivityChannels" in config;

/** Sizes of a variational network; fastMRI's published ones are 12, 18, 4, 8, 4. */
export interface VarNetConfig extends SensitivityConfig {
  readonly cascades: number;
  /** Channels of the finest level of the U-Net in each cascade. */
  readonly channels: number;
  readonly pools: number;
  /**
   * Whether all cascades have the weights of the first. Default false, as published; they may part
   * later, see {@link separateCascades}.
   */
  readonly shared?: boolean;
}

/** What a variational network gives. */
export interface VarNetResult {
  /** Root sum of squares of the coil images, `[N, 1, H, W]`. */
  readonly magnitude: Tensor;
  /** Coil images combined with the network's sensitivities, `[N, 2, H, W]`: has the phase. */
  readonly image: Tensor;
  /** The network's sensitivities, `[N, C, 2, H, W]`, sum of squares 1. */
  readonly maps: Tensor;
  /** What `magnitude` would be after fewer cascades, from one of them on. */
  readonly stages: readonly Tensor[];
}

/**
 * The network.
 * @param kspace acquired samples with zeros elsewhere, `[N, C, 2, H, W]`: hybrid (ky, x) space for
 * a mask of lines, k-space for a mask of the plane
 */
export function varnet(
  scope: Scope,
  kspace: Tensor,
  mask: VarNetMask,
  config: VarNetConfig,
): VarNetResult {
  return gradientCascades(
    scope,
    { kspace, mask },
    config,
    (at, image) => normUNet(at, image, { ...config, startsAtZero: true }),
  );
}

/** The samples that cascades are given. */
interface CascadeData {
  /** See {@link varnet}; of several slices one after the other in the axis of coils. */
  readonly kspace: Tensor;
  readonly mask: VarNetMask;
  /** Neighbouring slices, of which the one in the middle is wanted. Default 1. */
  readonly adjacent?: number;
}

/**
 * Coil maps by a network, and cascades of a gradient step on the data and a regulariser's correction.
 * @param regularise gives the correction of images `[N, 2 adjacent, H, W]`, from weights of a scope
 */
export function gradientCascades(
  scope: Scope,
  { kspace, mask, adjacent = 1 }: CascadeData,
  config: SensitivityConfig & Pick<VarNetConfig, "cascades" | "shared">,
  regularise: (scope: Scope, image: Tensor) => Tensor,
): VarNetResult {
  const transform = mask.isLines ? dftH : dft2;
  const found = sensitivities(scope.at("sens_net"), calibrationImages(kspace, mask), config);
  const coils = kspace.shape[1] / adjacent;
  const ofSlice = (x: Tensor, s: number) => slice(x, 1, s * coils, (s + 1) * coils);
  const slices = Array.from({ length: adjacent }, (_, s) => s);
  const maps = slices.map((s) => factorOf(ofSlice(found, s)));
  const reduce = (images: Tensor) =>
    concat(slices.map((s) => reduced(maps[s], ofSlice(images, s))), 1);
  const expand = (image: Tensor) =>
    concat(slices.map((s) => expanded(maps[s], slice(image, 1, 2 * s, 2 * s + 2))), 1);
  const middle = adjacent >> 1;
  const magnitudeOf = (images: Tensor) => rootSumOfSquares(ofSlice(images, middle));
  const stages: Tensor[] = [];
  let current = kspace;
  for (let i = 0; i < config.cascades; i++) {
    const at = scope.at("cascades").at(config.shared ? 0 : i);
    const weight = at.parameter("dc_weight", [1], { kind: "constant", value: 1 });
    const correction = mul(mul(mask.acquired, sub(current, kspace)), weight);
    const coilImages = transform(current, "inverse");
    if (i > 0) stages.push(magnitudeOf(coilImages));
    const refined = regularise(at.at("model"), reduce(coilImages));
    current = sub(sub(current, correction), transform(expand(refined), "forward"));
  }
  const coilImages = transform(current, "inverse");
  const image = reduced(maps[middle], ofSlice(coilImages, middle));
  return { magnitude: magnitudeOf(coilImages), image, maps: found, stages };
}

/** Magnitude `[N, 1, H, W]` whose gradient is finite at zero. */
export const smoothMagnitude = (x: Tensor): Tensor => sqrt(add(squaredMagnitude(x), TINY));

/** Keeps the gradient of the magnitude finite. */
const TINY = 1e-12;

/** The weights of a network with shared cascades as those of one whose cascades have their own. */
export function separateCascades(parameters: Parameters, cascades: number): Parameters {
  const first = Object.entries(parameters).filter(([name]) => name.startsWith("cascades.0."));
  const copies = Array.from(
    { length: cascades },
    (_, i) => first.map(([name, array]) => [name.replace("cascades.0.", `cascades.${i}.`), array]),
  );
  return { ...Object.fromEntries(copies.flat()), ...parameters };
}

/**
 * The weights of a trained network, with the cascades of an untrained one after its last.
 * @param fresh of the larger network; what both have is taken from `trained`
 */
export function appendedCascades(trained: Parameters, fresh: Parameters): Parameters {
  const cascadeOf = (name: string) => Number(name.match(/^cascades\.(\d+)\./)?.[1] ?? -1);
  const last = Math.max(...Object.keys(trained).map(cascadeOf));
  const added = Object.entries(fresh).filter(([name]) => cascadeOf(name) > last);
  return { ...Object.fromEntries(added), ...trained };
}

/** Sum over coils of conj(S) y, `[N, 2, H, W]`. */
function reduced(maps: ComplexFactor, coilImages: Tensor): Tensor {
  const [batch, , , height, width] = coilImages.shape;
  return reshape(combineFactor(maps, coilImages, 1), [batch, 2, height, width]);
}

/** Coil images `[N, C, 2, H, W]` of an image `[N, 2, H, W]`. */
function expanded(maps: ComplexFactor, image: Tensor): Tensor {
  const [batch, , height, width] = image.shape;
  return mulFactor(maps, reshape(image, [batch, 1, 2, height, width]));
}

/** `[N, 1, H, W]` of `[N, C, 2, H, W]`. */
function rootSumOfSquares(coilImages: Tensor): Tensor {
  return sqrt(reduceSum(squaredMagnitude(coilImages), [1]));
}

/** Coil maps from the images of the calibration lines, one coil at a time, their sum of squares 1. */
function sensitivities(
  scope: Scope,
  images: Tensor,
  { sensitivityChannels, sensitivityPools }: SensitivityConfig,
): Tensor {
  const [batch, coils, , height, width] = images.shape;
  const each = reshape(images, [batch * coils, 2, height, width]);
  const refined = normUNet(scope.at("norm_unet"), each, {
    channels: sensitivityChannels,
    pools: sensitivityPools,
  });
  const maps = reshape(refined, images.shape);
  const norm = sqrt(reduceSum(mul(maps, maps), [1, 2], { keepDims: true }));
  return div(maps, norm);
}
