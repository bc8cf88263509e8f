/** What the reconstruction networks are trained for. @module */
import {
  abs,
  add,
  div,
  input,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { factorOf, magnitude, mulFactor, squaredMagnitude } from "../mri/complex.ts";
import { dftH } from "../mri/dft.ts";
import { type Objective, type ParameterSpec, parameterSpecs, type Scope } from "../nn/mod.ts";
import { unet } from "./unet.ts";
import { varnet, type VarNetConfig, type VarNetMask } from "./varnet.ts";
import { varnetSpecs } from "./varnet_method.ts";

/** One batch: images, the coils that see them, noise of unit deviation and its level, the mask. */
export type AcquisitionBatch = "clean" | "maps" | "noise" | "sigma" | "acquired" | "centre";

/** Sizes of a batch. */
export interface AcquisitionShape {
  /** Images N. */
  readonly batch: number;
  /** Coils C. */
  readonly coils: number;
  /** Pixels of each side. */
  readonly size: number;
}

/** Sizes of the baseline U-Net. */
export interface ImageUNetConfig {
  /** Channels of the finest level. */
  readonly channels: number;
  /** Levels below it. */
  readonly pools: number;
}

/** Shapes of the arrays of a batch; one mask serves all of its images. */
export function acquisitionShapes(
  { batch, coils, size }: AcquisitionShape,
): Record<AcquisitionBatch, number[]> {
  return {
    clean: [batch, 2, size, size],
    maps: [batch, coils, 2, size, size],
    noise: [batch, coils, 2, size, size],
    sigma: [batch, 1, 1, 1, 1],
    acquired: [size, 1],
    centre: [size, 1],
  };
}

/** Simulated samples in hybrid (ky, x) space, zero where nothing was acquired: `[N, C, 2, H, W]`. */
function acquire(batch: Record<AcquisitionBatch, Tensor>): Tensor {
  const [count, , height, width] = batch.clean.shape;
  const image = reshape(batch.clean, [count, 1, 2, height, width]);
  const kspace = dftH(mulFactor(factorOf(batch.maps), image));
  return mul(batch.acquired, add(kspace, mul(batch.sigma, batch.noise)));
}

/** Mean of |a - b| and of its square: the first keeps edges, the second is what PSNR asks for. */
function imageLoss(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  return add(reduceMean(abs(difference)), mul(reduceMean(mul(difference, difference)), 5));
}

/** The loss of a variational network: its magnitude against that of the image. */
export function varnetObjective(
  config: VarNetConfig,
  shape: AcquisitionShape,
): Objective<AcquisitionBatch> {
  return {
    specs: varnetSpecs(config),
    inputs: acquisitionShapes(shape),
    loss(scope, batch) {
      const mask: VarNetMask = { kind: "lines", acquired: batch.acquired, centre: batch.centre };
      const result = varnet(scope, acquire(batch), mask, config);
      return imageLoss(result.magnitude, magnitude(batch.clean));
    },
  };
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

/** The loss of the baseline. */
export function imageUNetObjective(
  config: ImageUNetConfig,
  shape: AcquisitionShape,
): Objective<AcquisitionBatch> {
  return {
    specs: imageUNetSpecs(config),
    inputs: acquisitionShapes(shape),
    loss(scope, batch) {
      const result = imageUNet(scope, zeroFilledMagnitude(acquire(batch)), config);
      return imageLoss(result, magnitude(batch.clean));
    },
  };
}
