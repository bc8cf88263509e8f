/** What the reconstruction networks are trained for. @module */
import {
  abs,
  add,
  div,
  input,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  type Runtime,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { factorOf, magnitude, mulFactor, squaredMagnitude } from "../mri/complex.ts";
import { dftH } from "../mri/dft.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import {
  countParameters,
  flatScope,
  type Objective,
  type ParameterSpec,
  parameterSpecs,
  type Scope,
} from "../nn/mod.ts";
import { unet } from "./unet.ts";
import { varnet, type VarNetConfig, type VarNetMask } from "./varnet.ts";

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

/** The loss of a reconstruction network: its magnitude against that of the image. */
export function reconObjective(
  specs: readonly ParameterSpec[],
  shape: AcquisitionShape,
  build: ReconBuilder,
): Objective<AcquisitionBatch> {
  return {
    specs,
    inputs: acquisitionShapes(shape),
    loss(scope, batch) {
      const mask: VarNetMask = { kind: "lines", acquired: batch.acquired, centre: batch.centre };
      return imageLoss(build(scope, acquire(batch), mask), magnitude(batch.clean));
    },
  };
}

/** A reconstruction network: samples `[N, C, 2, H, W]` to a magnitude `[N, 1, H, W]`. */
export type ReconBuilder = (scope: Scope, kspace: Tensor, mask: VarNetMask) => Tensor;

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

/** Mean squared error of a network and of zero filling, of one batch. */
export interface ReconErrors {
  /** PSNR in dB of the network's magnitude, peak the largest value of the image. */
  readonly network: number;
  /** The same of the zero-filled magnitude. */
  readonly zeroFilled: number;
}

/** Compiles the judgement of weights that change. */
export async function compileReconValidator(
  runtime: Runtime,
  specs: readonly ParameterSpec[],
  shape: AcquisitionShape,
  build: ReconBuilder,
): Promise<(weights: Float32Array, batch: Batch) => Promise<ReconErrors>> {
  const inputs = { ...acquisitionShapes(shape), weights: [countParameters(specs)] };
  const program = await runtime.build(inputs, (t) => {
    const kspace = acquire(t);
    const truth = magnitude(t.clean);
    const mask: VarNetMask = { kind: "lines", acquired: t.acquired, centre: t.centre };
    const error = (image: Tensor) => {
      const difference = sub(image, truth);
      return reduceMean(mul(difference, difference));
    };
    return {
      network: error(build(flatScope(specs, t.weights), kspace, mask)),
      zeroFilled: error(zeroFilledMagnitude(kspace)),
      peak: reduceMax(truth),
    };
  });
  return async (weights, batch) => {
    const out = await program.run({ ...batch, weights: ndarray(weights, [weights.length]) });
    const psnr = (error: NdArray) => 10 * Math.log10(out.peak.data[0] ** 2 / error.data[0]);
    return { network: psnr(out.network), zeroFilled: psnr(out.zeroFilled) };
  };
}

type Batch = Readonly<Record<AcquisitionBatch, NdArray>>;

/** A variational network, to be trained or judged. */
export function varnetBuilder(config: VarNetConfig): ReconBuilder {
  return (scope, kspace, mask) => varnet(scope, kspace, mask, config).magnitude;
}

/** The baseline, to be trained or judged. */
export function imageUNetBuilder(config: ImageUNetConfig): ReconBuilder {
  return (scope, kspace) => imageUNet(scope, zeroFilledMagnitude(kspace), config);
}
