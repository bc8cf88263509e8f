/** The content of `model.yaml`; `docs/models.md` describes each key. @module */
import { parse } from "yaml";
import { InputError } from "../errors.ts";
import type { VpSchedule } from "./noise_input.ts";
import type { PaddingMode, SizeLimits } from "./padding.ts";
import { YamlReader } from "./yaml_reader.ts";

/** Version of the format. */
export const MODEL_SCHEMA = "larmor.model/1";

/** The kinds of models. */
export const MODEL_KINDS = [
  "denoiser",
  "unet",
  "varnet",
  "humus",
  "modl",
  "neumann",
  "swinir",
  "generator",
  "restorer",
] as const;
/** The kind of a model. */
export type ModelKind = typeof MODEL_KINDS[number];

/** The predictions of networks. */
export const PARAMETERISATIONS = ["edm", "vp-epsilon", "vp-v", "ve-score", "x0", "flow"] as const;
/** The prediction of a network. */
export type Parameterisation = typeof PARAMETERISATIONS[number];

/** The noise inputs of networks. */
export const NOISE_INPUTS = [
  "sigma",
  "log-sigma",
  "log-sigma/4",
  "timestep",
  "vp-time",
  "flow-time",
  "none",
] as const;
/** A noise input of a network. */
export type NoiseInputName = typeof NOISE_INPUTS[number];

/** The part of model.yaml that all models share. */
export interface ModelDescription {
  /** Name of the model. */
  readonly name: string;
  /** What it does. */
  readonly kind: ModelKind;
  /** File of the network or its weights, beside model.yaml. */
  readonly file: string;
  /** SHA-256 of that file, in hex. */
  readonly sha256: string;
  /** Everything in the file, as it is. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** The model.yaml of a denoiser. */
export interface DenoiserDescription extends ModelDescription {
  /** What the network predicts. */
  readonly parameterisation: Parameterisation;
  /** Standard deviation of the data, of `edm`. */
  readonly sigmaData: number;
  /** What the network takes for the noise level. */
  readonly noiseInput: NoiseInputName;
  /** Factor on the noise input: some networks take time from 0 to 1, others from 0 to 1000. */
  readonly noiseScale: number;
  /** Noise schedule of `timestep` and its number of steps, or of `vp-time`. */
  readonly schedule: VpSchedule;
  /** Time steps of the schedule. */
  readonly steps: number;
  /** Names of the graph's inputs and output. */
  readonly names: { readonly image: string; readonly noise?: string; readonly output: string };
  /** 2: real and imaginary part; 1: the network is run on each part by itself. */
  readonly channels: 1 | 2 | 3;
  /** Sizes of images that it takes. */
  readonly size: SizeLimits;
  /** How images of other sizes are padded. */
  readonly padding: PaddingMode;
  /** Range of noise levels of the training. */
  readonly sigma: readonly [number, number];
  /** The network's values are `scale` times ours plus `offset`. */
  readonly data: { readonly scale: number; readonly offset: number };
}

/**
 * Reads the keys that all models share.
 * @param path of the file, for messages
 * @throws {InputError} when a key is missing or has a wrong value
 */
export function parseModelYaml(text: string, path: string): ModelDescription {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const [line] = (cause as Error).message.split("\n");
    throw new InputError(`Cannot read ${path}: ${line}`, { cause });
  }
  const reader = new YamlReader(content, path);
  reader.oneOf("schema", [MODEL_SCHEMA]);
  const network = reader.at("network");
  const file = network.text("file", "model.onnx");
  if (/[/\\]/.test(file) || file === "..") {
    throw new InputError(
      `Cannot read ${path}: network.file must be a file beside it, found ${file}`,
    );
  }
  return {
    name: reader.text("name"),
    kind: reader.oneOf("kind", MODEL_KINDS),
    file,
    sha256: network.text("sha256").toLowerCase(),
    content: content as Record<string, unknown>,
  };
}

/** Defaults of each parameterisation's noise input. */
const NOISE_DEFAULT: Readonly<Record<Parameterisation, NoiseInputName>> = {
  edm: "log-sigma/4",
  "vp-epsilon": "timestep",
  "vp-v": "timestep",
  "ve-score": "sigma",
  x0: "sigma",
  flow: "flow-time",
};

/**
 * Reads the keys of a denoiser.
 * @throws {InputError} when a key is missing or has a wrong value
 */
export function parseDenoiserYaml(model: ModelDescription, path: string): DenoiserDescription {
  const reader = new YamlReader(model.content, path);
  if (model.kind !== "denoiser") {
    throw new InputError(
      `Cannot use ${path} as a prior: kind denoiser is required, found ${model.kind}`,
    );
  }
  const parameterisation = reader.oneOf("parameterisation", PARAMETERISATIONS);
  const noiseInput = reader.oneOf("noise_input", NOISE_INPUTS, NOISE_DEFAULT[parameterisation]);
  const [network, data, sigma, size, schedule] = ["network", "data", "sigma", "size", "schedule"]
    .map((key) => reader.at(key));
  return {
    ...model,
    parameterisation,
    noiseInput,
    noiseScale: reader.positive("noise_scale", 1),
    sigmaData: parameterisation === "edm" ? reader.positive("sigma_data") : 1,
    schedule: parseSchedule(schedule, noiseInput),
    steps: schedule.whole("steps", 1000),
    names: {
      image: network.text("image", "x"),
      noise: noiseInput === "none" ? undefined : network.text("noise", "noise"),
      output: network.text("output", "y"),
    },
    channels: Number(reader.oneOf("channels", ["1", "2", "3"], "2")) as 1 | 2 | 3,
    size: {
      multiple: size.whole("multiple", 1),
      minimum: size.whole("minimum", 1),
      maximum: size.whole("maximum", 1 << 16),
      fixed: size.pair("fixed"),
    },
    padding: reader.oneOf("padding", ["reflect", "zero"], "reflect"),
    sigma: [sigma.positive("min", 0.002), sigma.positive("max", 80)],
    data: { scale: data.positive("scale", 1), offset: data.number("offset", 0) },
  };
}

function parseSchedule(reader: YamlReader, noiseInput: NoiseInputName): VpSchedule {
  const kind = reader.oneOf("kind", ["linear", "scaled-linear", "cosine"], "linear");
  if (kind === "cosine") return { kind };
  // Published: betas of Ho et al. 2020; of Song et al. 2021 for continuous time.
  const [first, last] = noiseInput === "vp-time" ? [0.1, 20] : [1e-4, 0.02];
  return { kind, first: reader.positive("first", first), last: reader.positive("last", last) };
}
