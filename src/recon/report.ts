/** The content of recon.json: what was done to what, and how good it is. @module */
import type { Axis, FileFormat, KspaceFile } from "../io/types.ts";
import type { RegionMetrics } from "../mri/metrics/metrics.ts";
import type { TakenSign } from "../mrd/fourier_sign.ts";
import type { PartialSampling } from "../mri/sampling/partial_sampling.ts";
import type { ModelReference } from "../nn/mod.ts";
import type { Software } from "../provenance.ts";
import type { AddedReport } from "./added/report.ts";
import type { Audit } from "./audit/audit.ts";
import type { ErrorBarReport } from "./error_bars/report.ts";
import type { CoilsReport } from "./prepare.ts";
import type { Reconstruction, Seconds } from "./types.ts";

/** Name and version of the layout of recon.json. */
export const REPORT_SCHEMA = "larmor.recon/1";

/** What was read. */
export interface ReportInput {
  /** Path as it was given; `example` for the built-in one. */
  readonly path: string;
  /** SHA-256 of the file (of the .cfl of a BART pair); null for the built-in example. */
  readonly sha256: string | null;
  /** What its content was recognised as. */
  readonly format: FileFormat;
  /** Sizes of the file's own axes, in the file's order. */
  readonly shape: readonly number[];
  /** What each of these axes was taken for. */
  readonly axes: readonly string[];
  /** Sign of the exponent of raw acquisitions, or that was asked for; null for other files. */
  readonly fourierSign: TakenSign | null;
}

/** What was sampled. */
export interface ReportMask {
  /** The specification, `file`, or `data` for what the file holds. */
  readonly spec: string;
  /** All lines (or points) but padding divided by those kept. */
  readonly acceleration: number;
  /** Fully sampled lines about the centre. */
  readonly acsLines: number;
  /** Lines (or points) of k-space that are padding: neither acquired nor missing. */
  readonly padding: number;
  /** Rows and columns that were acquired, from first to after last, where one side is missing. */
  readonly partial: PartialSampling | null;
}

/** What remakes a result: the code, the options and where the user stood. */
export interface Provenance extends Software {
  /** Command and its arguments as they were typed. */
  readonly command: readonly string[];
  /** Every option that was in force, as text, those that the method chose included. */
  readonly options: Readonly<Record<string, string | boolean>>;
  /** Folder that relative paths are meant from. */
  readonly folder: string;
  /** Threads of the processor for one graph. */
  readonly threads: number;
}

/** The content of recon.json. */
export interface ReconReport
  extends Pick<Reconstruction, "method" | "device" | "steps" | "nfe" | "warnings" | "emptySlices"> {
  /** Name and version of this layout. */
  readonly schema: typeof REPORT_SCHEMA;
  /** What was read. */
  readonly input: ReportInput;
  /** What was sampled. */
  readonly mask: ReportMask;
  /** The network, for methods that have one. */
  readonly model: ModelReference | null;
  /** Seed of random numbers. */
  readonly seed: number;
  /** Settings of the method that were in force; null for methods without settings. */
  readonly settings: Readonly<Record<string, number>> | null;
  /** Posterior samples drawn for a slice; 1 for methods that draw none. */
  readonly samples: number;
  /** What was done about the coils. */
  readonly coils: CoilsReport;
  /** Noise of each slice's samples, where bright tissue is about 1. */
  readonly noise: {
    /** Standard deviation of the real and of the imaginary part. */
    readonly sigma: readonly number[];
    /** What the method took for it: noise and model error; null where it took `sigma` itself. */
    readonly modelSigma: readonly number[] | null;
  };
  /** Wall-clock time by stage; `total` is all, opening and checksum included. */
  readonly seconds: Seconds & { readonly total: number; readonly write: number };
  /** Null without a reference: the fully sampled input, or an image in the file; `reference` states the convention. */
  readonly metrics: {
    readonly reference: string;
    readonly whole: RegionMetrics;
    readonly head: RegionMetrics;
  } | null;
  /** Evidence without the truth; null for methods without coil maps, whose images have no phase. */
  readonly audit: Audit | null;
  /** What the error bars are by; null where none were asked for. */
  readonly errorBars: ErrorBarReport | null;
  /** What the method added to the data; null where it was not asked for. */
  readonly added: AddedReport | null;
  /** First slice and the one after the last, of the file. */
  readonly slices: readonly [first: number, end: number];
  /** Voxel indices (column, row, slice) to mm, right-anterior-superior, 4 x 4 by rows; null if unknown. */
  readonly affine: readonly number[] | null;
  /** What remakes it; null where a script made it, which knows its own options. */
  readonly provenance: Provenance | null;
  /** Axes of the volumes in the outputs (from the fourth dimension of NIfTI on), the first the fastest. */
  readonly frames: readonly Axis[];
  /** Path of each output by its kind. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** What a report says beside the reconstruction; all may be left out. */
export interface ReportDetails {
  /** Checksum of the file. */
  readonly sha256?: string | null;
  /** Seed of random numbers. Default 0. */
  readonly seed?: number;
  /** Path of each output by its kind. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Wall-clock seconds since the input was opened. Default: those of the reconstruction. */
  readonly totalSeconds?: number;
  /** Seconds spent writing. */
  readonly writeSeconds?: number;
  /** What remakes the result. */
  readonly provenance?: Provenance;
}

/** Puts together what recon.json holds. */
export function reconReport(
  file: KspaceFile,
  result: Reconstruction,
  { sha256 = null, seed = 0, outputs = {}, totalSeconds, writeSeconds = 0, provenance }:
    ReportDetails = {},
): ReconReport {
  const { metrics } = result;
  const { read, calibrate, reconstruct, audit, errorBars = 0, added = 0 } = result.seconds;
  const total = totalSeconds ?? read + calibrate + reconstruct + audit + errorBars + added;
  const seconds = { total, ...result.seconds, write: writeSeconds };
  return {
    schema: REPORT_SCHEMA,
    input: reportInput(file, sha256),
    mask: reportMask(result.mask),
    method: result.method,
    model: result.model ?? null,
    device: result.device,
    seed,
    steps: result.steps,
    nfe: result.nfe,
    settings: result.settings ?? null,
    samples: result.drawn,
    coils: result.coils,
    noise: { sigma: result.sigma, modelSigma: result.modelSigma ?? null },
    seconds: rounded(seconds),
    metrics: metrics && { reference: metrics.convention, whole: metrics.whole, head: metrics.head },
    emptySlices: result.emptySlices,
    warnings: result.warnings,
    audit: result.audit ?? null,
    errorBars: result.errorBars ?? null,
    added: result.addedPart ?? null,
    slices: result.slices,
    affine: result.geometry?.known ? result.geometry.affine : null,
    provenance: provenance ?? null,
    frames: result.frames ?? [],
    outputs,
  };
}

/** What a report says of a file. */
export function reportInput(file: KspaceFile, sha256: string | null): ReportInput {
  const { path, format, fourierSign = null } = file;
  return { path, sha256, format, ...fileAxes(file), fourierSign };
}

/** What a report says of a mask. */
export function reportMask(mask: Reconstruction["mask"]): ReportMask {
  const { spec, acceleration, acs, values, size, partial = null } = mask;
  return { spec, acceleration, acsLines: acs, padding: values.length - size, partial };
}

/** Sizes and names of the file's own axes, in its own order. */
export function fileAxes({ axes }: Pick<KspaceFile, "axes">): Pick<ReportInput, "shape" | "axes"> {
  return { shape: axes.map(({ size }) => size), axes: axes.map(({ name }) => name) };
}

/** Seconds to the millisecond. */
function rounded<T extends Readonly<Record<string, number | undefined>>>(seconds: T): T {
  const entries = Object.entries(seconds);
  return Object.fromEntries(
    entries.map(([stage, value]) => [stage, value && Math.round(value * 1000) / 1000]),
  ) as T;
}
