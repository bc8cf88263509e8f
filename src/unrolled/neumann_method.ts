/** The Neumann network as a reconstruction method, and its model folder. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import {
  checkedParameters,
  constantScope,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
} from "../nn/mod.ts";
import { YamlReader } from "../nn/yaml_reader.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import { anyData } from "./networks/least_squares.ts";
import { neumann, type NeumannConfig } from "./networks/neumann.ts";
import { prepareSolved } from "./solved_method.ts";

/** Parameters of a network of these sizes. */
export function neumannSpecs(config: NeumannConfig): ParameterSpec[] {
  const data = anyData(2 ** (config.pools + 1));
  return parameterSpecs((scope) => neumann(scope, data, config));
}

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none
 */
export async function loadNeumann(path: string): Promise<NetworkWeights<NeumannConfig>> {
  const { tensors, description, model, file } = await readWeights(path, "neumann");
  const sizes = new YamlReader(description.content, path).at("architecture");
  const config = {
    terms: sizes.whole("terms"),
    conjugateGradients: sizes.count("conjugateGradients"),
    channels: sizes.whole("channels"),
    pools: sizes.whole("pools"),
  };
  return { config, parameters: checkedParameters(neumannSpecs(config), tensors, file), model };
}

/** The Neumann network. */
export const neumannMethod: Method = networkMethod(
  {
    name: "neumann",
    summary: "Neumann network: a series of terms with a learned regulariser",
    citation:
      "Gilton, Ongie and Willett, Neumann networks for linear inverse problems in imaging, " +
      "IEEE TCI 2020",
    defaultModel: "neumann-brain",
  },
  { load: loadNeumann, prepare: prepareNeumann },
);

/** Compiles a network for a geometry. */
export function prepareNeumann(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<NeumannConfig>,
): Promise<Solver> {
  return prepareSolved(
    runtime,
    geometry,
    "neumann",
    (data) => neumann(constantScope(parameters), data, config),
    { nfe: config.terms, steps: config.terms, model },
  );
}
