/** HUMUS-Net as a reconstruction method, and its model folder. @module */
import { input, type Runtime } from "../graph/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import {
  checkedParameters,
  constantScope,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
} from "../nn/mod.ts";
import { YamlReader } from "../nn/yaml_reader.ts";
import { humusConfig } from "./humus_weights.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import {
  type HumusConfig,
  humusNet,
  solvedHumus,
  type SolvedHumusConfig,
  withNeighbours,
} from "./networks/humus.ts";
import { humusMultiple } from "./networks/humus_block.ts";
import { anyData } from "./networks/least_squares.ts";
import { hasOwnMaps } from "./networks/varnet.ts";
import { anyMask } from "./networks/varnet_mask.ts";
import { prepareWithOwnMaps } from "./own_maps.ts";
import { prepareSolved } from "./solved_method.ts";

/** Sizes of HUMUS-Net: as published, with coil maps of its own, or with solved steps on given maps. */
export type AnyHumusConfig = HumusConfig | SolvedHumusConfig;

/** Parameters of a network of these sizes. */
export function humusSpecs(config: AnyHumusConfig): ParameterSpec[] {
  const least = humusMultiple(config);
  if (!hasOwnMaps(config)) {
    const data = anyData(least);
    return parameterSpecs((scope) => solvedHumus(scope, data, config).image);
  }
  const side = Math.max(least, 2 ** (config.sensitivityPools + 1));
  const kspace = input("kspace", [1, config.adjacent, 2, side, side]);
  return parameterSpecs((scope) => humusNet(scope, kspace, anyMask(side), config));
}

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none
 */
export async function loadHumus(path: string): Promise<NetworkWeights<AnyHumusConfig>> {
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
    defaultModel: "humus-brain",
  },
  { load: loadHumus, prepare: prepareHumus, isWithoutMaps: hasOwnMaps },
);

/**
 * Compiles a network for a geometry. Where it was trained on neighbouring slices, the slice itself
 * stands in for them: slices are reconstructed one by one.
 */
export function prepareHumus(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<AnyHumusConfig>,
): Promise<Solver> {
  const scope = constantScope(parameters), { cascades } = config;
  return hasOwnMaps(config)
    ? prepareWithOwnMaps(
      runtime,
      geometry,
      "humus",
      (y, mask) => humusNet(scope, withNeighbours(y, config.adjacent), mask, config).magnitude,
      { nfe: cascades + 1, steps: cascades, model },
    )
    : prepareSolved(
      runtime,
      geometry,
      "humus",
      (data) => solvedHumus(scope, data, config).image,
      { nfe: cascades, steps: cascades, model },
    );
}
