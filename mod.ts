/**
 * Larmor: MRI reconstruction in ONNX graphs.
 *
 * Scripts read k-space, reconstruct it and write the result with three functions, without the
 * command line. Complex arrays are planar (`[..., 2, H, W]`: re/im before the two image axes), H is
 * the phase-encode axis and W the readout.
 *
 * @example Reconstruct a simulated brain and write it
 * ```ts
 * import { reconstruct, simulatedBrain, writeNifti } from "@larmor/larmor";
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
export {
  DeviceError,
  DivergenceError,
  InputError,
  LarmorError,
  SliceError,
  UsageError,
} from "./src/errors.ts";
export type { Warning } from "./src/warning.ts";
export { VERSION } from "./src/version.ts";
export { meanOf, type NdArray, ndarray, sizeOf, zeros } from "./src/ndarray.ts";
export { Rng } from "./src/rng.ts";

// In.
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
export {
  type SimulatedKspace,
  simulatedKspace,
  type SimulationRequest,
} from "./src/recon/simulated.ts";
export type { FourierSign, FourierSignRequest, TakenSign } from "./src/mrd/fourier_sign.ts";
export type {
  Axis,
  FileFormat,
  Geometry,
  ImageFile,
  ImageVolume,
  KspaceFile,
} from "./src/io/types.ts";
export { openImage as readImage, type OpenOptions } from "./src/io/open.ts";

// Reconstruct.
export { reconstruct } from "./src/recon/reconstruct.ts";
export { openReconstruction, type ReconstructionStream } from "./src/recon/stream.ts";
export type {
  Progress,
  Reconstructed,
  ReconstructedSlice,
  Reconstruction,
  ReconstructOptions,
  Seconds,
} from "./src/recon/types.ts";
export type { CoilsReport } from "./src/recon/prepare.ts";
export type { CoilTreatment, NoiseCovariance, Whitening } from "./src/recon/coil_noise.ts";
export type { MaskRequest } from "./src/recon/sampling.ts";
export { DEFAULT_METHOD, findMethod, methods } from "./src/recon/methods.ts";
export type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry,
  Solver,
} from "./src/method/problem.ts";
export type { ModelReference } from "./src/nn/model_path.ts";
export type { ModelChoice } from "./src/nn/prior.ts";
export { type Plan, PLAN_SCHEMA, planReconstruction } from "./src/recon/plan.ts";

// Judge.
export { measure, type Metrics, type RegionMetrics } from "./src/mri/metrics/metrics.ts";
export type {
  Audit,
  ConsistencyBand,
  ConsistencyFigures,
  Prediction,
  Region,
  ResidualFigures,
  SliceAudit,
  Spread,
  Verdict,
} from "./src/recon/audit/audit.ts";
export type { AddedReport } from "./src/recon/added/report.ts";
export type { SliceErrorBars } from "./src/recon/error_bars/error_bars.ts";
export type { ErrorBarReport, PsnrBound } from "./src/recon/error_bars/report.ts";
export type {
  CalibrationRange,
  ErrorCalibration,
  LowHigh,
  MeasuredErrorBars,
} from "./src/recon/error_bars/calibration.ts";
export type { WidthFactors } from "./src/recon/error_bars/conformal.ts";
export { type Feature, FEATURES } from "./src/recon/error_bars/features.ts";
export type { SizeModel } from "./src/recon/error_bars/score.ts";
export type { AuditLevel } from "./src/recon/audit/auditor.ts";
export type { JudgedBand, SliceConsistency } from "./src/recon/audit/figures.ts";

// Out.
export { type NiftiVolume, writeNifti } from "./src/io/nifti/write.ts";
export { writeNpy, writeNpyComplex } from "./src/io/numpy/npy.ts";
export { encodePng } from "./src/io/png.ts";
export { type DicomDescription, writeDicom } from "./src/recon/dicom.ts";
export type { DicomTags } from "./src/io/dicom/tags.ts";
export {
  type Provenance,
  type ReconReport,
  reconReport,
  REPORT_SCHEMA,
  type ReportDetails,
  type ReportInput,
  type ReportMask,
} from "./src/recon/report.ts";

// The types that those above are made of.
export type { Software } from "./src/provenance.ts";
export type { Calibration, MapSets } from "./src/mri/calibration/calibrate.ts";
export type { Contrast } from "./src/mri/phantom/phantom.ts";
export type { SamplingMask } from "./src/mri/sampling/masks.ts";
export { type Device, type DeviceRequest, Runtime } from "./src/graph/mod.ts";
