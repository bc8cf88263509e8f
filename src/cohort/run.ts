/** Working off a cohort with several processes of this machine; others may do the same elsewhere. @module */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.ts";
import { type Attempt, Claims } from "./claims.ts";
import type { CohortFolder } from "./folder.ts";
import { attemptShard, type Supervision } from "./supervise.ts";

/** What is to be run here. */
export interface RunTask extends Supervision {
  /** Processes at the same time. */
  readonly processes: number;
  /** Numbers of the shards. */
  readonly shards: readonly number[];
  /** Called while so many shards are left that are in the hands of other runs. */
  onWait?(shards: number): void;
}

/** Seconds between two looks at what other processes do, in the time after which one is taken for dead. */
const LOOKS = 20;

/** Attempts at a shard that got no unit begun, after which a run gives up. */
const MOST_STARTS = 3;

/** Shards that are not finished, and those of them that this run has in hand. */
interface Shards {
  readonly open: Set<number>;
  readonly busy: Set<number>;
}

/**
 * Works until each unit of the shards is finished or has failed for good. Shards that other processes
 * have are waited for, and taken over when these are dead.
 * @throws {InputError} when the folder cannot be written, or no worker can be started
 */
export async function runCohort(folder: CohortFolder, task: RunTask): Promise<void> {
  const claims = new Claims(folder.at("attempts"), folder.plan.policy.stale);
  const shards = { open: new Set(task.shards), busy: new Set<number>() };
  const failed = new AbortController();
  const own = { ...task, signal: AbortSignal.any([task.signal, failed.signal]) };
  const slots = Array.from({ length: task.processes }, async () => {
    try {
      await workSlot(folder, claims, shards, own);
    } catch (error) {
      failed.abort(error); // the other slots would find the same
      throw error;
    }
  });
  await Promise.allSettled(slots);
  own.signal.throwIfAborted();
}

async function workSlot(
  folder: CohortFolder,
  claims: Claims,
  shards: Shards,
  task: RunTask,
): Promise<void> {
  const { open, busy } = shards;
  const pause = 1000 * Math.max(0.1, folder.plan.policy.stale / LOOKS);
  while (open.size > 0) {
    task.signal.throwIfAborted();
    const done = await anyShard(folder, claims, shards, task);
    if (done || open.size === 0) continue;
    if (open.size > busy.size) task.onWait?.(open.size - busy.size);
    await sleep(pause, undefined, { signal: task.signal }).catch(() => {}); // thrown above
  }
}

/** Works off the first open shard that can be had; false when there is none. */
async function anyShard(
  folder: CohortFolder,
  claims: Claims,
  { open, busy }: Shards,
  task: RunTask,
): Promise<boolean> {
  const settled = await folder.settled();
  for (const number of [...open]) {
    const shard = folder.plan.shards[number];
    if (shard.units.every(({ id }) => settled.has(id))) {
      open.delete(number);
      continue;
    }
    const claim = await claims.take(number);
    if (claim === undefined) continue;
    const all = (await claims.attempts()).get(number) ?? [];
    const before = all.filter((attempt) => attempt.number < claim.attempt.number);
    requireStarts(before);
    busy.add(number);
    try {
      await attemptShard(folder, shard, claim, before, task);
    } finally {
      busy.delete(number);
    }
    return true;
  }
  return false;
}

/** @throws {InputError} when worker after worker ended before it began with anything */
function requireStarts(attempts: readonly Attempt[]): void {
  const last = attempts.slice(-MOST_STARTS);
  if (last.length < MOST_STARTS) return;
  if (last.some(({ unit, state }) => unit !== null || state !== "failed")) return;
  throw new InputError(`Cannot start a process that reconstructs: ${last.at(-1)!.reason}`);
}
