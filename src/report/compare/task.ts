/** Input and events of a comparison. @module */
import type { DeviceRequest, Runtime } from "../../graph/mod.ts";
import type { KspaceFile } from "../../io/types.ts";
import type { SupplyOptions } from "../../recon/slice_supply.ts";
import type { Progress } from "../../recon/types.ts";
import type { Comparison, ComparisonRun } from "../comparison.ts";
import type { Variant } from "./plan.ts";
import type { RunSettings } from "./run_store.ts";

export interface CompareInput {
  /** Path as it was given, or `example`. */
  readonly path: string;
  readonly name: string;
  /** SHA-256 of the file; null for the built-in example. */
  readonly sha256: string | null;
  /** Opens it; the caller disposes of it. */
  open(runtime: Runtime): Promise<KspaceFile>;
}

export interface CompareTask {
  readonly inputs: readonly CompareInput[];
  /** First slice and the one after the last; an end that is absent is the file's. */
  readonly slices?: readonly [number | undefined, number | undefined];
  /** Masks; undefined is what was acquired. */
  readonly masks: readonly (string | undefined)[];
  readonly variants: readonly Variant[];
  /** Where coil maps come from. */
  readonly supply: Pick<SupplyOptions, "maps" | "calibration" | "mapSets">;
  readonly seed: number;
  /** Whether to hold back lines and predict them. */
  readonly audit: boolean;
  /** Whether methods that were calibrated for it get error bars. */
  readonly errorBars?: boolean;
  /** Whether to tell what methods with coil maps added. */
  readonly added?: boolean;
  readonly device: DeviceRequest;
  /** Threads of the processor for one graph. Default: all cores. */
  readonly threads?: number;
  /** Whatever else the results depend on: how the inputs are opened. */
  readonly stamp: RunSettings;
  /** SHA-256 of masks and maps that are files, by their paths. */
  readonly checksums: Readonly<Record<string, string>>;
  /** Version of BART, where its methods are among the variants. */
  readonly peerVersion?: string;
  /** What to type to run it again, and with which version. */
  readonly command: string;
  readonly version: string;
}

/** Reports of the progress of a comparison. */
export interface CompareWatcher {
  readonly signal: AbortSignal;
  /** A run begins that is not there yet. */
  onProgress?(run: Pick<ComparisonRun, "mask" | "method">, progress: Progress): void;
  /** A run is finished, failed, or was there before (`kept`). */
  onRun?(run: ComparisonRun, place: { done: number; of: number; kept: boolean }): void;
}

export interface CompareResult {
  readonly comparison: Comparison;
  /** What the failed runs threw. */
  readonly failures: readonly unknown[];
}
