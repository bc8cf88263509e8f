/** Priors from a name, a folder, an ONNX file or a function. @module */
import { InputError } from "../errors.ts";
import {
  add,
  cast,
  concat,
  expand,
  externalLoader,
  type ForeignModel,
  type ForeignValue,
  importOnnx,
  log,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import {
  type Denoiser,
  edmDenoiser,
  epsilonDenoiser,
  flowDenoiser,
  flowTime,
  type Network,
  type NoiseInput,
  scoreDenoiser,
  velocityDenoiser,
  x0Denoiser,
} from "./denoiser.ts";
import { checkedParameters, readModelFolder } from "./model_folder.ts";
import { modelPath, type ModelReference, modelReference } from "./model_path.ts";
import { type DenoiserDescription, type NoiseInputName, parseDenoiserYaml } from "./model_yaml.ts";
import { continuousVpInput, timestepInput, vpSigmas } from "./noise_input.ts";
import { paddedDenoiser } from "./padding.ts";
import { constantScope } from "./parameters.ts";
import { decodeSafetensors } from "./safetensors.ts";
import { swinir, swinirConfig, swinirSpecs } from "./swinir.ts";

/**
 * A model: a name in `models/`, a folder or an ONNX file with model.yaml beside it; a denoiser; or the
 * bytes of an ONNX file.
 */
export type ModelChoice = string | Denoiser | Uint8Array;

/** A prior. */
export interface Prior {
  /** The denoiser. */
  readonly denoise: Denoiser;
  /** Standard deviation of the images' real and imaginary parts, if model.yaml has it. */
  readonly sigmaData?: number;
  /** Noise levels that it was trained for, if model.yaml has them. */
  readonly sigma?: readonly [min: number, max: number];
  /** Reference of the model, if it has a folder. */
  readonly model?: ModelReference;
}

/**
 * Opens a prior. The bytes of an ONNX file must hold a denoiser in variance-exploding coordinates: two
 * inputs, the noisy image `[N, 2, H, W]` and sigma (`[N]` or `[N, 1, 1, 1]`), and one output, the clean
 * image. A network of another kind needs a folder with model.yaml, or `importOnnx` and one of
 * `edmDenoiser`, `epsilonDenoiser`, ... in a denoiser.
 *
 * @throws {InputError} when a file cannot be read or holds no denoiser
 */
export async function openPrior(choice: ModelChoice): Promise<Prior> {
  if (typeof choice === "function") return { denoise: choice };
  if (typeof choice !== "string") return { denoise: onnxDenoiser(choice) };
  const { description, denoise } = await loadDenoiser(await modelPath(choice));
  const { parameterisation, sigmaData } = description;
  return {
    denoise,
    sigmaData: parameterisation === "edm" ? sigmaData : undefined,
    sigma: description.sigma,
    model: modelReference(description),
  };
}

/** The denoiser that an ONNX file holds. */
function onnxDenoiser(bytes: Uint8Array): Denoiser {
  const model = importOnnx(bytes);
  const [inputs, outputs] = namesOf(model);
  if (inputs.length !== 2 || outputs.length !== 1 || model.inputs[0].shape?.length !== 4) {
    throw new InputError(
      "Cannot use the ONNX model as a denoiser: inputs (image [N, 2, H, W], sigma) and one output " +
        `are required, found ${inputs} -> ${outputs}`,
      { hint: "Give a folder with model.yaml for a network of another kind (docs/models.md)" },
    );
  }
  const [[image, noise], [output]] = [inputs, outputs];
  return foreignNetwork(model, { image, noise, output }, "given as bytes");
}

const namesOf = (model: ForeignModel) =>
  [model.inputs, model.outputs].map((values) => values.map(({ name }) => name));

/** A prior that is ready to be inlined into graphs. */
export interface LoadedDenoiser {
  /** Content of model.yaml. */
  readonly description: DenoiserDescription;
  /** The denoiser, for any size within its limits. */
  readonly denoise: Denoiser;
}

/**
 * Loads a prior.
 * @throws {InputError} when the folder holds no denoiser, or its network does not fit model.yaml
 */
export async function loadDenoiser(path: string): Promise<LoadedDenoiser> {
  const folder = await readModelFolder(path);
  const description = parseDenoiserYaml(folder.description, `${folder.path}/model.yaml`);
  if (folder.description.file.endsWith(".safetensors")) {
    const network = swinirNetwork(folder.bytes, description, folder.path);
    return { description, denoise: denoiserOf(network, description) };
  }
  const model = importOnnx(folder.bytes, { external: externalLoader(folder.path) });
  return { description, denoise: describedDenoiser(model, description, folder.path) };
}

/** SwinIR from its weights; its graph depends on the size of the image, so there is no ONNX file. */
function swinirNetwork(
  bytes: Uint8Array,
  { file, channels, noiseInput }: DenoiserDescription,
  path: string,
): Network {
  const name = `${path}/${file}`;
  const { tensors } = decodeSafetensors(bytes, name);
  const config = swinirConfig(tensors, name);
  const parameters = checkedParameters(swinirSpecs(config), tensors, name);
  if (noiseInput === "none" && channels === config.channels) {
    return (x) => swinir(constantScope(parameters), x, config);
  }
  throw new InputError(
    `Cannot use the model ${path}: noise_input none and channels ${config.channels} are required ` +
      `for these weights of SwinIR, found ${noiseInput} and ${channels}`,
  );
}

/** The denoiser of a foreign network with a description. */
export function describedDenoiser(
  model: ForeignModel,
  description: DenoiserDescription,
  path: string,
): Denoiser {
  return denoiserOf(foreignNetwork(model, description.names, path), description);
}

/** The denoiser of a network in its own coordinates. */
function denoiserOf(network: Network, description: DenoiserDescription): Denoiser {
  const whole = partwise(network, description.channels);
  const denoise = rescaled(parameterised(whole, description), description);
  const padded = paddedDenoiser(denoise, description.size, description.padding);
  return description.channels === 3 ? colourDenoiser(padded) : padded;
}

/**
 * A denoiser of colours `[N, 3, H, W]` on the real parts of three images, `[N, 6, H, W]`; their imaginary
 * parts become 0.
 */
function colourDenoiser(denoise: Denoiser): Denoiser {
  const onImages = (x: Tensor, sigma: Tensor) => {
    const [batch, parts, ...size] = x.shape;
    if (parts !== 2 * COLOURS) {
      throw new InputError(
        "Cannot use the prior of 3 channels: a picture in colour is required, found " +
          `${parts / 2} channels`,
      );
    }
    const real = slice(reshape(x, [batch, COLOURS, 2, ...size]), 2, 0, 1);
    const clean = reshape(denoise(reshape(real, [batch, COLOURS, ...size]), sigma), real.shape);
    return reshape(concat([clean, mul(clean, 0)], 2), x.shape);
  };
  return Object.assign(onImages, { sets: COLOURS });
}

/** Red, green and blue. */
const COLOURS = 3;

const ADAPTERS = {
  "vp-epsilon": epsilonDenoiser,
  "vp-v": velocityDenoiser,
  "ve-score": scoreDenoiser,
  x0: x0Denoiser,
  flow: flowDenoiser,
};

function parameterised(network: Network, description: DenoiserDescription): Denoiser {
  const { parameterisation } = description;
  if (parameterisation === "edm") return edmDenoiser(network, description.sigmaData);
  return ADAPTERS[parameterisation](network, noiseInputOf(description));
}

function noiseInputOf(description: DenoiserDescription): NoiseInput {
  const { noiseInput, noiseScale, schedule, steps } = description;
  const inputs: Readonly<Record<NoiseInputName, () => NoiseInput>> = {
    sigma: () => (sigma) => sigma,
    none: () => (sigma) => sigma,
    "log-sigma": () => log,
    "log-sigma/4": () => (sigma) => mul(log(sigma), 0.25),
    "flow-time": () => flowTime,
    timestep: () => timestepInput(vpSigmas(schedule, steps)),
    "vp-time": () =>
      schedule.kind === "cosine"
        ? timestepInput(vpSigmas(schedule, steps))
        : continuousVpInput(schedule.first, schedule.last),
  };
  const input = inputs[noiseInput]();
  return noiseScale === 1 ? input : (sigma) => mul(input(sigma), noiseScale);
}

/** A network of one channel, applied to the real and the imaginary part as a batch. */
function partwise(network: Network, channels: 1 | 2 | 3): Network {
  if (channels !== 1) return network;
  return (x, noise) => {
    const [batch, parts, height, width] = x.shape;
    const each = expand(reshape(noise, [batch, 1, 1, 1, 1]), [batch, parts, 1, 1, 1]);
    const flat = reshape(x, [batch * parts, 1, height, width]);
    return reshape(network(flat, reshape(each, [batch * parts, 1, 1, 1])), x.shape);
  };
}

/** A denoiser whose images are `scale` times ours plus `offset`. */
function rescaled(denoise: Denoiser, { data: { scale, offset } }: DenoiserDescription): Denoiser {
  if (scale === 1 && offset === 0) return denoise;
  return (x, sigma) =>
    mul(sub(denoise(add(mul(x, scale), offset), mul(sigma, scale)), offset), 1 / scale);
}

/** A foreign model as a network; the noise level gets the shape and type that the model declares. */
function foreignNetwork(
  model: ForeignModel,
  { image, noise, output }: DenoiserDescription["names"],
  path: string,
): Network {
  const [inputs, outputs] = namesOf(model);
  const wanted = noise === undefined ? [image] : [image, noise];
  if (wanted.some((name) => !inputs.includes(name)) || inputs.length !== wanted.length) {
    throw misnamed(path, "inputs", wanted, inputs);
  }
  if (!outputs.includes(output)) throw misnamed(path, "output", [output], outputs);
  const declared = model.inputs.find(({ name }) => name === noise);
  return (x, level) => {
    const given = declared && { [declared.name]: shapedNoise(level, x.shape[0], declared) };
    const result = model.apply({ [image]: x, ...given })[output];
    if (`${result.shape}` === `${x.shape}`) return result;
    throw new InputError(
      `Cannot use the model ${path}: an output of shape [${x.shape}] is required, ` +
        `found [${result.shape}]`,
    );
  };
}

function misnamed(path: string, what: string, wanted: string[], found: string[]): InputError {
  return new InputError(
    `Cannot use the model ${path}: ${what} ${wanted.join(", ")} of model.yaml required in the ` +
      `network, found ${found.join(", ")}`,
    { hint: "Name them in model.yaml: network: {image: ..., noise: ..., output: ...}" },
  );
}

/** `[N, 1, 1, 1]` (or 1) as the network declares it: any rank, whole numbers rounded. */
function shapedNoise(noise: Tensor, batch: number, { shape, dtype }: ForeignValue): Tensor {
  const rank = shape?.length ?? 1;
  const shaped = rank === 0
    ? reshape(noise, [])
    : reshape(expand(noise, [batch, 1, 1, 1]), [batch, ...new Array<number>(rank - 1).fill(1)]);
  if (dtype === "float32") return shaped;
  return cast(dtype === "int64" || dtype === "int32" ? add(shaped, 0.5) : shaped, dtype);
}
