/** Scripts for Slurm: an array of jobs for shards of like memory, and a job that collects. @module */
import { basename } from "node:path";
import type { CohortFolder } from "./folder.ts";
import type { Shard } from "./types.ts";

/** One array of jobs. */
export interface SlurmArray {
  /** Numbers of its shards. */
  readonly shards: readonly number[];
  /** What each of its jobs may take. */
  readonly seconds: number;
  readonly megabytes: number;
}

/** How much longer a shard may take than was predicted: nodes differ, and a shard may be tried again. */
const TIME_FACTOR = 3;
/** Least time of a job: starting Deno from a shared disk, waiting for a dead process's claim. */
const LEAST_SECONDS = 900;
/** How much more memory a job is given than was predicted, and the least it is given, MB. */
const MEMORY_FACTOR = 1.75, LEAST_MEGABYTES = 1024;
/** Memory is asked for in steps of this factor; each step has an array of its own. */
const MEMORY_STEP = 2;
/** Time of the job that collects: metrics and compressing, for each slice. */
const COLLECT_SECONDS = 2;
/** Its memory: Deno, and so many bytes for each pixel of the largest volume, which it holds. */
const COLLECT_BYTES = 300e6, COLLECT_BYTES_PER_PIXEL = 120;

/** Arrays for shards: those that need about the same memory are in one. */
export function slurmArrays(shards: readonly Shard[], numbers: readonly number[]): SlurmArray[] {
  const groups = Map.groupBy(numbers, (number) => memoryStep(shards[number].memory));
  return [...groups].sort(([a], [b]) => a - b).map(([step, group]) => ({
    shards: group,
    seconds: LEAST_SECONDS +
      TIME_FACTOR * Math.max(...group.map((number) => shards[number].seconds)),
    megabytes: LEAST_MEGABYTES * MEMORY_STEP ** step,
  }));
}

/** Time and memory of the job that collects. */
function collectNeeds({ plan: { files, methods } }: CohortFolder) {
  const slices = files.map(({ slices: [first, end] }) => end - first);
  const pixels = Math.max(...files.map((file, i) => file.pixels * slices[i]));
  const bytes = COLLECT_BYTES + COLLECT_BYTES_PER_PIXEL * pixels;
  return {
    seconds: LEAST_SECONDS + COLLECT_SECONDS * methods.length * slices.reduce((a, b) => a + b),
    megabytes: LEAST_MEGABYTES * MEMORY_STEP ** memoryStep(bytes),
  };
}

const memoryStep = (bytes: number) =>
  Math.max(
    0,
    Math.ceil(Math.log(MEMORY_FACTOR * bytes / 1e6 / LEAST_MEGABYTES) / Math.log(MEMORY_STEP)),
  );

/**
 * The script of an array: the task of a number works off the shard of that number.
 * @param larmor how a command of Larmor is started on a node, as a shell takes it
 * @param tasks most tasks at the same time
 */
export function arrayScript(
  folder: CohortFolder,
  { shards, seconds, megabytes }: SlurmArray,
  { larmor, tasks }: { readonly larmor: string; readonly tasks?: number },
): string {
  const { threads } = folder.plan;
  const most = tasks === undefined ? "" : `%${tasks}`;
  return script(folder, "%x-%A-%a.log", [
    `--array=${ranges(shards)}${most}`,
    `--cpus-per-task=${threads}`,
    `--mem=${megabytes}M`,
    `--time=${clock(seconds)}`,
    "--requeue",
  ], `${larmor} cohort run ${quoted(folder.path)} --processes 1 --shards "$SLURM_ARRAY_TASK_ID"`);
}

/** The script of the job that collects when all arrays have ended, however they ended. */
export function collectScript(
  folder: CohortFolder,
  { larmor, after }: { readonly larmor: string; readonly after: readonly string[] },
): string {
  const { seconds, megabytes } = collectNeeds(folder);
  return script(folder, "%x-%A.log", [
    ...after.length > 0 ? [`--dependency=afterany:${after.join(":")}`] : [],
    "--cpus-per-task=1",
    `--mem=${megabytes}M`,
    `--time=${clock(seconds)}`,
    "--requeue",
  ], `${larmor} cohort collect ${quoted(folder.path)}`);
}

function script(
  folder: CohortFolder,
  log: string,
  lines: readonly string[],
  command: string,
): string {
  const all = [
    `--job-name=larmor-${basename(folder.path).replace(/[^\w.-]+/g, "_")}`,
    `--output=${folder.at("slurm", log).replaceAll(/[\s]/g, "\\ ")}`,
    "--open-mode=append",
    ...lines,
  ];
  const head = all.map((line) => `#SBATCH ${line}\n`).join("");
  return `#!/bin/bash\n${head}\nexec ${command}\n`;
}

/** Numbers as Slurm has them: `0-3,7`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(",");
}

/** Seconds as Slurm has them: `days-hours:minutes:seconds`. */
export function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const [hours, minutes] = [two(whole % 86400 / 3600), two(whole % 3600 / 60)];
  return `${Math.floor(whole / 86400)}-${hours}:${minutes}:${two(whole % 60)}`;
}

/** A text as a shell takes it. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
