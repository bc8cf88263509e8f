/** One unit: some slices of a file, reconstructed and written as a whole. @module */
import { readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { createFolderWhole, type OutputGuard } from "../io/atomic.ts";
import { readNpy, writeNpy } from "../io/numpy/npy.ts";
import type { Axis, Geometry } from "../io/types.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import { isFile } from "../host.ts";
import { type Software, software } from "../provenance.ts";
import type { Audit } from "../recon/audit/audit.ts";
import { reconstructAny } from "../recon/reconstruct.ts";
import type { Reconstruction } from "../recon/types.ts";
import type { Warning } from "../warning.ts";
import { type CohortFolder, jsonBytes } from "./folder.ts";
import { type CohortMethods, fileState } from "./plan.ts";
import type { Unit } from "./types.ts";

/** What is known of a finished unit beside its arrays. */
export interface UnitReport extends Pick<Unit, "id" | "file" | "method" | "slices"> {
  readonly usedMethod: string;
  readonly steps: number;
  readonly nfe: number;
  readonly samples: number;
  readonly model: string | null;
  readonly acceleration: number;
  /** Wall-clock seconds from opening the file to the last byte. */
  readonly seconds: number;
  /** Seconds of the processor in that time, all threads together. */
  readonly cpuSeconds: number;
  /** Highest resident memory of the process so far, bytes. */
  readonly peakMemory: number;
  readonly emptySlices: readonly number[];
  readonly warnings: readonly Warning[];
  readonly audit: Audit | null;
  readonly geometry: Geometry | null;
  readonly frames: readonly Axis[];
  readonly host: string;
  readonly software: Software;
}

/** Arrays of a unit: magnitude `[S, H, W]`, standard deviation of samples, RSS of full data. */
const ARRAYS = ["magnitude", "std", "reference"] as const;
export type UnitArray = typeof ARRAYS[number];

const REPORT = "unit.json";

/** Unit of `maxRSS`. */
const KIBI = 1024;

/** An instant: wall-clock milliseconds, and seconds that this process had of the processor. */
export interface Instant {
  readonly clock: number;
  readonly cpu: number;
}

export function now(): Instant {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now(), cpu: (user + system) / 1e6 };
}

/**
 * Reconstructs a unit. Slices do not depend on what is reconstructed beside them, so however a cohort
 * is cut, its numbers are the same.
 * @throws {LarmorError} when the data do not allow it
 */
export async function reconstructUnit(
  runtime: Runtime,
  { plan }: CohortFolder,
  unit: Unit,
  methods: CohortMethods,
  signal: AbortSignal,
): Promise<Reconstruction> {
  const file = plan.files[unit.file];
  const state = await fileState(file.path).catch((cause) => {
    throw new InputError(`Cannot read ${file.path}: no such file`, { cause });
  });
  if (state.size !== file.size || state.mtimeMs !== file.changed) {
    throw new InputError(
      `Cannot reconstruct ${file.path}: the file that was planned is required, found one that has ` +
        "changed since",
      { hint: "Plan the cohort again with deno task cohort init" },
    );
  }
  using opened = await methods.open(runtime, file);
  const options = methods.options(file, unit.method);
  return await reconstructAny(opened.file, {
    ...options,
    slices: unit.slices,
    device: runtime,
    keepMaps: false,
    signal,
  });
}

/**
 * Writes the result of a unit; its folder appears when it is complete.
 * @throws {InputError} when it cannot be written
 */
export async function writeUnit(
  folder: CohortFolder,
  { id, file, method, slices }: Unit,
  result: Reconstruction,
  { began, guard }: { readonly began: Instant; readonly guard: OutputGuard },
): Promise<UnitReport> {
  const { emptySlices, warnings } = result;
  const described = {
    ...{ id, file, method, slices, emptySlices, warnings },
    usedMethod: result.method,
    steps: result.steps,
    nfe: result.nfe,
    samples: result.drawn,
    model: result.model?.name ?? null,
    acceleration: result.mask.acceleration,
    audit: result.audit ?? null,
    geometry: result.geometry ?? null,
    frames: result.frames ?? [],
    host: hostname(),
    software: await software(),
  };
  return await createFolderWhole(folder.at("units", id), async (partial) => {
    for (const name of ARRAYS) {
      const array = result[name];
      if (array !== undefined) await writeNpy(join(partial, `${name}.npy`), array);
    }
    const report: UnitReport = {
      ...described,
      seconds: (performance.now() - began.clock) / 1000,
      cpuSeconds: now().cpu - began.cpu,
      peakMemory: process.resourceUsage().maxRSS * KIBI,
    };
    await writeFile(join(partial, REPORT), jsonBytes(report)).catch((cause) => {
      throw new InputError(`Cannot write ${folder.at("units", id)}: ${cause.message}`, { cause });
    });
    return report;
  }, { guard });
}

/** What is known of a finished unit. */
export async function readUnit(folder: CohortFolder, id: string): Promise<UnitReport> {
  return JSON.parse(await readFile(folder.at("units", id, REPORT), "utf8"));
}

/** An array of a finished unit; undefined where it has none. */
export function readUnitArray(
  folder: CohortFolder,
  id: string,
  name: UnitArray,
): NdArray | undefined {
  const path = folder.at("units", id, `${name}.npy`);
  if (!isFile(path)) return undefined;
  const { data, shape } = readNpy(path);
  return ndarray(data, shape);
}
