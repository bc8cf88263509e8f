/** SwinIR as an end-to-end baseline: from the zero-filled complex image to the image. @module */
import { InputError } from "../errors.ts";
import type { Runtime, Tensor } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import {
  checkedParameters,
  constantScope,
  eachSet,
  readWeights,
  type Scope,
  swinir,
  type SwinIRConfig,
  swinirConfig,
  swinirSpecs,
} from "../nn/mod.ts";
import { networkMethod, type NetworkWeights } from "./network_method.ts";

/** Real and imaginary part. */
const PARTS = 2;

/**
 * Loads a network.
 * @throws {InputError} when the folder holds none, or one of other channels
 */
export async function loadSwinir(path: string): Promise<NetworkWeights<SwinIRConfig>> {
  const { tensors, model, file } = await readWeights(path, "swinir");
  const config = swinirConfig(tensors, file);
  if (config.channels !== PARTS) {
    throw new InputError(
      `Cannot use the model ${file}: 2 channels (real and imaginary part) are required, found ` +
        `${config.channels}`,
      { hint: "A network of 1 or 3 channels is a denoiser: import-weights swinir-denoiser" },
    );
  }
  return { config, parameters: checkedParameters(swinirSpecs(config), tensors, file), model };
}

/**
 * The network on the zero-filled image A^H y.
 * @param adjoint `[N, 2 S, H, W]`; each set of coil maps is an image of its own
 */
export function swinirImage(scope: Scope, adjoint: Tensor, config: SwinIRConfig): Tensor {
  return eachSet(adjoint, (image) => swinir(scope, image, config));
}

/** SwinIR on the zero-filled image. */
export const swinirMethod: Method = networkMethod(
  {
    name: "swinir",
    summary: "Swin transformer on the zero-filled complex image (needs --model)",
    citation: "Liang et al., SwinIR: image restoration using Swin transformer, ICCV workshops 2021",
    defaultModel: null,
  },
  { load: loadSwinir, prepare: prepareSwinir },
);

/**
 * Compiles a network for a geometry.
 * @throws {InputError} for an image smaller than half a window
 */
export async function prepareSwinir(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { config, parameters, model }: NetworkWeights<SwinIRConfig>,
): Promise<Solver> {
  const { y, inputs, operator: operatorOf } = mriMeasurement(geometry);
  return await singleSolver(runtime, {
    method: "swinir",
    inputs: { y, ...inputs },
    image: ({ y, ...arrays }) =>
      swinirImage(constantScope(parameters), operatorOf(arrays, 1).adjoint(y), config),
  }, { nfe: 1, steps: 1, model });
}
