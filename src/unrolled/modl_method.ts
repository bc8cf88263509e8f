/** MoDL as a reconstruction method, and its model folder. @module */
import { YamlReader } from "../nn/yaml_reader.ts";
import { input, mul, type Runtime, type Tensor } from "../graph/mod.ts";
import { dftH } from "../mri/physics/dft.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { coils, compose, type LinearOperator } from "../mri/physics/operator.ts";
import { SCALAR } from "../ndarray.ts";
import {
  checkedParameters,
  constantScope,
  DENOISER_NETWORK,
  modelPath,
  type ModelReference,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
  sizeMultiple,
} from "../nn/mod.ts";
import { modl, type ModlConfig } from "./networks/modl.ts";

/** A network with its weights. */
export interface ModlWeights {
  /** Sizes, from model.yaml. */
  readonly config: ModlConfig;
  /** Weights. */
  readonly parameters: Parameters;
  /** Where they come from. */
  readonly model?: ModelReference;
}

/** Parameters of a network of these sizes. */
export function modlSpecs(config: ModlConfig): ParameterSpec[] {
  const side = 2 * sizeMultiple(DENOISER_NETWORK);
  const maps = input("maps", [1, 1, 2, side, side]);
  const operator = maskedOperator(maps, input("acquired", [side, 1]));
  const data = { operator, adjoint: input("b", operator.domain), sigma: input("s", [1, 1, 1, 1]) };
  return parameterSpecs((scope) => modl(scope, data, config));
}

/**
 * The multi-coil operator with a mask of lines that is a tensor: it may change from run to run.
 * @param maps `[N, C, 2, H, W]`
 * @param acquired 1 for lines that are kept, 0 for others, `[H, 1]`
 * @returns from `[N, 2, H, W]` to hybrid (ky, x) space with zeros, `[N, C, 2, H, W]`
 */
export function maskedOperator(maps: Tensor, acquired: Tensor): LinearOperator {
  const sensitivities = coils(maps, maps.shape[0]);
  const { range } = sensitivities;
  return compose({
    domain: range,
    range,
    forward: (x) => mul(dftH(x, "forward"), acquired),
    adjoint: (y) => dftH(mul(y, acquired), "inverse"),
    normal: (x) => dftH(mul(dftH(x, "forward"), acquired), "inverse"),
  }, sensitivities);
}

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none
 */
export async function loadModl(path: string): Promise<ModlWeights> {
  const { tensors, description, model, file } = await readWeights(path, "modl");
  const sizes = new YamlReader(description.content, path).at("architecture");
  const config = {
    iterations: sizes.whole("iterations"),
    conjugateGradients: sizes.whole("conjugateGradients"),
    sigmaData: sizes.positive("sigmaData"),
  };
  return { config, parameters: checkedParameters(modlSpecs(config), tensors, file), model };
}

/** MoDL, the end-to-end relative of plug-and-play. */
export const modlMethod: Method = {
  name: "modl",
  summary: "unrolled denoiser and conjugate gradients, trained end to end",
  citation: "Aggarwal, Mani and Jacob, MoDL: Model-based deep learning architecture for inverse " +
    "problems, IEEE TMI 2019",
  needsMaps: true,
  fixedSteps: true,
  defaultModel: "modl-brain",
  prepare: async (runtime, geometry, { model = "modl-brain" } = {}) =>
    await prepareModl(runtime, geometry, await loadModl(await modelPath(model))),
};

/** Compiles a network for a geometry. */
export async function prepareModl(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: ModlWeights,
): Promise<Solver> {
  const { y, inputs, operator: operatorOf } = mriMeasurement(geometry);
  return await singleSolver(runtime, {
    method: "modl",
    inputs: { y, ...inputs, sigma: SCALAR },
    image({ y, sigma, ...arrays }) {
      const operator = operatorOf(arrays, 1);
      const data = { operator, adjoint: operator.adjoint(y), sigma };
      return modl(constantScope(parameters), data, config).image;
    },
  }, { nfe: config.iterations, steps: config.iterations, model });
}
