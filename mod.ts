/**
 * Larmor: MRI reconstruction in ONNX graphs.
 *
 * Scripts read k-space, reconstruct it and write the result with three functions, without the
 * command line. Complex arrays are planar (`[..., 2, H, W]`: re/im before the two image axes), H is
 * the phase-encode axis and W the readout.
 *
 * @example Reconstruct a simulated brain and write it
 * ```ts
 * import { reconstruct, simulatedBrain, writeNifti } from "./mod.ts";
 *
 * // A file of your own: using kspace = await readKspace("scan.h5");
 * using kspace = await simulatedBrain({ size: 64, coils: 4 });
 * const result = await reconstruct(kspace, {
 *   method: "sense",
 *   mask: "equispaced:R=2,acs=16",
 *   device: "cpu",
 * });
 * console.assert(result.metrics!.head.psnr! > 25);
 * await writeNifti(await Deno.makeTempFile({ suffix: ".nii.gz" }), { image: result.magnitude });
 * ```
 * @module
 */
export { DeviceError, InputError, LarmorError, UsageError } from "./src/errors.ts";
export { type NdArray, ndarray, sizeOf, zeros } from "./src/ndarray.ts";
export { Rng } from "./src/rng.ts";
export {
  type ContentFormat,
  detectFormat,
  encodePng,
  type FileFormat,
  type Geometry,
  type ImageFile,
  type ImageVolume,
  type KspaceFile,
  type MaskFile,
  openImage as readImage,
  type OpenOptions,
  readMapsFile,
  readMaskFile,
  writeCflCoils,
  writeNifti,
  writeNpy,
  writeNpyComplex,
} from "./src/io/mod.ts";
export { reconstruct } from "./src/recon/reconstruct.ts";
export { openReconstruction, type ReconstructionStream } from "./src/recon/stream.ts";
export type {
  Progress,
  ReconstructedSlice,
  Reconstruction,
  ReconstructOptions,
  Seconds,
} from "./src/recon/types.ts";
export type { Warning } from "./src/warning.ts";
export type {
  Audit,
  ConsistencyBand,
  ConsistencyFigures,
  Prediction,
  Spread,
  SpreadRegion,
  Verdict,
} from "./src/recon/audit/audit.ts";
export type { AuditLevel } from "./src/recon/audit/auditor.ts";
export {
  type ArrayOptions,
  type KspaceDescription,
  kspaceFromArray,
  kspaceFromSlices,
  type KspaceSlices,
  readKspace,
  type ReadOptions,
} from "./src/recon/open.ts";
export { simulatedBrain, type SimulatedBrainOptions } from "./src/recon/example.ts";
export { DEFAULT_METHOD, findMethod, methods } from "./src/recon/methods.ts";
export { measure, type Metrics, type RegionMetrics } from "./src/mri/metrics/metrics.ts";
export type { Calibration } from "./src/mri/calibration/calibrate.ts";
export type { ModelReference } from "./src/nn/model_path.ts";
export type { Contrast } from "./src/mri/phantom/phantom.ts";
export type { SimulationRequest } from "./src/recon/simulated.ts";
export {
  type GeneratedMaskSpec,
  makeMask,
  type MaskSpec,
  parseMaskSpec,
  type SamplingMask,
} from "./src/mri/sampling/masks.ts";
export type { Extent, PartialSampling } from "./src/mri/sampling/partial_sampling.ts";
export type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry as Acquisition,
  Solver,
} from "./src/method/problem.ts";
export type {
  ConstantData,
  ConvAttributes,
  ConvTransposeAttributes,
  NoAttributes,
  PoolAttributes,
  ReduceAttributes,
} from "./src/graph/ops/attributes.ts";
export {
  type Device,
  type DeviceRequest,
  type DType,
  type InputShapes,
  type NamedTensors,
  type OpAttributes,
  type OpName,
  type Program,
  Runtime,
  type Shape,
  Tensor,
  type TensorType,
} from "./src/graph/mod.ts";
