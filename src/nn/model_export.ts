/** Trained networks as ONNX files that run at any size. @module */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { InputError } from "../errors.ts";
import { encodeModel, input, modelWeights } from "../graph/mod.ts";
import { ndarray, sizeOf } from "../ndarray.ts";
import { denoiserSpecs } from "./denoiser_network.ts";
import { MODEL_SCHEMA } from "./model_yaml.ts";
import { openSizes } from "./open_sizes.ts";
import { constantScope, type Parameters } from "./parameters.ts";
import { residualUNet, type ResidualUNetConfig, sizeMultiple } from "./residual_unet.ts";

/**
 * The network of a denoiser: `x [N, 2, H, W]` and `noise [N, 1, 1, 1]` to `y [N, 2, H, W]`, for any
 * N and any H and W that are multiples of what the network needs.
 */
export function encodeDenoiserNetwork(
  config: ResidualUNetConfig,
  parameters: Parameters,
): Uint8Array<ArrayBuffer> {
  const side = sizeMultiple(config);
  const x = input("x", [1, config.channels, side, side]);
  const noise = input("noise", [1, 1, 1, 1]);
  const y = residualUNet(constantScope(parameters), x, noise, config);
  const image = ["N", config.channels, "H", "W"];
  return openSizes(encodeModel({ x, noise }, { y }), { x: image, noise: ["N", 1, 1, 1], y: image });
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
  // The file does not name them: their order is that of a network whose weights are their indices.
  const numbered = specs.map(({ name, shape }, i) =>
    [name, ndarray(new Float32Array(sizeOf(shape)).fill(i), shape)] as const
  );
  const order = modelWeights(encodeDenoiserNetwork(config, Object.fromEntries(numbered)));
  const found = modelWeights(bytes);
  if (`${found.map(({ shape }) => shape)}` !== `${order.map(({ shape }) => shape)}`) {
    throw new InputError(
      `Cannot use the weights of ${file}: a denoiser that \`deno task train prior\` made is required`,
    );
  }
  return Object.fromEntries(found.map((array, i) => [specs[order[i].data[0]].name, array]));
}

/** The model.yaml of an EDM denoiser. */
export function denoiserYaml(
  bytes: Uint8Array,
  { name, sigmaData, config, sigma, training }: {
    readonly name: string;
    readonly sigmaData: number;
    readonly config: ResidualUNetConfig;
    readonly sigma: readonly [number, number];
    readonly training: Readonly<Record<string, unknown>>;
  },
): string {
  return stringify({
    schema: MODEL_SCHEMA,
    name,
    kind: "denoiser",
    network: {
      file: "model.onnx",
      sha256: createHash("sha256").update(bytes).digest("hex"),
      image: "x",
      noise: "noise",
      output: "y",
    },
    parameterisation: "edm",
    sigma_data: sigmaData,
    noise_input: "log-sigma/4",
    channels: config.channels,
    size: { multiple: sizeMultiple(config), minimum: 2 * sizeMultiple(config) },
    padding: "reflect",
    sigma: { min: sigma[0], max: sigma[1] },
    data: { scale: 1, offset: 0, normalisation: "99th percentile of the magnitude is about 1" },
    fourier: "centred, orthonormal",
    training,
  });
}
