/** MoDL as a reconstruction method, and its model folder. @module */
import type { Runtime } from "../graph/mod.ts";
import { YamlReader } from "../nn/yaml_reader.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import { toldModelSigma } from "../method/model_sigma.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { SCALAR } from "../ndarray.ts";
import {
  checkedParameters,
  constantScope,
  DENOISER_NETWORK,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
  sizeMultiple,
} from "../nn/mod.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";
import { anyData } from "./networks/least_squares.ts";
import { modl, type ModlConfig } from "./networks/modl.ts";

/** Parameters of a network of these sizes. */
export function modlSpecs(config: ModlConfig): ParameterSpec[] {
  const data = anyData(2 * sizeMultiple(DENOISER_NETWORK));
  return parameterSpecs((scope) => modl(scope, data, config));
}

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none
 */
export async function loadModl(path: string): Promise<NetworkWeights<ModlConfig>> {
  const { tensors, description, model, file } = await readWeights(path, "modl");
  const sizes = new YamlReader(description.content, path).at("architecture");
  const config = {
    iterations: sizes.whole("iterations"),
    conjugateGradients: sizes.whole("conjugateGradients"),
    sigmaData: sizes.positive("sigmaData"),
    dual: sizes.flag("dual", false),
    relaxation: sizes.positive("relaxation", 1),
    averaged: sizes.whole("averaged", 1),
  };
  return { config, parameters: checkedParameters(modlSpecs(config), tensors, file), model };
}

/** MoDL, the end-to-end relative of plug-and-play. */
export const modlMethod: Method = networkMethod(
  {
    name: "modl",
    summary: "unrolled denoiser and conjugate gradients, trained end to end",
    citation:
      "Aggarwal, Mani and Jacob, MoDL: Model-based deep learning architecture for inverse " +
      "problems, IEEE TMI 2019",
    defaultModel: "modl-brain",
  },
  { load: loadModl, prepare: prepareModl },
);

/** Compiles a network for a geometry. */
export async function prepareModl(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<ModlConfig>,
): Promise<Solver> {
  const { y, inputs, operator: operatorOf } = mriMeasurement(geometry);
  const solver = await singleSolver(runtime, {
    method: "modl",
    inputs: { y, ...inputs, sigma: SCALAR },
    image({ y, sigma, ...arrays }) {
      const operator = operatorOf(arrays, 1);
      const data = { operator, adjoint: operator.adjoint(y), sigma };
      return modl(constantScope(parameters), data, config).image;
    },
  }, { nfe: config.iterations, steps: config.iterations, model });
  return await toldModelSigma(runtime, geometry, solver);
}
