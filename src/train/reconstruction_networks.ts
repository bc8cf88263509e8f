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
  swinirSpecs,
} from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  appendedCascades,
  hasOwnMaps,
  humusConfig,
  humusSpecs,
  loadModl,
  modlSpecs,
  neumannSpecs,
  unetConfig,
  unetSpecs,
  varnetConfig,
  varnetSpecs,
} from "../unrolled/mod.ts";
import type { NetworkSizes, ReconstructionKind, TrainingSettings } from "./options.ts";
import {
  humusBuilder,
  modlBuilder,
  neumannBuilder,
  type ReconBuilder,
  swinirBuilder,
  unetBuilder,
  varnetBuilder,
} from "./reconstruction_objective.ts";

/** Default sizes of a variational network, smaller than fastMRI's (12, 18, 4), to fit in 16 MB. */
const CASCADES = { cascades: 5, channels: 16, pools: 3 };
/** Default sizes of the network of the coil maps. */
const MAPS = { sensitivityChannels: 6, sensitivityPools: 3 };
const VARNET = { ...CASCADES, ...MAPS };
/** Default sizes of MoDL. */
const MODL = { iterations: 10, conjugateGradients: 4, sigmaData: 0.35 };
/** Default sizes of a Neumann network: as many terms and conjugate gradients as published. */
const NEUMANN = { terms: 6, conjugateGradients: 10, channels: 16, pools: 3 };
/** Default sizes of HUMUS-Net, much smaller than published (8 cascades of 66 features in 3 levels). */
const SWIN_CASCADES = {
  ...{ cascades: 3, features: 16, depths: [2, 2], heads: [2, 4], window: 4, mlpRatio: 2 },
  ...{
    bottleneck: { depth: 2, heads: 8 },
    halved: true,
    threeConvolutions: false,
    residual: false,
  },
  adjacent: 1,
};
const HUMUS = { ...SWIN_CASCADES, ...MAPS };
/** Default sizes of SwinIR: the published lightweight network has as many features, in twice the groups. */
const SWINIR = {
  ...{ channels: 2, features: 60, depths: [4, 4], heads: [6, 6], window: 8 },
  threeConvolutions: false,
};
/** Default sizes of the baseline. */
const UNET = { channels: 20, pools: 4 };

/** A network with its sizes. */
export interface ReconNetwork {
  readonly architecture: Readonly<Record<string, unknown>>;
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
  { architecture: sizes, from, seed }: TrainingSettings,
): Promise<ReconNetwork> {
  const path = from === undefined ? undefined : await modelPath(from);
  if (kind === "modl") return await modlNetwork(sizes.cascades, path, seed);
  if (path === undefined) return NETWORKS[kind](sizes);
  const { tensors, file } = await readWeights(path, kind);
  const network = kind === "unet"
    ? networkOf({ ...unetConfig(tensors, file), ...sizes }, unetSpecs, unetBuilder)
    : kind === "varnet" && !hasOwnMaps(varnetConfig(tensors, file))
    ? networkOf({ ...CASCADES, ...sizes }, varnetSpecs, varnetBuilder)
    : kind === "humus" && !hasOwnMaps(humusConfig(tensors, file))
    ? networkOf({ ...SWIN_CASCADES, ...sizes, solved: true } as const, humusSpecs, humusBuilder)
    : NETWORKS[kind](sizes);
  const { specs } = network;
  const given = kind === "varnet" || kind === "humus"
    ? appendedCascades(tensors, initialParameters(specs, new Rng(seed)))
    : tensors;
  return { ...network, weights: checkedParameters(specs, given, file) };
}

/** The networks that begin untrained, or with the weights of their own kind. */
const NETWORKS: Readonly<
  Record<Exclude<ReconstructionKind, "modl">, (sizes: NetworkSizes) => ReconNetwork>
> = {
  unet: (sizes) => networkOf({ ...UNET, ...sizes }, unetSpecs, unetBuilder),
  varnet: (sizes) => networkOf({ ...VARNET, ...sizes }, varnetSpecs, varnetBuilder),
  humus: ({ channels: features = HUMUS.features, ...sizes }) =>
    networkOf({ ...HUMUS, features, ...sizes }, humusSpecs, humusBuilder),
  neumann: ({ cascades: terms = NEUMANN.terms, ...sizes }) =>
    networkOf({ ...NEUMANN, terms, ...sizes }, neumannSpecs, neumannBuilder),
  swinir: ({ channels: features = SWINIR.features }) =>
    networkOf({ ...SWINIR, features, hidden: 2 * features }, swinirSpecs, swinirBuilder),
};

function networkOf<C extends ReconNetwork["architecture"]>(
  config: C,
  specs: (config: C) => ParameterSpec[],
  build: (config: C) => ReconBuilder,
): ReconNetwork {
  return { architecture: config, specs: specs(config), build: build(config) };
}

/** MoDL, which begins with another MoDL, or with a prior as its denoiser. */
async function modlNetwork(
  cascades: number | undefined,
  path: string | undefined,
  seed: number,
): Promise<ReconNetwork> {
  const network = (config: typeof MODL) =>
    networkOf({ ...config, iterations: cascades ?? config.iterations }, modlSpecs, modlBuilder);
  if (path === undefined) return network(MODL);
  const { description, bytes } = await readModelFolder(path);
  if (description.kind === "modl") {
    const { config, parameters } = await loadModl(path);
    const started = network(config);
    return { ...started, weights: checkedParameters(started.specs, parameters, path) };
  }
  const { sigmaData } = parseDenoiserYaml(description, path);
  const started = network({ ...MODL, sigmaData });
  const denoiser = decodeDenoiserParameters(bytes, DENOISER_NETWORK, path);
  const named = Object.entries(denoiser).map(([name, array]) => [`denoiser.${name}`, array]);
  const first = initialParameters(started.specs, new Rng(seed));
  return { ...started, weights: { ...first, ...Object.fromEntries(named) } };
}
