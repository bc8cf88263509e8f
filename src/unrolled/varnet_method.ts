/** The variational network as a reconstruction method, and its model folder. @module */
import { input, type Runtime } from "../graph/mod.ts";
import {
  checkedParameters,
  constantScope,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
} from "../nn/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { complexOf } from "../mri/physics/complex.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { SCALAR } from "../ndarray.ts";
import { varnetConfig } from "./fastmri_weights.ts";
import { maskForMaps } from "./own_maps.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import { varnet, type VarNetConfig } from "./networks/varnet.ts";
import { anyMask } from "./networks/varnet_mask.ts";

/** Parameters of a network of these sizes. */
export function varnetSpecs(config: VarNetConfig): ParameterSpec[] {
  const side = 2 ** (Math.max(config.pools, config.sensitivityPools) + 1);
  const kspace = input("kspace", [1, 1, 2, side, side]);
  const sigma = input("sigma", SCALAR);
  return parameterSpecs((scope) => varnet(scope, kspace, anyMask(side), config, sigma));
}

/**
 * Loads a variational network.
 * @throws {InputError} when the folder holds none
 */
export async function loadVarNet(path: string): Promise<NetworkWeights<VarNetConfig>> {
  const { tensors, model, file } = await readWeights(path, "varnet");
  const config = varnetConfig(tensors, file);
  return { config, parameters: checkedParameters(varnetSpecs(config), tensors, file), model };
}

/** The end-to-end variational network. */
export const varnetMethod: Method = networkMethod(
  {
    name: "varnet",
    summary: "end-to-end variational network, trained with its own coil maps",
    citation:
      "Sriram et al., End-to-end variational networks for accelerated MRI reconstruction, " +
      "MICCAI 2020",
    needsMaps: false,
    defaultModel: "varnet-brain",
  },
  loadVarNet,
  prepareVarNet,
);

/** Compiles a variational network for a geometry. */
export function prepareVarNet(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<VarNetConfig>,
): Promise<Solver> {
  const mask = maskForMaps("varnet", geometry);
  return singleSolver(runtime, {
    method: "varnet",
    inputs: { y: geometry.mask.yShape(geometry.coils), ...(config.solved && { sigma: SCALAR }) },
    image({ y, sigma }) {
      const kspace = onAllLines(y, geometry.mask);
      return complexOf(varnet(constantScope(parameters), kspace, mask, config, sigma).magnitude);
    },
  }, { nfe: config.cascades + 1, steps: config.cascades, model });
}
