/** Cohorts as people read them. @module */
import type { CohortFolder } from "../../cohort/folder.ts";
import type { SlurmArray } from "../../cohort/slurm.ts";
import { ranges } from "../../cohort/slurm.ts";
import { type CohortStatus, slicesOf } from "../../cohort/status.ts";
import type { CohortPlan } from "../../cohort/types.ts";
import { memory } from "../../number_format.ts";
import { textOf } from "../files.ts";
import { duration } from "./progress.ts";

/** The size of a plan in numbers. */
export function planTotals({ files, refused, methods, shards, device, threads }: CohortPlan) {
  const units = shards.flatMap((shard) => shard.units);
  const seconds = shards.map((shard) => shard.seconds);
  return {
    files: files.length,
    refused,
    methods,
    slices: units.reduce((sum, unit) => sum + slicesOf(unit), 0),
    shards: shards.length,
    device,
    threads,
    hours: seconds.reduce((sum, each) => sum + each, 0) / 3600,
    longestShardSeconds: Math.max(...seconds),
    memory: Math.max(...shards.map((shard) => shard.memory)),
  };
}

/** @param folder where it was written, if it was */
export function planText(plan: CohortPlan, folder: string | undefined): string {
  const { files, refused, methods, slices, shards, device, threads, ...totals } = planTotals(plan);
  const left = refused.length > 0 ? `, and ${refused.length} that cannot be read` : "";
  return textOf([
    `files    ${files}${left}`,
    `methods  ${methods.join(", ")}`,
    `slices   ${slices}, all methods together`,
    `device   ${device}, ${threads} thread${threads === 1 ? "" : "s"} for a process`,
    `shards   ${shards}, the longest about ${duration(totals.longestShardSeconds)}`,
    `time     about ${duration(3600 * totals.hours)} of one process`,
    `memory   about ${memory(totals.memory)} for a process`,
    ...folder === undefined ? [] : [
      `folder   ${folder}`,
      "",
      `Next: deno task cohort run ${folder}, or on a cluster: deno task cohort submit ${folder}`,
    ],
  ]);
}

/** Most failures and processes that are listed. */
const MOST_LISTED = 10;

export function statusText({ path, plan }: CohortFolder, status: CohortStatus): string {
  const { slices, shards, hours, memory: used, atWork, failures, lost, refused } = status;
  const place = (id: string | null) => {
    const unit = plan.shards.flatMap(({ units }) => units).find((unit) => unit.id === id);
    return unit === undefined ? "nothing yet" : `${plan.files[unit.file].name}, ` +
      `${plan.methods[unit.method]}, slices ${unit.slices.join(":")}`;
  };
  const measured = hours.predicted > 0
    ? `${(hours.measured / hours.predicted).toFixed(2)} times what was predicted`
    : "nothing measured yet";
  return textOf([
    `${path}: ${slices.done} of ${slices.all} slices done, ${slices.failed} failed, ${slices.left} left`,
    `  shards  ${shards.done} of ${shards.all} done`,
    `  time    ${duration(3600 * hours.measured)} so far, ${measured}; about ` +
    `${duration(3600 * hours.left)} of one process left`,
    `  memory  at most ${memory(used.measured)} measured, ${memory(used.predicted)} predicted`,
    ...refused > 0 ? [`  ${refused} files could not be planned`] : [],
    ...listed(
      atWork,
      ({ shard, host, pid, unit, silence, number }) =>
        `  at work: shard ${shard} (attempt ${number}) on ${host}, process ${pid}, ${
          place(unit)
        }, ` +
        `seen ${duration(silence)} ago`,
    ),
    ...listed(
      Object.entries(lost),
      ([why, count]) => `  ${count} ${count === 1 ? "process" : "processes"} ended early: ${why}`,
    ),
    ...listed(failures, ({ unit, reason }) => `  failed: ${place(unit)}: ${reason}`),
  ]);
}

function listed<T>(items: readonly T[], line: (item: T) => string): string[] {
  const more = items.length - MOST_LISTED;
  return [
    ...items.slice(0, MOST_LISTED).map(line),
    ...more > 0 ? [`  and ${more} more (--json lists all)`] : [],
  ];
}

export function submitText(
  { folder, arrays, jobs, collects }: {
    readonly folder: string;
    readonly arrays: readonly SlurmArray[];
    readonly jobs: readonly string[];
    readonly collects: string;
  },
): string {
  return textOf([
    ...arrays.map(({ shards, seconds, megabytes }, i) =>
      `job ${jobs[i]}: ${shards.length} shards (${ranges(shards)}), up to ${
        duration(seconds)
      } and ` +
      `${megabytes} MB each`
    ),
    ...arrays.length === 0 ? ["nothing is left to do"] : [],
    `job ${collects}: collects when these have ended`,
    "",
    `Meanwhile: deno task cohort status ${folder}`,
  ]);
}
