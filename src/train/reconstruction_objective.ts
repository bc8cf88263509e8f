/** The training objective of reconstruction networks, and their validation. @module */
import {
  add,
  div,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  type Runtime,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { combineFactor, factorOf, mulFactor, squaredMagnitude } from "../mri/physics/complex.ts";
import { dftH } from "../mri/physics/dft.ts";
import { ndarray } from "../ndarray.ts";
import {
  countParameters,
  flatScope,
  type ParameterSpec,
  type Scope,
  type SwinIRConfig,
} from "../nn/mod.ts";
import type { AnyHumusConfig } from "../unrolled/humus_method.ts";
import { humusNet, solvedHumus } from "../unrolled/networks/humus.ts";
import {
  type GivenScan,
  leastSquaresOf,
  realLeastSquares,
  type SolvedImages,
} from "../unrolled/networks/least_squares.ts";
import { modl, type ModlConfig } from "../unrolled/networks/modl.ts";
import { neumann, type NeumannConfig } from "../unrolled/networks/neumann.ts";
import { refiningUNet } from "../unrolled/networks/unet_refining.ts";
import { hasOwnMaps, smoothMagnitude, varnet } from "../unrolled/networks/varnet.ts";
import { solvedVarnet } from "../unrolled/networks/varnet_solved.ts";
import { swinirImage } from "../unrolled/swinir_method.ts";
import { isRefining, type UNetBaselineConfig, zeroFilledUNet } from "../unrolled/unet_method.ts";
import type { AnyVarNetConfig } from "../unrolled/varnet_method.ts";
import type { Batch } from "./batch_source.ts";
import type { Objective } from "./trainer.ts";

/**
 * One batch: images, their coil maps, an estimate of these maps as a calibration gives it, standard
 * normal noise and its level, the mask, and the region of the head.
 */
export type AcquisitionBatch =
  | ("clean" | "maps" | "noise" | "sigma" | "region" | "estimate")
  | ("acquired" | "centre");

/** Size of a simulated acquisition. */
export interface AcquisitionSize {
  readonly coils: number;
  /** Phase-encode lines. */
  readonly height: number;
  /** Readout samples. */
  readonly width: number;
}

/** Size of a batch of acquisitions. */
type AcquisitionShape = AcquisitionSize & { readonly batch: number };

/** Shapes of the arrays of a batch; one mask serves all of its images. */
export function acquisitionShapes(
  { batch, coils, height, width }: AcquisitionShape,
): Record<AcquisitionBatch, number[]> {
  return {
    clean: [batch, 2, height, width],
    maps: [batch, coils, 2, height, width],
    estimate: [batch, coils, 2, height, width],
    noise: [batch, coils, 2, height, width],
    sigma: [batch, 1, 1, 1, 1],
    region: [batch, 1, height, width],
    acquired: [height, 1],
    centre: [height, 1],
  };
}

/**
 * Simulates the scan of a batch.
 * @returns the inputs of the network, and `reference`: root sum of squares of all samples, acquired or
 * not, with their noise, `[N, 1, H, W]`, which reconstructions of real data are compared with too
 */
function scan(
  { clean, maps, noise, sigma, acquired, centre, estimate }: Record<AcquisitionBatch, Tensor>,
) {
  const [count, , height, width] = clean.shape;
  const image = reshape(clean, [count, 1, 2, height, width]);
  // White noise may be added in image space: its Fourier transform has the same distribution.
  const coilImages = add(mulFactor(factorOf(maps), image), mul(sigma, noise));
  const inputs: GivenScan = {
    kspace: mul(acquired, dftH(coilImages)),
    mask: { isLines: true, acquired, centre },
    maps: estimate,
    sigma: reshape(sigma, [-1, 1, 1, 1]),
  };
  return { inputs, reference: sqrt(reduceSum(squaredMagnitude(coilImages), [1])) };
}

/** Weight of a pixel outside the head, where the reference is noise that cannot be predicted. */
const OUTSIDE = 0.05;

/**
 * Mean over images of the root of the weighted mean squared error. PSNR is its logarithm; with the
 * square instead, images with much noise would dominate.
 */
function imageLoss(a: Tensor, b: Tensor, region: Tensor): Tensor {
  const difference = sub(a, b);
  const weight = add(mul(region, 1 - OUTSIDE), OUTSIDE);
  const squares = reduceMean(mul(weight, mul(difference, difference)), [1, 2, 3]);
  return reduceMean(sqrt(add(div(squares, reduceMean(weight, [1, 2, 3])), TINY)));
}

/** Weight of the image before a cascade relative to that after it, so that early cascades learn too. */
const STAGE_WEIGHT = 0.75;

/** Weight of the error of the coil maps relative to that of the image. */
const MAPS_WEIGHT = 0.5;

/**
 * Root of the part of the coils' energy that the maps miss, over the head: 1 - |<S, T>|^2 with the true
 * maps T, which ignores a common phase. With a tenth of the mean in place of half the root, maps were
 * no better after 900 steps than the calibration images themselves.
 */
function mapsLoss(maps: Tensor, truth: Tensor, region: Tensor): Tensor {
  const shared = squaredMagnitude(combineFactor(factorOf(truth), maps, 1));
  const missed = mul(region, sub(1, reshape(shared, region.shape)));
  const axes = [1, 2, 3];
  const share = div(reduceMean(missed, axes), add(reduceMean(region, axes), TINY));
  return reduceMean(sqrt(add(relu(share), MAPS_TINY)));
}

/** Keeps the slope of the root finite. */
const MAPS_TINY = 1e-5;

/** The loss of a reconstruction network: its magnitude against that of all samples. */
export function reconObjective(
  specs: readonly ParameterSpec[],
  shape: AcquisitionShape,
  build: ReconBuilder,
): Objective<AcquisitionBatch> {
  return {
    specs,
    inputs: acquisitionShapes(shape),
    loss(scope, batch) {
      const { inputs, reference } = scan(batch);
      const { magnitude, maps, stages = [] } = build(scope, inputs);
      const losses = [magnitude, ...stages.toReversed()].map((image, before) =>
        mul(imageLoss(image, reference, batch.region), STAGE_WEIGHT ** before)
      );
      if (maps) losses.push(mul(mapsLoss(maps, batch.maps, batch.region), MAPS_WEIGHT));
      return losses.reduce(add);
    },
  };
}

/** The output of a network in training. */
interface Reconstructed {
  /** `[N, 1, H, W]` */
  readonly magnitude: Tensor;
  /** The network's own coil maps, if it has any: `[N, C, 2, H, W]`. */
  readonly maps?: Tensor;
  /** Its magnitude after each of its stages but the last, if it has any, `[N, 1, H, W]`. */
  readonly stages?: readonly Tensor[];
}

/** A reconstruction network. */
export type ReconBuilder = (scope: Scope, given: GivenScan) => Reconstructed;

/** Keeps an empty image finite. */
const TINY = 1e-12;

/**
 * Compiles the validation of weights that change.
 * @returns PSNR in dB over the head of the network's magnitude on a batch; the peak is the largest value
 * of the reference
 */
export async function compileReconPsnr(
  runtime: Runtime,
  specs: readonly ParameterSpec[],
  shape: AcquisitionShape,
  build: ReconBuilder,
): Promise<(weights: Float32Array, batch: Batch<AcquisitionBatch>) => Promise<number>> {
  const inputs = { ...acquisitionShapes(shape), weights: [countParameters(specs)] };
  const program = await runtime.build(inputs, (t) => {
    const { inputs, reference } = scan(t);
    const { magnitude } = build(flatScope(specs, t.weights), inputs);
    const difference = mul(t.region, sub(magnitude, reference));
    return {
      error: div(reduceMean(mul(difference, difference)), reduceMean(t.region)),
      peak: reduceMax(reference),
    };
  });
  return async (weights, batch) => {
    const out = await program.run({ ...batch, weights: ndarray(weights, [weights.length]) });
    return 10 * Math.log10(out.peak.data[0] ** 2 / out.error.data[0]);
  };
}

/** The variational networks. */
export function varnetBuilder(config: AnyVarNetConfig): ReconBuilder {
  return (scope, given) =>
    hasOwnMaps(config)
      ? varnet(scope, given.kspace, given.mask, config)
      : magnitudes(solvedVarnet(scope, realLeastSquares(given), config));
}

/** HUMUS-Net. */
export function humusBuilder(config: AnyHumusConfig): ReconBuilder {
  return (scope, given) =>
    hasOwnMaps(config)
      ? humusNet(scope, given.kspace, given.mask, config)
      : magnitudes(solvedHumus(scope, realLeastSquares(given), config));
}

/** The U-Net baselines. */
export function unetBuilder(config: UNetBaselineConfig): ReconBuilder {
  return (scope, given) => ({
    magnitude: isRefining(config)
      ? smoothMagnitude(refiningUNet(scope, realLeastSquares(given), config))
      : zeroFilledUNet(scope, given, config),
  });
}

/** MoDL. */
export function modlBuilder(config: ModlConfig): ReconBuilder {
  return (scope, given) => magnitudes(modl(scope, leastSquaresOf(given), config));
}

/** A Neumann network. */
export function neumannBuilder(config: NeumannConfig): ReconBuilder {
  return (scope, given) => ({
    magnitude: smoothMagnitude(neumann(scope, realLeastSquares(given), config)),
  });
}

/** SwinIR. */
export function swinirBuilder(config: SwinIRConfig): ReconBuilder {
  return (scope, given) => ({
    magnitude: smoothMagnitude(swinirImage(scope, leastSquaresOf(given).adjoint, config)),
  });
}

const magnitudes = ({ image, stages }: SolvedImages): Reconstructed => ({
  magnitude: smoothMagnitude(image),
  stages: stages.map(smoothMagnitude),
});
