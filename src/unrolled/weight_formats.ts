/** Weights of other projects' networks, as `import-weights` takes them. @module */
import type { NdArray } from "../ndarray.ts";
import {
  checkedParameters,
  type ModelKind,
  type Parameters,
  swinirConfig,
  swinirSpecs,
} from "../nn/mod.ts";
import { fastmriVarNet } from "./fastmri_weights.ts";
import { humusSpecs } from "./humus_method.ts";
import { authorsHumus, humusConfig } from "./humus_weights.ts";
import { varnetSpecs } from "./varnet_method.ts";

/** Weights as a model folder holds them. */
export interface ImportedWeights {
  /** What the model is. */
  readonly kind: ModelKind;
  /** All weights of the network. */
  readonly parameters: Parameters;
  /** Keys of model.yaml beside those of every model. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What the network is, for its card. */
  readonly about: string;
  /** Its sizes, for its card. */
  readonly sizes: object;
  /** What its owner should set, for its card. */
  readonly advice?: string;
}

/** Reads a state dict; `file` is for messages. */
type WeightReader = (state: Readonly<Record<string, NdArray>>, file: string) => ImportedWeights;

/**
 * The formats by name.
 * @throws {InputError} (each reader) when the state dict is of another network
 */
export const WEIGHT_FORMATS: Readonly<Record<string, WeightReader>> = {
  "fastmri-varnet": (state, file) => {
    const { config, parameters } = fastmriVarNet(state, file);
    return {
      kind: "varnet",
      parameters: checkedParameters(varnetSpecs(config), parameters, file),
      content: { architecture: config },
      about:
        "An end-to-end variational network (Sriram et al. 2020) with weights of fastMRI's VarNet",
      sizes: config,
    };
  },
  "humus-net": (state, file) => {
    const found = authorsHumus(state);
    const config = { ...humusConfig(found, file), residual: true };
    return {
      kind: "humus",
      parameters: checkedParameters(humusSpecs(config), found, file),
      content: { architecture: config },
      about: "HUMUS-Net (Fabian et al. 2022) with weights of the authors' code",
      sizes: { ...config, bottleneck: Object.values(config.bottleneck).join(" blocks, heads: ") },
      advice: config.adjacent > 1 ? HUMUS_ADVICE : undefined,
    };
  },
  swinir: (state, file) => ({ kind: "swinir", content: {}, ...swinirWeights(state, file) }),
  "swinir-denoiser": (state, file) => {
    const weights = swinirWeights(state, file);
    const { channels } = weights.sizes;
    const content = { parameterisation: "x0", noise_input: "none", channels };
    return { kind: "denoiser", content, ...weights, advice: DENOISER_ADVICE };
  },
};

/** The authors' networks are trained for one noise level, which their files do not name. */
const DENOISER_ADVICE =
  "A network that was trained for one noise level (the authors' for 15, 25 or 50 of 255) is told none: " +
  "set `sigma: {min, max}` of model.yaml to that level, in units of bright tissue (25 of 255 is 0.098). " +
  "The range of the images that it was trained on is 0 to 1; where an image has negative parts, set " +
  "`data: {scale: 0.5, offset: 0.5}`.";

/** The authors' networks for fastMRI see neighbours, and Larmor reconstructs slices one by one. */
const HUMUS_ADVICE =
  "The network was trained on neighbouring slices. Slices are reconstructed one by one here: each " +
  "stands in for its neighbours too, which costs quality.";

/** SwinIR's own weights, whatever they are wrapped in. */
function swinirWeights(state: Readonly<Record<string, NdArray>>, file: string) {
  const own = Object.fromEntries(
    Object.entries(state).map((
      [key, array],
    ) => [key.replace(/^(?:(?:module|model)\.)+/, ""), array]),
  );
  const sizes = swinirConfig(own, file);
  const parameters = checkedParameters(swinirSpecs(sizes), own, file);
  return {
    parameters,
    sizes,
    about: "A Swin transformer (Liang et al. 2021) with weights of SwinIR",
  };
}
