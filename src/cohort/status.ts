/** How far a cohort is, and what the rest will take by what was measured. @module */
import { type Attempt, Claims } from "./claims.ts";
import type { CohortFolder, UnitFailure } from "./folder.ts";
import type { Unit } from "./types.ts";
import { readUnit } from "./unit.ts";

/** A process that works on a shard. */
export interface AtWork extends Pick<Attempt, "shard" | "number" | "host" | "pid" | "unit"> {
  /** Seconds since its last sign of life. */
  readonly silence: number;
}

/** How far a cohort is. */
export interface CohortStatus {
  readonly shards: { readonly all: number; readonly done: number };
  /** Slices, each method counted. */
  readonly slices: {
    readonly all: number;
    readonly done: number;
    readonly failed: number;
    readonly left: number;
  };
  /** Files that could not be planned. */
  readonly refused: number;
  readonly atWork: readonly AtWork[];
  readonly failures: readonly UnitFailure[];
  /** Processes that ended without all results, by why. */
  readonly lost: Readonly<Record<string, number>>;
  /** Hours of one process. */
  readonly hours: {
    readonly planned: number;
    /** Of what is finished: what was predicted, and what it took. */
    readonly predicted: number;
    readonly measured: number;
    /** For what is left, by what was measured; by the plan where nothing was. */
    readonly left: number;
  };
  /** Peak of resident memory of a process, bytes. */
  readonly memory: { readonly predicted: number; readonly measured: number | null };
}

/** Looks at a cohort; nothing is changed. */
export async function cohortStatus(folder: CohortFolder): Promise<CohortStatus> {
  const { plan } = folder;
  const [finished, failures] = [await folder.finished(), await folder.failures()];
  const units = plan.shards.flatMap((shard) => shard.units);
  const done = units.filter(({ id }) => finished.has(id));
  const failed = units.filter(({ id }) => failures.has(id) && !finished.has(id));
  const left = units.filter(({ id }) => !finished.has(id) && !failures.has(id));
  const claims = new Claims(folder.at("attempts"), plan.policy.stale);
  const attempts = [...(await claims.attempts()).values()];
  const reports = await Promise.all(done.map(({ id }) => readUnit(folder, id)));
  const [planned, predicted] = [sumOf(units, secondsOf), sumOf(done, secondsOf)];
  const measured = sumOf(reports, secondsOf);
  const open = new Set(left.map(({ id }) => id));
  return {
    shards: {
      all: plan.shards.length,
      done: plan.shards.filter((shard) => shard.units.every(({ id }) => !open.has(id))).length,
    },
    slices: {
      all: sumOf(units, slicesOf),
      done: sumOf(done, slicesOf),
      failed: sumOf(failed, slicesOf),
      left: sumOf(left, slicesOf),
    },
    refused: plan.refused.length,
    atWork: await atWork(claims, attempts),
    failures: failed.map(({ id }) => failures.get(id)!),
    lost: countReasons(attempts.flat()),
    hours: {
      planned: planned / 3600,
      predicted: predicted / 3600,
      measured: measured / 3600,
      left: sumOf(left, secondsOf) * (predicted > 0 ? measured / predicted : 1) / 3600,
    },
    memory: {
      predicted: Math.max(...plan.shards.map(({ memory }) => memory)),
      measured: reports.length > 0 ? Math.max(...reports.map((r) => r.peakMemory)) : null,
    },
  };
}

const secondsOf = ({ seconds }: { readonly seconds: number }) => seconds;

export const slicesOf = ({ slices: [first, end] }: Pick<Unit, "slices">): number => end - first;

const sumOf = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((sum, item) => sum + of(item), 0);

async function atWork(claims: Claims, attempts: readonly Attempt[][]): Promise<AtWork[]> {
  const found: AtWork[] = [];
  for (const all of attempts) {
    const last = all.at(-1)!;
    if (!await claims.isAlive(last)) continue;
    const { shard, number, host, pid, unit } = last;
    found.push({ shard, number, host, pid, unit, silence: await claims.silence(last) });
  }
  return found;
}

function countReasons(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason, state } of attempts) {
    if (state !== "failed") continue;
    counts[reason ?? "unknown"] = (counts[reason ?? "unknown"] ?? 0) + 1;
  }
  return counts;
}
