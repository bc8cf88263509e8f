/** Models as folders: `model.yaml`, the network and a card. @module */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { readBytes, reason } from "../host.ts";
import {
  add,
  cast,
  expand,
  externalLoader,
  type ForeignModel,
  type ForeignValue,
  importOnnx,
  mul,
  reshape,
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
import {
  type DenoiserDescription,
  type ModelDescription,
  parseDenoiserYaml,
  parseModelYaml,
} from "./model_yaml.ts";
import {
  continuousVpInput,
  edmInput,
  logSigmaInput,
  scaledInput,
  sigmaInput,
  timestepInput,
  vpSigmas,
} from "./noise_input.ts";
import { paddedDenoiser } from "./padding.ts";

/** A model's files, read and checked. */
export interface ModelFolder {
  /** The folder. */
  readonly path: string;
  /** What model.yaml says. */
  readonly description: ModelDescription;
  /** The network's file. */
  readonly bytes: Uint8Array;
}

/** A prior that is ready to be inlined into graphs. */
export interface LoadedDenoiser {
  /** What model.yaml says. */
  readonly description: DenoiserDescription;
  /** The denoiser, for any size within its limits. */
  readonly denoise: Denoiser;
}

/**
 * Reads a model's folder.
 * @param path the folder, or a file in it
 * @throws {InputError} when a file is missing, makes no sense or is not the one model.yaml was written for
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const isFolder = await stat(path).then((found) => found.isDirectory(), (cause) => {
    throw new InputError(`Cannot read the model ${path}: ${reason(cause)}`, { cause });
  });
  const folder = isFolder ? path : path.replace(/\/?[^/]*$/, "") || ".";
  const yamlPath = `${folder}/model.yaml`;
  const text = await readFile(yamlPath, "utf8").catch((cause) => {
    throw new InputError(`Cannot read the model ${path}: ${yamlPath} is required, found none`, {
      cause,
      hint: "docs/models.md tells what it says",
    });
  });
  const description = parseModelYaml(text, yamlPath);
  const asked = isFolder ? description.file : path.slice(path.lastIndexOf("/") + 1);
  if (asked !== description.file && asked !== "model.yaml") {
    throw new InputError(
      `Cannot use the model ${path}: ${yamlPath} must be written for ${asked}, ` +
        `found ${description.file}`,
      { hint: "Keep each model in a folder of its own" },
    );
  }
  const file = `${folder}/${description.file}`;
  const bytes = await readBytes(file).catch((cause) => {
    throw new InputError(`Cannot read the model ${path}: ${file} is required, found none`, {
      cause,
    });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== description.sha256) {
    throw new InputError(
      `Cannot use the model ${path}: the sha256 of ${description.file} must be ` +
        `${description.sha256}, found ${sha256}`,
      { hint: "Fetch the file again, or correct model.yaml if the network was changed on purpose" },
    );
  }
  return { path: folder, description, bytes };
}

/**
 * Loads a prior.
 * @throws {InputError} when the folder holds no denoiser, or its network does not fit model.yaml
 */
export async function loadDenoiser(path: string): Promise<LoadedDenoiser> {
  const folder = await readModelFolder(path);
  const description = parseDenoiserYaml(folder.description, `${folder.path}/model.yaml`);
  const model = importOnnx(folder.bytes, { external: externalLoader(folder.path) });
  return { description, denoise: describedDenoiser(model, description, folder.path) };
}

/** The denoiser that a foreign network is, by its description. */
export function describedDenoiser(
  model: ForeignModel,
  description: DenoiserDescription,
  path: string,
): Denoiser {
  const network = partwise(foreignNetwork(model, description, path), description.channels);
  const denoise = parameterised(network, description);
  return paddedDenoiser(rescaled(denoise, description), description.size, description.padding);
}

function parameterised(network: Network, description: DenoiserDescription): Denoiser {
  const noise = noiseInputOf(description);
  switch (description.parameterisation) {
    case "edm":
      return edmDenoiser(network, description.sigmaData);
    case "vp-epsilon":
      return epsilonDenoiser(network, noise);
    case "vp-v":
      return velocityDenoiser(network, noise);
    case "ve-score":
      return scoreDenoiser(network, noise);
    case "x0":
      return x0Denoiser(network, noise);
    case "flow":
      return flowDenoiser(network, noise);
  }
}

function noiseInputOf(
  { noiseInput, noiseScale, schedule, steps }: DenoiserDescription,
): NoiseInput {
  const input = (): NoiseInput => {
    switch (noiseInput) {
      case "sigma":
      case "none":
        return sigmaInput;
      case "log-sigma":
        return logSigmaInput;
      case "log-sigma/4":
        return edmInput;
      case "flow-time":
        return flowTime;
      case "timestep":
        return timestepInput(vpSigmas(schedule, steps));
      case "vp-time":
        return schedule.kind === "cosine"
          ? timestepInput(vpSigmas(schedule, steps))
          : continuousVpInput(schedule.first, schedule.last);
    }
  };
  return noiseScale === 1 ? input() : scaledInput(input(), noiseScale);
}

/** A network that works on the real and the imaginary part by itself, as a batch. */
function partwise(network: Network, channels: 1 | 2): Network {
  if (channels === 2) return network;
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

/** The foreign graph as a network, its noise input in the shape and type that it wants. */
function foreignNetwork(
  model: ForeignModel,
  { names }: DenoiserDescription,
  path: string,
): Network {
  const inputs = model.inputs.map(({ name }) => name);
  const outputs = model.outputs.map(({ name }) => name);
  const wanted = [names.image, ...(names.noise === undefined ? [] : [names.noise])];
  if (wanted.some((name) => !inputs.includes(name)) || inputs.length !== wanted.length) {
    throw misnamed(path, "inputs", wanted, inputs);
  }
  if (!outputs.includes(names.output)) throw misnamed(path, "output", [names.output], outputs);
  const noiseValue = model.inputs.find(({ name }) => name === names.noise);
  return (x, noise) => {
    const told = noiseValue && { [noiseValue.name]: shapedNoise(noise, x.shape[0], noiseValue) };
    const result = model.apply({ [names.image]: x, ...told })[names.output];
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
  const rank = shape === null ? 1 : shape.length;
  const each = expand(noise, [batch, 1, 1, 1]);
  const shaped = rank === 0
    ? reshape(expand(noise, [1, 1, 1, 1]), [])
    : reshape(each, [batch, ...new Array<number>(rank - 1).fill(1)]);
  if (dtype === "float32") return shaped;
  return cast(dtype === "int64" || dtype === "int32" ? add(shaped, 0.5) : shaped, dtype);
}
