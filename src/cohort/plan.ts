/** From files and methods to a plan: each kind of file is measured once. @module */
import { stat } from "node:fs/promises";
import { DeviceError, InputError, LarmorError } from "../errors.ts";
import { type DeviceRequest, Runtime } from "../graph/mod.ts";
import { frameCount } from "../io/axes.ts";
import type { KspaceFile } from "../io/types.ts";
import { sizeOf } from "../ndarray.ts";
import { type Plan, planReconstruction } from "../recon/plan.ts";
import type { ReconstructOptions } from "../recon/types.ts";
import { sliceRange } from "../recon/volume.ts";
import { type ShardLength, shardsOf, type Work } from "./shards.ts";
import type { CohortFile, CohortPlan, RefusedFile } from "./types.ts";

/** A file that was named, by a manifest or on the command line. */
export type NamedFile = Pick<CohortFile, "name" | "path" | "options" | "columns">;

/** How files are opened and reconstructed, which the options say. */
export interface Opened extends Disposable {
  readonly file: KspaceFile;
  /** First slice and the one after the last; default: all. */
  readonly slices?: readonly [number, number];
}

/** What the options mean: how files are opened, and what each method is given for them. */
export interface CohortMethods {
  /** Names of the methods, with their own settings. */
  readonly names: readonly string[];
  readonly device: DeviceRequest;
  /** Threads of the processor for one process. */
  readonly threads: number;
  open(runtime: Runtime, file: Pick<CohortFile, "path" | "options">): Promise<Opened>;
  options(file: Pick<CohortFile, "options">, method: number): ReconstructOptions;
}

/** Progress of planning. */
export interface PlanWatcher {
  readonly signal: AbortSignal;
  onFile?(done: number, of: number, path: string): void;
}

/** A file as it was found. */
interface Found extends Omit<CohortFile, "pixels" | "kind"> {
  /** What its time and memory depend on. */
  readonly kind: string;
  readonly divisible: boolean;
  readonly openSeconds: number;
}

/**
 * Opens all files, measures each method on one file of each kind, and cuts the whole into shards. Files
 * that cannot be opened or measured are refused, with the reason.
 * @param length predicted length of a shard
 * @throws {InputError} when no file is left
 */
export async function planCohort(
  named: readonly NamedFile[],
  methods: CohortMethods,
  { length, signal, onFile }: PlanWatcher & { readonly length: ShardLength },
): Promise<Pick<CohortPlan, "files" | "refused" | "shards">> {
  const files: CohortFile[] = [], refused: RefusedFile[] = [], work: Work[] = [];
  const measured = new Map<string, Measured>(), kinds: string[] = [];
  await using runtime = await Runtime.open(methods.device, methods);
  for (const [done, each] of named.entries()) {
    signal.throwIfAborted();
    onFile?.(done, named.length, each.path);
    try {
      const { kind, divisible, openSeconds, ...file } = await foundFile(runtime, each, methods);
      const costs = await costsOf(file, kind, methods, measured);
      costs.forEach((cost, method) =>
        work.push({
          ...{ file: files.length, method, slices: file.slices, divisible },
          overhead: openSeconds + cost.compile,
          perSlice: cost.perSlice,
          memory: (slices) => cost.memory + (slices - 1) * cost.memoryPerSlice,
        })
      );
      if (!kinds.includes(kind)) kinds.push(kind);
      files.push({ ...file, pixels: costs[0].pixels, kind: kinds.indexOf(kind) });
    } catch (error) {
      if (!(error instanceof LarmorError) || error instanceof DeviceError) throw error;
      const { name, path, columns } = each;
      refused.push({ name, path, columns, reason: reasonOf(error) });
    }
  }
  if (files.length > 0) return { files, refused, shards: shardsOf(work, length) };
  const [first] = refused;
  throw new InputError(
    `Cannot plan the cohort: a file that can be reconstructed is required, found none of ` +
      `${named.length}; the first: ${first.reason}`,
  );
}

/** The message of an error with its hint, as a table has it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof LarmorError ? error.hint : undefined;
  return hint === undefined ? error.message : `${error.message} (${hint})`;
}

async function foundFile(
  runtime: Runtime,
  named: NamedFile,
  methods: CohortMethods,
): Promise<Found> {
  const start = performance.now();
  using opened = await methods.open(runtime, named);
  const { file } = opened;
  const openSeconds = (performance.now() - start) / 1000;
  const { size, mtimeMs } = await fileState(named.path);
  const { coils, height, width, transposed, imageSize, outputSize, slicesAlong } = file;
  const shape = [coils, height, width, transposed, imageSize, outputSize, slicesAlong];
  const slices = sliceRange(file, opened.slices);
  const divisible = slicesAlong === undefined && frameCount(file.frames) === 1;
  const count = divisible ? 1 : slices[1] - slices[0];
  const { slices: _own, ...options } = named.options;
  return {
    ...named,
    ...{ size, changed: mtimeMs, slices, divisible, openSeconds },
    kind: JSON.stringify([file.format, shape, file.partial, count, options]),
  };
}

/** Size and last change of a file; of a BART pair those of its data. */
export async function fileState(path: string): Promise<{ size: number; mtimeMs: number }> {
  const data = path.replace(/(\.hdr|\.cfl)?$/, ".cfl");
  return await stat(path.endsWith(".hdr") ? data : path).catch(() => stat(data));
}

/** What a method takes for a slice of a kind of file. */
interface Measured {
  readonly compile: number;
  readonly perSlice: number;
  readonly memory: number;
  readonly memoryPerSlice: number;
  readonly pixels: number;
}

/** What each method takes; a kind of file is measured on the first file that can be. */
async function costsOf(
  file: Pick<Found, "path" | "options" | "slices">,
  kind: string,
  methods: CohortMethods,
  measured: Map<string, Measured>,
): Promise<Measured[]> {
  const costs: Measured[] = [];
  for (const method of methods.names.keys()) {
    const key = `${method} ${kind}`;
    const cost = measured.get(key) ?? await measureCost(file, methods, method);
    measured.set(key, cost);
    costs.push(cost);
  }
  return costs;
}

/** Measures in a runtime of its own: what was compiled for other methods would be missing. */
async function measureCost(
  file: Pick<Found, "path" | "options" | "slices">,
  methods: CohortMethods,
  method: number,
): Promise<Measured> {
  await using runtime = await Runtime.open(methods.device, methods);
  using opened = await methods.open(runtime, file);
  const { slices: [first, end] } = file;
  const plan = await planReconstruction(opened.file, {
    ...methods.options(file, method),
    slices: [first, end],
    device: runtime,
  });
  return {
    compile: plan.compileSeconds,
    perSlice: (requireSeconds(plan, file.path) - plan.compileSeconds) / (end - first),
    memory: plan.memory - (end - first - 1) * plan.memoryPerSlice,
    memoryPerSlice: plan.memoryPerSlice,
    pixels: sizeOf(plan.image) / (end - first),
  };
}

function requireSeconds({ seconds }: Plan, path: string): number {
  if (seconds !== null) return seconds;
  throw new InputError(
    `Cannot measure ${path}: a slice that can be reconstructed is required, found none at its start`,
  );
}
