/** The plan of a cohort: which slices of which files are reconstructed how, in which shards. @module */
import type { Device } from "../graph/mod.ts";
import type { Software } from "../provenance.ts";

/** Name and version of the layout of cohort.json. */
export const COHORT_SCHEMA = "larmor.cohort/1";

/** Options as text, as on a command line. */
export type OptionTexts = Readonly<Record<string, string | boolean>>;

/** A file of the cohort. */
export interface CohortFile {
  /** Unique in the cohort; names its results. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** Bytes and time of its last change (milliseconds since 1970) when the plan was made. */
  readonly size: number;
  readonly changed: number;
  /** First slice and the one after the last. */
  readonly slices: readonly [number, number];
  /** Pixels of the image of a slice. */
  readonly pixels: number;
  /** Number of its kind: files of one kind have k-space of the same sizes and the same options. */
  readonly kind: number;
  /** Options of this file alone. */
  readonly options: OptionTexts;
  /** Other columns of the manifest, for the table of results. */
  readonly columns: Readonly<Record<string, string>>;
}

/** A file that could not be planned. */
export interface RefusedFile extends Pick<CohortFile, "name" | "path" | "columns"> {
  /** Why. */
  readonly reason: string;
}

/** Slices of one file by one method: what is reconstructed at once, and is there as a whole or not. */
export interface Unit {
  /** Unique in the cohort; names its folder. */
  readonly id: string;
  /** Index of the file. */
  readonly file: number;
  /** Index of the method. */
  readonly method: number;
  /** First slice and the one after the last. */
  readonly slices: readonly [number, number];
  /** Predicted time, s. */
  readonly seconds: number;
  /** Predicted peak of resident memory, bytes. */
  readonly memory: number;
}

/** Units that one process works off, one after the other. */
export interface Shard {
  readonly units: readonly Unit[];
  /** Predicted time, s. */
  readonly seconds: number;
  /** Predicted peak of resident memory, bytes. */
  readonly memory: number;
}

/** How often and how long a unit may be tried. */
export interface Policy {
  /** How often a unit may end a process without a result before it counts as failed. */
  readonly tries: number;
  /** Longest time of a unit, s; null: ten times what was predicted, at least five minutes. */
  readonly timeout: number | null;
  /** A process that gave no sign of life for so many seconds is taken for dead. */
  readonly stale: number;
}

/** The content of cohort.json, which all processes read and none changes. */
export interface CohortPlan {
  readonly schema: typeof COHORT_SCHEMA;
  /** The code that made the plan; other versions do not work on it. */
  readonly software: Software;
  /** Command and its arguments as they were typed. */
  readonly command: readonly string[];
  /** Folder that relative paths of options are meant from. */
  readonly folder: string;
  /** Options of all files. */
  readonly options: OptionTexts;
  /** Names of the methods, with their own settings. */
  readonly methods: readonly string[];
  readonly device: Device;
  /** Threads of the processor for one process. */
  readonly threads: number;
  readonly policy: Policy;
  readonly files: readonly CohortFile[];
  readonly refused: readonly RefusedFile[];
  readonly shards: readonly Shard[];
}
