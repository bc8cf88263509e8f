/**
 * Networks and denoisers: layers that ask a scope for their parameters, the preconditioning that makes
 * a denoiser of any diffusion network, and model folders.
 *
 * @example A denoiser of one's own, with EDM preconditioning
 * ```ts
 * import { input, relu, Runtime, type Tensor } from "../graph/mod.ts";
 * import { Rng } from "../rng.ts";
 * import { constantScope, convLayer, edmDenoiser, initialParameters, parameterSpecs, Scope } from "./mod.ts";
 *
 * const network = (scope: Scope, x: Tensor) =>
 *   convLayer(scope.at("out"), relu(convLayer(scope.at("in"), x, 8)), 2);
 * const specs = parameterSpecs((scope) => network(scope, input("x", [1, 2, 8, 8])));
 * const scope = constantScope(initialParameters(specs, new Rng(1)));
 * const denoise = edmDenoiser((x) => network(scope, x), 0.5);
 *
 * await using runtime = await Runtime.open("cpu");
 * const program = await runtime.build(
 *   { x: [1, 2, 16, 12], sigma: [1, 1, 1, 1] },
 *   ({ x, sigma }) => ({ image: denoise(x, sigma) }),
 * );
 * const x = { data: new Rng(2).normals(2 * 16 * 12), shape: [1, 2, 16, 12] };
 * const { image } = await program.run({ x, sigma: { data: Float32Array.of(0.1), shape: [1, 1, 1, 1] } });
 * console.assert(image.shape.join() === "1,2,16,12");
 * ```
 * @module
 */
export {
  type Denoiser,
  eachSet,
  type EdmCoefficients,
  edmCoefficients,
  edmDenoiser,
  epsilonDenoiser,
  flowDenoiser,
  flowTime,
  type Network,
  type NoiseInput,
  scoreDenoiser,
  setwise,
  velocityDenoiser,
  x0Denoiser,
} from "./denoiser.ts";
export {
  convLayer,
  gelu,
  heNormal,
  instanceNorm,
  layerNorm,
  type LayerOptions,
  lecunNormal,
  linearLayer,
  transformerNormal,
  upLayer,
} from "./layers.ts";
export { decodeDenoiserParameters, encodeDenoiserNetwork } from "./model_export.ts";
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
export {
  channelsFirst,
  channelsLast,
  groupConvolution,
  shiftedWindowMask,
  swinBlock,
  type SwinConfig,
  swinGroup,
  type SwinGroupConfig,
  windowAttention,
} from "./swin.ts";
export { swinir, type SwinIRConfig, swinirConfig, swinirSpecs } from "./swinir.ts";
export { DEGRADATIONS, loadRestorer, type Restorer, type RestorerDegradation } from "./restorer.ts";
export { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";
