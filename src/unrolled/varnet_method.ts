/** The variational networks as a reconstruction method, and their model folder. @module */
import { input, type Runtime } from "../graph/mod.ts";
import {
  checkedParameters,
  constantScope,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
} from "../nn/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { varnetConfig } from "./fastmri_weights.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import { anyData } from "./networks/least_squares.ts";
import { hasOwnMaps, varnet, type VarNetConfig } from "./networks/varnet.ts";
import { anyMask } from "./networks/varnet_mask.ts";
import { solvedVarnet, type SolvedVarNetConfig } from "./networks/varnet_solved.ts";
import { prepareWithOwnMaps } from "./own_maps.ts";
import { prepareSolved } from "./solved_method.ts";

/** Sizes of a variational network: as published, with coil maps of its own, or with solved steps on given maps. */
export type AnyVarNetConfig = VarNetConfig | SolvedVarNetConfig;

/** Parameters of a network of these sizes. */
export function varnetSpecs(config: AnyVarNetConfig): ParameterSpec[] {
  if (!hasOwnMaps(config)) {
    const data = anyData(2 ** (config.pools + 1));
    return parameterSpecs((scope) => solvedVarnet(scope, data, config).image);
  }
  const side = 2 ** (Math.max(config.pools, config.sensitivityPools) + 1);
  const kspace = input("kspace", [1, 1, 2, side, side]);
  return parameterSpecs((scope) => varnet(scope, kspace, anyMask(side), config));
}

/**
 * Loads a variational network.
 * @throws {InputError} when the folder holds none
 */
export async function loadVarNet(path: string): Promise<NetworkWeights<AnyVarNetConfig>> {
  const { tensors, model, file } = await readWeights(path, "varnet");
  const config = varnetConfig(tensors, file);
  return { config, parameters: checkedParameters(varnetSpecs(config), tensors, file), model };
}

/** The variational networks. */
export const varnetMethod: Method = networkMethod(
  {
    name: "varnet",
    summary: "variational network with solved data consistency, or as fastMRI has it",
    citation:
      "Hammernik et al., Learning a variational network for reconstruction of accelerated " +
      "MRI data, MRM 2018; Sriram et al., End-to-end variational networks for accelerated MRI " +
      "reconstruction, MICCAI 2020",
    defaultModel: "varnet-brain",
  },
  { load: loadVarNet, prepare: prepareVarNet, isWithoutMaps: hasOwnMaps },
);

/** Compiles a variational network for a geometry. */
export function prepareVarNet(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<AnyVarNetConfig>,
): Promise<Solver> {
  const scope = constantScope(parameters), { cascades } = config;
  return hasOwnMaps(config)
    ? prepareWithOwnMaps(
      runtime,
      geometry,
      "varnet",
      (kspace, mask) => varnet(scope, kspace, mask, config).magnitude,
      { nfe: cascades + 1, steps: cascades, model },
    )
    : prepareSolved(
      runtime,
      geometry,
      "varnet",
      (data) => solvedVarnet(scope, data, config).image,
      { nfe: cascades, steps: cascades, model },
    );
}
