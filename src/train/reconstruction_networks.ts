/** The reconstruction networks that can be trained: their sizes and first weights. @module */
import {
  checkedParameters,
  decodeDenoiserParameters,
  DENOISER_NETWORK,
  initialParameters,
  modelPath,
  type Parameters,
  type ParameterSpec,
  parseDenoiserYaml,
  readModelFolder,
  readWeights,
} from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  appendedCascades,
  imageUNetSpecs,
  loadModl,
  modlSpecs,
  varnetSpecs,
} from "../unrolled/mod.ts";
import type { NetworkSizes, ReconstructionKind, TrainingSettings } from "./options.ts";
import {
  imageUNetBuilder,
  modlBuilder,
  type ReconBuilder,
  varnetBuilder,
} from "./reconstruction_objective.ts";

/** Default sizes of a variational network, smaller than fastMRI's (12, 18, 4), to fit in 16 MB. */
const VARNET = {
  cascades: 5,
  channels: 16,
  pools: 3,
  sensitivityChannels: 6,
  sensitivityPools: 3,
};
/** Default sizes of MoDL. */
const MODL = { iterations: 10, conjugateGradients: 4, sigmaData: 0.35 };
/** Default sizes of the baseline. */
const UNET = { channels: 20, pools: 4 };

/** A network with its sizes. */
export interface ReconNetwork {
  readonly architecture: Readonly<Record<string, number | boolean>>;
  readonly specs: readonly ParameterSpec[];
  readonly build: ReconBuilder;
  /** Weights that the run begins with; random ones if undefined. */
  readonly weights?: Parameters;
}

/**
 * A network, with the weights of the model that it begins with.
 * @throws {InputError} when that model cannot be used
 */
export async function reconNetwork(
  kind: ReconstructionKind,
  { architecture, from, seed }: TrainingSettings,
): Promise<ReconNetwork> {
  const path = from === undefined ? undefined : await modelPath(from);
  if (kind === "modl") return await modlNetwork(architecture, path, seed);
  const network = kind === "varnet" ? varnetNetwork(architecture) : unetNetwork(architecture);
  if (path === undefined) return network;
  const { specs } = network;
  const { tensors, file } = await readWeights(path, kind);
  const given = kind === "varnet"
    ? appendedCascades(tensors, initialParameters(specs, new Rng(seed)))
    : tensors;
  return { ...network, weights: checkedParameters(specs, given, file) };
}

function varnetNetwork(sizes: NetworkSizes): ReconNetwork {
  const config = { ...VARNET, ...sizes };
  return { architecture: config, specs: varnetSpecs(config), build: varnetBuilder(config) };
}

function unetNetwork(sizes: NetworkSizes): ReconNetwork {
  const config = { ...UNET, ...sizes };
  return { architecture: config, specs: imageUNetSpecs(config), build: imageUNetBuilder(config) };
}

/** MoDL, which begins with another MoDL, or with a prior as its denoiser. */
async function modlNetwork(
  { cascades }: NetworkSizes,
  path: string | undefined,
  seed: number,
): Promise<ReconNetwork> {
  const network = (sizes: { iterations?: number; sigmaData?: number }) => {
    const config = { ...MODL, ...sizes, ...(cascades && { iterations: cascades }) };
    return { architecture: config, specs: modlSpecs(config), build: modlBuilder(config) };
  };
  if (path === undefined) return network({});
  const { description, bytes } = await readModelFolder(path);
  if (description.kind === "modl") {
    const { config: { iterations, sigmaData }, parameters } = await loadModl(path);
    const started = network({ iterations, sigmaData });
    return { ...started, weights: checkedParameters(started.specs, parameters, path) };
  }
  const { sigmaData } = parseDenoiserYaml(description, path);
  const denoiser = decodeDenoiserParameters(bytes, DENOISER_NETWORK, path);
  const named = Object.entries(denoiser).map(([name, array]) => [`denoiser.${name}`, array]);
  const started = network({ sigmaData });
  const weights = {
    ...initialParameters(started.specs, new Rng(seed)),
    ...Object.fromEntries(named),
  };
  return { ...started, weights };
}
