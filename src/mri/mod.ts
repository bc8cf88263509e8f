/**
 * The physics of MRI: operators on symbolic tensors, coil maps and noise from calibration lines,
 * sampling masks, metrics, and a head phantom to test with.
 * @module
 */
export {
  complexMul,
  conjugate,
  imagPart,
  joinParts,
  magnitude,
  realPart,
  squaredMagnitude,
  swapParts,
} from "./physics/complex.ts";
export { conjugateGradients } from "./physics/cg.ts";
export { dft2, dftH, dftHRows, dftHRowsAdjoint, dftW, type Direction } from "./physics/dft.ts";
export { dotTest, type LinearDefinition, linearOperator } from "./physics/linear_operator.ts";
export {
  coils,
  coilSets,
  compose,
  innerProduct,
  type LinearOperator,
  mriOperator,
  regularised,
  sampledFourier,
} from "./physics/operator.ts";
export {
  type LeastSquares,
  leastSquaresImage,
  proximal,
  proximalCorrection,
  residualImage,
} from "./physics/proximal.ts";
export {
  type Convolution,
  convolution,
  lenslessCamera,
  motionKernel,
  padding,
  unitSum,
} from "./physics/convolution.ts";
export { type Jpeg, jpeg, jpegTables } from "./physics/jpeg.ts";
export {
  averagePooling,
  bicubicDownsampling,
  denoising,
  gaussianBlur,
  inpainting,
  type SeparableOperator,
} from "./physics/restoration_operators.ts";
export { calibratedMaps, type Calibration, type MapSets } from "./calibration/calibrate.ts";
export {
  noiseLevel,
  type NoiseRegions,
  noiseRegions,
  type RegionEnergies,
  regionEnergies,
} from "./calibration/noise.ts";
export {
  type GeneratedMaskSpec,
  makeMask,
  maskFromLines,
  maskFromPlane,
  type MaskSpec,
  parseMaskSpec,
  SamplingMask,
} from "./sampling/masks.ts";
export type { MaskContent } from "./sampling/sampling_mask.ts";
export type { ColumnControl } from "./physics/column_basis.ts";
export type { Arrays, SpectralForm, Spectrum, SpectrumControl } from "./physics/spectrum.ts";
export type { Extent, PartialSampling } from "./sampling/partial_sampling.ts";
export { haarpsi } from "./metrics/haarpsi.ts";
export {
  headMask,
  measure,
  type Metrics,
  nmse,
  psnr,
  type RegionMetrics,
  ssim,
} from "./metrics/metrics.ts";
export {
  brainPhantom,
  type Contrast,
  type PhantomOptions,
  type PhantomSpec,
} from "./phantom/phantom.ts";
export { Simulator, type SimulatorOptions } from "./phantom/simulate.ts";
