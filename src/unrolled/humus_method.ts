/** HUMUS-Net as a reconstruction method, and its model folder. @module */
import { input, type Runtime } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { SCALAR } from "../ndarray.ts";
import { complexOf } from "../mri/physics/complex.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import {
  checkedParameters,
  constantScope,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
} from "../nn/mod.ts";
import { YamlReader } from "../nn/yaml_reader.ts";
import { humusConfig } from "./humus_weights.ts";
import { maskForMaps } from "./own_maps.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import { type HumusConfig, humusNet, withNeighbours } from "./networks/humus.ts";
import { humusMultiple } from "./networks/humus_block.ts";
import { anyMask } from "./networks/varnet_mask.ts";

/** Parameters of a network of these sizes. */
export function humusSpecs(config: HumusConfig): ParameterSpec[] {
  const side = Math.max(humusMultiple(config), 2 ** (config.sensitivityPools + 1));
  const kspace = input("kspace", [1, config.adjacent, 2, side, side]);
  const sigma = input("sigma", SCALAR);
  return parameterSpecs((scope) => humusNet(scope, kspace, anyMask(side), config, sigma));
}

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none
 */
export async function loadHumus(path: string): Promise<NetworkWeights<HumusConfig>> {
  const { tensors, description, model, file } = await readWeights(path, "humus");
  const sizes = new YamlReader(description.content, path).at("architecture");
  const config = { ...humusConfig(tensors, file), residual: sizes.flag("residual", true) };
  return { config, parameters: checkedParameters(humusSpecs(config), tensors, file), model };
}

/** HUMUS-Net. */
export const humusMethod: Method = networkMethod(
  {
    name: "humus",
    summary: "HUMUS-Net: variational network with Swin transformers at several scales",
    citation: "Fabian, Tinaz and Soltanolkotabi, HUMUS-Net: hybrid unrolled multi-scale network " +
      "architecture for accelerated MRI reconstruction, NeurIPS 2022",
    needsMaps: false,
    defaultModel: "humus-brain",
  },
  loadHumus,
  prepareHumus,
);

/**
 * Compiles a network for a geometry. Where it was trained on neighbouring slices, the slice itself
 * stands in for them: slices are reconstructed one by one.
 */
export function prepareHumus(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<HumusConfig>,
): Promise<Solver> {
  const mask = maskForMaps("humus", geometry);
  return singleSolver(runtime, {
    method: "humus",
    inputs: { y: geometry.mask.yShape(geometry.coils), ...(config.solved && { sigma: SCALAR }) },
    image({ y, sigma }) {
      const kspace = withNeighbours(onAllLines(y, geometry.mask), config.adjacent);
      return complexOf(humusNet(constantScope(parameters), kspace, mask, config, sigma).magnitude);
    },
  }, { nfe: config.cascades + 1, steps: config.cascades, model });
}
