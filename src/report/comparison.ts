/** The content of compare.json: the inputs, the runs and their results. @module */
import type { Device } from "../graph/mod.ts";
import type { RegionMetrics } from "../mri/metrics/metrics.ts";
import type { ModelReference } from "../nn/mod.ts";
import type { Software } from "../provenance.ts";
import type { AddedReport } from "../recon/added/report.ts";
import type { Audit } from "../recon/audit/audit.ts";
import type { ReportInput } from "../recon/report.ts";

/** Name and version of the layout of compare.json. */
export const COMPARISON_SCHEMA = "larmor.compare/1";

/** Metrics of a region, with a perceptual one beside those of a single reconstruction. */
export interface ComparedMetrics extends RegionMetrics {
  /** HaarPSI (Reisenhofer et al. 2018), at most 1. */
  readonly haarpsi: number;
}

/** One method on one input under one mask. */
export interface ComparisonRun {
  /** Unique within the comparison; names a folder. */
  readonly key: string;
  readonly input: number;
  readonly mask: string;
  /** All lines (or points) divided by those kept. */
  readonly acceleration: number;
  /** The method's name; `bart:l2`, `bart:wavelet` or `bart:tv` for one of BART. */
  readonly method: string;
  readonly model: ModelReference | null;
  readonly seed: number;
  /** Iterations or steps for a slice. */
  readonly steps: number;
  /** Posterior samples for a slice; 1 for methods that draw none. */
  readonly samples: number;
  /** Network evaluations for a slice, all samples counted. */
  readonly nfe: number;
  /** Wall-clock seconds for a slice, without compiling. */
  readonly seconds: number;
  /** Largest resident memory of the process while the method ran, bytes; null where unknown. */
  readonly peakMemory: number | null;
  /** Over the volume; null when the run failed. */
  readonly whole: ComparedMetrics | null;
  readonly head: ComparedMetrics | null;
  /**
   * Metrics over the head, slice by slice (data range of the volume); empty when the run failed.
   */
  readonly perSlice: readonly ComparedMetrics[];
  readonly audit: Audit | null;
  /** Settings of the method that were in force, of methods that have any. */
  readonly settings?: Readonly<Record<string, number>>;
  /** How an image that was made elsewhere was aligned and scaled. */
  readonly note?: string;
  /** Why there is no image; null when there is one. */
  readonly error: string | null;
  /** What the method added to the data, where it was asked for. */
  readonly added?: AddedReport;
  /**
   * Paths relative to the output folder: magnitude `[S, H, W]`, standard deviation of samples, half-width of
   * the error bars, the part that the data do not determine and the structures that they alone do not show.
   */
  readonly files: {
    readonly recon?: string;
    readonly std?: string;
    readonly error90?: string;
    readonly added?: string;
    readonly flagged?: string;
  };
}

/** The difference of two methods: over files, or over slices where there is one file. */
export interface PairedDifference {
  readonly mask: string;
  /** Method, and steps where these are swept. */
  readonly a: string;
  readonly b: string;
  readonly metric: "psnr" | "ssim" | "nmse" | "haarpsi";
  readonly over: "files" | "slices";
  readonly count: number;
  /** Mean of a - b over the head, and its standard deviation. */
  readonly mean: number;
  readonly std: number;
  /** 95 % bootstrap interval of the mean difference. */
  readonly interval: readonly [low: number, high: number];
}

/** The content of compare.json. */
export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  /** The command line. */
  readonly command: string;
  readonly version: string;
  /** The code that ran, and on what. */
  readonly software: Software;
  /** Threads of the processor for one graph. */
  readonly threads: number;
  readonly device: Device;
  readonly convention: string;
  readonly inputs: readonly (ReportInput & {
    /** First slice and the one after the last. */
    readonly slices: readonly [number, number];
    /**
     * Path relative to the output folder: RSS of the full data `[S, H, W]`; null when undersampled.
     */
    readonly reference: string | null;
  })[];
  readonly runs: readonly ComparisonRun[];
  readonly differences: readonly PairedDifference[];
}
