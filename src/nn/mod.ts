/**
 * Networks and denoisers: layers that ask a scope for their parameters, the preconditioning that makes
 * a denoiser of any diffusion network, and model folders.
 * @module
 */
export {
  type Denoiser,
  type EdmCoefficients,
  edmCoefficients,
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
export {
  convLayer,
  heNormal,
  instanceNorm,
  type LayerOptions,
  lecunNormal,
  upLayer,
} from "./layers.ts";
export { decodeDenoiserParameters, denoiserYaml, encodeDenoiserNetwork } from "./model_export.ts";
export {
  checkedParameters,
  type ModelFolder,
  readModelFolder,
  readWeights,
  type WeightsFile,
} from "./model_folder.ts";
export { modelPath, type ModelReference, modelReference } from "./model_path.ts";
export {
  type DenoiserDescription,
  MODEL_KINDS,
  MODEL_SCHEMA,
  type ModelDescription,
  type ModelKind,
  NOISE_INPUTS,
  type NoiseInputName,
  type Parameterisation,
  PARAMETERISATIONS,
  parseDenoiserYaml,
  parseModelYaml,
} from "./model_yaml.ts";
export { timestepInput, type VpSchedule, vpSigmas } from "./noise_input.ts";
export {
  cropImage,
  paddedDenoiser,
  paddedSize,
  type PaddingMode,
  padImage,
  type SizeLimits,
} from "./padding.ts";
export {
  constantScope,
  countParameters,
  flatScope,
  flatten,
  type Initializer,
  initialParameters,
  type Parameters,
  type ParameterSpec,
  parameterSpecs,
  Scope,
  tensorsOf,
  unflatten,
} from "./parameters.ts";
export {
  DENOISER_NETWORK,
  denoiserSpecs,
  residualUNet,
  type ResidualUNetConfig,
  scopedDenoiser,
  sizeMultiple,
} from "./residual_unet.ts";
export {
  describedDenoiser,
  loadDenoiser,
  type LoadedDenoiser,
  type ModelChoice,
  openPrior,
  type Prior,
} from "./prior.ts";
export { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";
export { YamlReader } from "./yaml_reader.ts";
