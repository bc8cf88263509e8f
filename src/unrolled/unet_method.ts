/** The U-Net baseline as a reconstruction method, and its model folder. @module */
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { complexOf } from "../mri/physics/complex.ts";
import { dftW } from "../mri/physics/dft.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { checkedParameters, constantScope, readWeights } from "../nn/mod.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import {
  imageUNet,
  type ImageUNetConfig,
  imageUNetSpecs,
  zeroFilledMagnitude,
} from "./networks/unet.ts";

/**
 * Loads a baseline.
 * @throws {InputError} when the folder holds none
 */
export async function loadImageUNet(path: string): Promise<NetworkWeights<ImageUNetConfig>> {
  const { tensors, model, file } = await readWeights(path, "unet");
  const channels = tensors["down_sample_layers.0.layers.0.weight"]?.shape[0] ?? 0;
  const levels = Object.keys(tensors).map((key) => /^up_transpose_conv\.(\d+)\./.exec(key)?.[1]);
  const pools = 1 + Math.max(-1, ...levels.filter((level) => level !== undefined).map(Number));
  if (channels === 0 || pools === 0) {
    throw new InputError(
      `Cannot use the model ${file}: the weights of a U-Net are required, found ` +
        (Object.keys(tensors).slice(0, 3).join(", ") || "none"),
    );
  }
  const config = { channels, pools };
  return { config, parameters: checkedParameters(imageUNetSpecs(config), tensors, file), model };
}

/** The baseline of fastMRI. */
export const unetMethod: Method = networkMethod(
  {
    name: "unet",
    summary: "U-Net on the zero-filled magnitude, the baseline of learned methods",
    citation: "Zbontar et al., fastMRI: an open dataset and benchmarks for accelerated MRI, " +
      "arXiv:1811.08839",
    needsMaps: false,
    defaultModel: "unet-brain",
  },
  loadImageUNet,
  prepareUNet,
);

/**
 * Compiles a baseline for a geometry.
 * @throws {InputError} for an image that its levels halve to nothing
 */
export function prepareUNet(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<ImageUNetConfig>,
): Promise<Solver> {
  const { coils, height, width, mask } = geometry;
  const least = 2 ** (config.pools + 1);
  if (Math.min(height, width) < least) {
    throw new InputError(
      `Cannot run the U-Net on an image of ${height} x ${width}: at least ${least} x ${least} is ` +
        `required for its ${config.pools} levels`,
    );
  }
  return singleSolver(runtime, {
    method: "unet",
    inputs: { y: mask.yShape(coils) },
    image({ y }) {
      const kspace = onAllLines(y, mask);
      const hybrid = mask.isLines ? kspace : dftW(kspace, "inverse");
      return complexOf(imageUNet(constantScope(parameters), zeroFilledMagnitude(hybrid), config));
    },
  }, { nfe: 1, steps: 1, model });
}
