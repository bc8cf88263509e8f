/** Trained networks as ONNX files that run at any size. @module */
import { InputError } from "../errors.ts";
import { encodeModel, input, modelWeights, type Tensor, topological } from "../graph/mod.ts";
import { constantScope, type Parameters, type ParameterSpec, Scope } from "./parameters.ts";
import {
  denoiserSpecs,
  residualUNet,
  type ResidualUNetConfig,
  sizeMultiple,
} from "./residual_unet.ts";

/**
 * The network of a denoiser: `x [N, 2, H, W]` and `noise [N, 1, 1, 1]` to `y [N, 2, H, W]`, for any
 * N and any H and W that are multiples of {@link sizeMultiple}. Weights have the names of parameters.
 */
export function encodeDenoiserNetwork(
  config: ResidualUNetConfig,
  parameters: Parameters,
): Uint8Array<ArrayBuffer> {
  const { x, noise, y } = networkTensors(constantScope(parameters), config);
  const image = ["N", config.channels, "H", "W"];
  return encodeModel({ x, noise }, { y }, {
    shapes: { x: image, noise: ["N", 1, 1, 1], y: image },
  });
}

function networkTensors(scope: Scope, config: ResidualUNetConfig) {
  const side = sizeMultiple(config);
  const x = input("x", [1, config.channels, side, side]);
  const noise = input("noise", [1, 1, 1, 1]);
  return { x, noise, y: residualUNet(scope, x, noise, config) };
}

/**
 * The parameters of a network that {@link encodeDenoiserNetwork} wrote.
 * @param file for messages
 * @throws {InputError} when it is another network
 */
export function decodeDenoiserParameters(
  bytes: Uint8Array,
  config: ResidualUNetConfig,
  file: string,
): Parameters {
  const specs = denoiserSpecs(config);
  const found = modelWeights(bytes);
  const named = specs.every(({ name }) => Object.hasOwn(found, name));
  const names = named ? Object.keys(found) : graphOrder(config);
  const parameters = Object.fromEntries(Object.values(found).map((array, i) => [names[i], array]));
  const fits = ({ name, shape }: ParameterSpec) => `${parameters[name]?.shape}` === `${shape}`;
  if (Object.keys(found).length === specs.length && specs.every(fits)) return parameters;
  throw new InputError(
    `Cannot use the weights of ${file}: a denoiser that \`deno task train prior\` made is required`,
  );
}

/** Names of the parameters in the order of the graph: that of files in which they have no names. */
function graphOrder(config: ResidualUNetConfig): string[] {
  const names = new Map<Tensor, string>();
  const { y } = networkTensors(
    new Scope(({ name, shape }) => {
      const tensor = input(name, shape);
      names.set(tensor, name);
      return tensor;
    }),
    config,
  );
  return topological([y]).flatMap((tensor) => names.get(tensor) ?? []);
}
