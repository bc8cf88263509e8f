/** Options and results of a reconstruction. @module */
import type { SliceError } from "../errors.ts";
import type { Device, DeviceRequest, Runtime } from "../graph/mod.ts";
import type { Axis, Geometry } from "../io/types.ts";
import type { Calibration, MapSets } from "../mri/calibration/calibrate.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { Metrics } from "../mri/metrics/metrics.ts";
import type { NdArray } from "../ndarray.ts";
import type { Method } from "../method/problem.ts";
import type { ModelChoice, ModelReference } from "../nn/mod.ts";
import type { SamplerOf, SamplerSettings, Settings } from "../samplers/mod.ts";
import type { Warning } from "../warning.ts";
import type { AddedReport } from "./added/report.ts";
import type { Audit, SliceAudit } from "./audit/audit.ts";
import type { Whitening } from "./coil_noise.ts";
import type { SliceErrorBars } from "./error_bars/error_bars.ts";
import type { ErrorBarReport } from "./error_bars/report.ts";
import type { CoilsReport } from "./prepare.ts";
import type { MaskRequest } from "./sampling.ts";
import type { AuditLevel } from "./audit/auditor.ts";

/**
 * Options of a reconstruction; all may be left out.
 * @typeParam S settings of the method: those of all samplers, or of the sampler that is given
 */
export interface ReconstructOptions<S extends Settings = SamplerSettings> {
  /** A method by name, or one of your own: a `Method`, or a sampler. Default: `DEFAULT_METHOD`. */
  readonly method?: string | Method | SamplerOf<S>;
  /** Settings of the method by name, such as `eta`, as `tune` finds them. */
  readonly settings?: { readonly [N in keyof NoInfer<S>]?: number };
  /**
   * Undersample a full file: a specification such as `equispaced:R=4,acs=24`, a mask file, or a mask
   * of the size of the file's k-space.
   */
  readonly mask?: MaskRequest;
  /** Device, or a runtime that is already open (and stays open). Default `auto`. */
  readonly device?: DeviceRequest | Runtime;
  /** Iterations or steps. */
  readonly steps?: number;
  /** Factor on the regularisation that the method chooses; more trusts the prior more. Default 1. */
  readonly weight?: number;
  /**
   * Network of methods that have one: a name in `models/`, a folder, or an ONNX file. Methods with a
   * prior also take a denoiser, or the bytes of an ONNX file that is one: see `openPrior`.
   */
  readonly model?: ModelChoice;
  /** Posterior samples, of methods that draw them. Default: the method's own number. */
  readonly samples?: number;
  /** Seed of random numbers. Default 0. */
  readonly seed?: number;
  /** Index of the file's first slice in a series of files, for the random numbers. Default 0. */
  readonly firstSlice?: number;
  /** Whether to keep the samples' magnitudes. Default false. */
  readonly keepSamples?: boolean;
  /** Whether `reconstruct` keeps the coil maps of all slices. Default true. */
  readonly keepMaps?: boolean;
  /** First slice and the one after the last. Default: all. */
  readonly slices?: readonly [number, number];
  /**
   * Coil maps: a file, or an array `[C, 2, H, W]` for all slices, `[slices, C, 2, H, W]` or, of several
   * sets, `[slices, sets, C, 2, H, W]`, H the phase-encode axis. Default: calibrated from the calibration region.
   */
  readonly maps?: string | NdArray;
  /** How maps are calibrated. Default `espirit`. */
  readonly calibration?: Calibration;
  /**
   * Sets of coil maps: two where the object is larger than the field of view, so that it is folded onto
   * itself. Default `auto`: two where the calibration (or the maps that are given) shows two.
   */
  readonly mapSets?: MapSets;
  /**
   * How often coil maps are brought nearer to the data by the image that was found with them, and the image
   * reconstructed again. Default 0.
   */
  readonly updateMaps?: number;
  /**
   * Virtual coils to compress to; `off` for all coils. Default `auto`: 16 where the file has more than 24,
   * for methods with coil maps.
   */
  readonly compress?: number | "auto" | "off";
  /**
   * Noise of the coils: `auto` measures it on the data and whitens it where it is unequal or correlated,
   * `off` takes it for equal and independent; or a noise scan, as the path of its file or as a covariance.
   * Default `auto`.
   */
  readonly whiten?: Whitening | string;
  /**
   * How thoroughly the result is compared with the data: `prediction` costs a second reconstruction of
   * each slice. Default `consistency`.
   */
  readonly audit?: AuditLevel;
  /**
   * Whether to tell for each pixel how large its error may be (`error90`). It costs a reconstruction of each
   * slice by total variation. `true` requires a calibration of the method. Default false.
   */
  readonly errorBars?: boolean | "where-calibrated";
  /**
   * Whether to tell what the method added to the data (`added`, `flagged`), of methods with coil maps. It costs a
   * reconstruction of each slice by total variation, which error bars share. Default false.
   */
  readonly added?: boolean;
  /** Called as the work proceeds. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the work: the call throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Progress of a reconstruction. */
export interface Progress {
  /** What is being done. */
  readonly stage: "read" | "calibrate" | "reconstruct" | "audit" | "error bars";
  /** Slices finished. */
  readonly slice: number;
  /** Slices in all. */
  readonly slices: number;
  /** Part of the whole work that is done, 0 to 1. */
  readonly fraction: number;
}

/** Seconds spent, by stage. */
export interface Seconds {
  /** Reading the file. */
  readonly read: number;
  /** Undersampling, noise, scale and coil maps. */
  readonly calibrate: number;
  /** Compiling graphs. */
  readonly compile: number;
  /** The method itself. */
  readonly reconstruct: number;
  /** Comparing the result with the data, with the second reconstruction where one was asked for. */
  readonly audit: number;
  /** The error bars, where they were asked for. */
  readonly errorBars?: number;
  /** What the method added, where it was asked for. */
  readonly added?: number;
  /** The eigenbasis of the operator (`ddrm`), which is part of `reconstruct`. */
  readonly eigenbasis?: number;
}

/** What a slice and a volume have alike; the arrays of a volume have an axis of slices in front. */
export interface Reconstructed {
  /** Magnitude `[rows, columns]`, in the file's units and orientation. */
  readonly magnitude: NdArray;
  /** Complex image, planar: `[2, rows, columns]`. */
  readonly complex: NdArray;
  /** Standard deviation of the magnitude over posterior samples, where several were drawn. */
  readonly std?: NdArray;
  /**
   * Half-width that holds the true magnitude in 90 % of the pixels of the head, where error bars were asked
   * for and are not refused.
   */
  readonly error90?: NdArray;
  /** Magnitude of the part of the image that the data do not determine, where it was asked for. */
  readonly added?: NdArray;
  /** 1 in structures that the data alone do not show, 0 elsewhere; as `added`. */
  readonly flagged?: NdArray;
  /**
   * Coil maps `[C, 2, H, W]` (`[sets, C, 2, H, W]` where there are several sets), H the phase-encode axis,
   * with unit sum of squares within the object;
   * absent for methods that need none. The option `maps` takes them as they are.
   */
  readonly maps?: NdArray;
  /** Root sum of squares of the fully sampled data, else the image that the file holds; if any. */
  readonly reference?: NdArray;
  /** What was sampled (in the first slice). */
  readonly mask: SamplingMask;
  /** Method that was used. */
  readonly method: string;
  /** Its network, if it has one that is known by name. */
  readonly model?: ModelReference;
  /** Device it ran on. */
  readonly device: Device;
  /** Iterations or steps for a slice. */
  readonly steps: number;
  /** Network evaluations for a slice. */
  readonly nfe: number;
  /** Settings of the method that were in force, of methods that have any. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Posterior samples that were drawn for a slice; 1 for methods that draw none. */
  readonly drawn: number;
  /** What should be known of the result, each once. */
  readonly warnings: readonly Warning[];
  /** What was done about the coils (of the first slice). */
  readonly coils: CoilsReport;
  /** Time by stage. */
  readonly seconds: Seconds;
}

/** One slice of a reconstruction. */
export interface ReconstructedSlice extends Reconstructed {
  /** Number of the slice in the file, from 0. */
  readonly index: number;
  /** Magnitudes of the posterior samples `[S, rows, columns]`, where they are kept. */
  readonly samples?: NdArray;
  /** Whether `reference` is the image that the file holds, since its data are not full. */
  readonly storedReference: boolean;
  /** Why the slice could not be reconstructed and is left zero; absent where it could. */
  readonly failure?: SliceError;
  /** Noise per real and imaginary part relative to bright tissue; 0 of a slice that is left zero. */
  readonly sigma: number;
  /** Noise and model error together, of methods that weigh the data by them. */
  readonly modelSigma?: number;
  /** Evidence that the image is right; absent for methods without coil maps. */
  readonly audit?: SliceAudit;
  /** The error bars and their calibration, where they were asked for. */
  readonly errorBars?: SliceErrorBars;
}

/** Images and how they came about. */
export interface Reconstruction extends Reconstructed {
  /** Magnitudes of the posterior samples, each `[slices, rows, columns]`, where they were kept. */
  readonly samples?: readonly NdArray[];
  /** Slices that could not be read, or hold nothing, and are left zero, counted from 0. */
  readonly emptySlices: readonly number[];
  /** Agreement with the reference; null without one, and for images smaller than SSIM's window. */
  readonly metrics: Metrics | null;
  /** Where voxels lie, where the file says so. */
  readonly geometry?: Geometry;
  /** First slice and the one after the last, of the file. */
  readonly slices: readonly [first: number, end: number];
  /**
   * Axes of the volumes that the slices make, one after the other, such as time or echoes; the first
   * changes fastest. Absent for one volume.
   */
  readonly frames?: readonly Axis[];
  /** Noise per real and imaginary part relative to bright tissue, of each slice. */
  readonly sigma: readonly number[];
  /** Noise and model error together, of methods that weigh the data by them. */
  readonly modelSigma?: readonly number[];
  /** Evidence that the image is right; absent for methods without coil maps, whose images have no phase. */
  readonly audit?: Audit;
  /** What the error bars are by, where they were asked for. */
  readonly errorBars?: ErrorBarReport;
  /** What the method added, where it was asked for. */
  readonly addedPart?: AddedReport;
}
