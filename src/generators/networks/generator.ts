/** The generator of `generator-head`: the decoder of a variational autoencoder, and its model folder. @module */
import { InputError } from "../../errors.ts";
import { input, relu, reshape, type Tensor } from "../../graph/mod.ts";
import {
  checkedParameters,
  convLayer,
  type ModelReference,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  readWeights,
  type Scope,
} from "../../nn/mod.ts";

/** A network that makes images of latent vectors, with its weights. */
export interface Generator {
  /** Numbers that an image is made of. */
  readonly latent: number;
  /** Its parameters, the first layer first. */
  readonly specs: readonly ParameterSpec[];
  readonly parameters: Parameters;
  /** Images `[N, 1, h, w]` of latent vectors `[N, latent, 1, 1]`; normal vectors give usual images. */
  image(scope: Scope, z: Tensor): Tensor;
  readonly model?: ModelReference;
}

/**
 * Images of latent vectors by layers that connect all to all, with ReLU between them, as Bora et al. (2017)
 * take for small images.
 * @param z `[N, latent, 1, 1]`
 * @param widths of the layers; the last is the number of pixels
 * @returns `[N, 1, side, side]`
 */
export function generator(scope: Scope, z: Tensor, widths: readonly number[]): Tensor {
  let x = z;
  for (const [layer, width] of widths.entries()) {
    const at = scope.at("layers").at(layer);
    x = convLayer(at, layer === 0 ? x : relu(x), width, { kernel: 1 });
  }
  const side = Math.sqrt(widths[widths.length - 1]);
  return reshape(x, [z.shape[0], 1, side, side]);
}

/** Parameters of a generator of these sizes, the first layer first. */
export function generatorSpecs(latent: number, widths: readonly number[]): ParameterSpec[] {
  return parameterSpecs((scope) => generator(scope, input("z", [1, latent, 1, 1]), widths));
}

/**
 * Loads a generator from a model folder.
 * @throws {InputError} when the folder holds none
 */
export async function loadGenerator(path: string): Promise<Generator> {
  const { tensors, model, file } = await readWeights(path, "generator");
  const shapes: (readonly number[])[] = [];
  for (let layer = 0; tensors[`layers.${layer}.weight`] !== undefined; layer++) {
    shapes.push(tensors[`layers.${layer}.weight`].shape);
  }
  const widths = shapes.map(([width]) => width), [latent] = shapes.map(([, before]) => before);
  if (shapes.length === 0 || !Number.isInteger(Math.sqrt(widths[widths.length - 1]))) {
    throw new InputError(
      `Cannot use the model ${file}: the layers of a generator of square images are required, ` +
        `found ${Object.keys(tensors).slice(0, 3).join(", ") || "none"}`,
    );
  }
  const specs = generatorSpecs(latent, widths);
  return {
    ...{ latent, specs, parameters: checkedParameters(specs, tensors, file), model },
    image: (scope, z) => generator(scope, z, widths),
  };
}
