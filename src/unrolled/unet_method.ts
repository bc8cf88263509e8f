/** The U-Net baselines as a reconstruction method, and their model folder. @module */
import { InputError } from "../errors.ts";
import { input, type Runtime, type Tensor } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { complexOf } from "../mri/physics/complex.ts";
import { dftW } from "../mri/physics/dft.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import {
  checkedParameters,
  constantScope,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
  type Scope,
} from "../nn/mod.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import {
  imageUNet,
  type ImageUNetConfig,
  unetSizes,
  zeroFilledMagnitude,
} from "./networks/unet.ts";
import { refiningUNet, type RefiningUNetConfig } from "./networks/unet_refining.ts";
import { anyData, type GivenScan } from "./networks/least_squares.ts";
import { anyMask, constantVarNetMask } from "./networks/varnet_mask.ts";
import { prepareSolved } from "./solved_method.ts";

/** Sizes of a U-Net on the zero-filled magnitude, or on the least-squares image. */
export type UNetBaselineConfig = ImageUNetConfig | RefiningUNetConfig;

/** Whether a U-Net corrects the least-squares image. */
export const isRefining = (config: UNetBaselineConfig): config is RefiningUNetConfig =>
  "refining" in config;

/** The U-Net on the zero-filled magnitude of samples on all lines, `[N, 1, H, W]`; see `varnet`. */
export function zeroFilledUNet(
  scope: Scope,
  { kspace, mask }: Pick<GivenScan, "kspace" | "mask">,
  config: ImageUNetConfig,
): Tensor {
  const hybrid = mask.isLines ? kspace : dftW(kspace, "inverse");
  return imageUNet(scope, zeroFilledMagnitude(hybrid), config);
}

/** Parameters of a baseline of these sizes. */
export function unetSpecs(config: UNetBaselineConfig): ParameterSpec[] {
  const side = 2 ** (config.pools + 1);
  if (isRefining(config)) {
    const data = anyData(side);
    return parameterSpecs((scope) => refiningUNet(scope, data, config));
  }
  const given = { kspace: input("kspace", [1, 1, 2, side, side]), mask: anyMask(side) };
  return parameterSpecs((scope) => zeroFilledUNet(scope, given, config));
}

/**
 * Loads a baseline.
 * @throws {InputError} when the folder holds none
 */
export async function loadUNet(path: string): Promise<NetworkWeights<UNetBaselineConfig>> {
  const { tensors, model, file } = await readWeights(path, "unet");
  const config = unetConfig(tensors, file);
  return { config, parameters: checkedParameters(unetSpecs(config), tensors, file), model };
}

/**
 * Sizes of a baseline from its weights.
 * @throws {InputError} when they are those of another network
 */
export function unetConfig(tensors: Parameters, name: string): UNetBaselineConfig {
  const refining = unetSizes(tensors, "model.unet.");
  if (refining !== undefined) return { ...refining, refining: true };
  const plain = unetSizes(tensors, "");
  if (plain !== undefined) return plain;
  throw new InputError(
    `Cannot use the model ${name}: the weights of a U-Net are required, found ` +
      (Object.keys(tensors).slice(0, 3).join(", ") || "none"),
  );
}

/** The U-Net baselines. */
export const unetMethod: Method = networkMethod(
  {
    name: "unet",
    summary: "U-Net on the least-squares image, or on the zero-filled as fastMRI has it",
    citation: "Jin et al., Deep convolutional neural network for inverse problems in imaging, " +
      "TIP 2017; Zbontar et al., fastMRI: an open dataset and benchmarks for accelerated MRI, " +
      "arXiv:1811.08839",
    defaultModel: "unet-brain",
  },
  { load: loadUNet, prepare: prepareUNet, isWithoutMaps: (config) => !isRefining(config) },
);

/**
 * Compiles a baseline for a geometry.
 * @throws {InputError} for an image that its levels halve to nothing
 */
export function prepareUNet(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<UNetBaselineConfig>,
): Promise<Solver> {
  const { coils, height, width } = geometry;
  const least = 2 ** (config.pools + 1);
  if (Math.min(height, width) < least) {
    throw new InputError(
      `Cannot run the U-Net on an image of ${height} x ${width}: at least ${least} x ${least} is ` +
        `required for its ${config.pools} levels`,
    );
  }
  const scope = constantScope(parameters), about = { nfe: 1, steps: 1, model };
  if (isRefining(config)) {
    return prepareSolved(
      runtime,
      geometry,
      "unet",
      (data) => refiningUNet(scope, data, config),
      about,
    );
  }
  const mask = constantVarNetMask(geometry.mask);
  return singleSolver(runtime, {
    method: "unet",
    inputs: { y: geometry.mask.yShape(coils) },
    image({ y }) {
      const kspace = onAllLines(y, geometry.mask);
      return complexOf(zeroFilledUNet(scope, { kspace, mask }, config));
    },
  }, about);
}
