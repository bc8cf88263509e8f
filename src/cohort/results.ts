/** What `collect` tells of a cohort: a row for each file and method. @module */
import type { Verdict } from "../recon/audit/audit.ts";
import type { ComparedMetrics, PairedDifference } from "../report/comparison.ts";
import type { CohortPlan } from "./types.ts";

/** Name and version of the layout of table.json. */
export const RESULTS_SCHEMA = "larmor.cohort-results/1";

/** How a file stands with a method. */
export type RowState =
  /** All slices are there. */
  | "done"
  /** Some slices failed; they are zero in the image. */
  | "incomplete"
  /** No slice is there, and none will come. */
  | "failed"
  /** Some slices are still to be reconstructed. */
  | "unfinished"
  /** The file could not be planned. */
  | "refused";

/** A file and a method. */
export interface CohortRow {
  /** Index of the file in the plan; null for one that was refused. */
  readonly file: number | null;
  readonly name: string;
  readonly path: string;
  /** Other columns of the manifest. */
  readonly columns: Readonly<Record<string, string>>;
  /** Null for a file that was refused. */
  readonly method: string | null;
  readonly state: RowState;
  /** Slices in all, and those that are there. */
  readonly slices: number;
  readonly done: number;
  /** Why slices are not there, with their numbers; null where all are. */
  readonly reason: string | null;
  readonly model: string | null;
  readonly steps: number | null;
  /** Network evaluations for a slice. */
  readonly nfe: number | null;
  /** Posterior samples drawn for a slice. */
  readonly samples: number | null;
  readonly acceleration: number | null;
  /** Seconds of one process: those of its parts together. */
  readonly seconds: number;
  /** Seconds of the processor, all threads together. */
  readonly cpuSeconds: number;
  /** Highest resident memory of a process that made a part of it, bytes. */
  readonly peakMemory: number | null;
  /** Agreement with the fully sampled data; null without, and where slices are missing. */
  readonly whole: ComparedMetrics | null;
  readonly head: ComparedMetrics | null;
  /** Metrics over the head, slice by slice (data range of the volume). */
  readonly perSlice: readonly ComparedMetrics[];
  /** Squared residual over the noise variance, mean of the slices; null without coil maps. */
  readonly chiSquare: number | null;
  /** The worst verdict of its parts. */
  readonly verdict: Verdict | null;
  readonly warnings: readonly string[];
  /** Paths of the images, from the folder of the results. */
  readonly image: string | null;
  readonly std: string | null;
}

/** The content of table.json. */
export interface CohortResults extends Pick<CohortPlan, "software" | "command" | "device"> {
  readonly schema: typeof RESULTS_SCHEMA;
  /** The folder of the cohort. */
  readonly cohort: string;
  readonly threads: number;
  readonly convention: string;
  /** Code that worked on it beside that of the plan: results may differ. */
  readonly otherCommits: readonly string[];
  readonly rows: readonly CohortRow[];
  /** Differences of every two methods, over files, or over slices where there is one file. */
  readonly differences: readonly PairedDifference[];
}
