/** One attempt at a shard: a worker of its own, with a time limit for each unit. @module */
import type { Attempt, Claim } from "./claims.ts";
import type { CohortFolder } from "./folder.ts";
import type { Shard, Unit } from "./types.ts";
import type { WorkerEvent, WorkerOrder } from "./worker.ts";

/** How a worker is started, and who wants to know what it tells. */
export interface Supervision {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  onEvent?(event: WorkerEvent, shard: number): void;
}

/** Least time limit of a unit, s, and how much longer than predicted it may take. */
const LEAST_LIMIT = 300, PATIENCE = 10;
/** Signs of life in the time after which a process is taken for dead. */
const BEATS = 6;
/** Time that a worker has to end by itself, ms. */
const GRACE = 5000;

/** How often each unit of a shard ended a process without a result. */
export function triesOf(attempts: readonly Attempt[]): Record<string, number> {
  const tries: Record<string, number> = {};
  for (const { unit, state } of attempts) {
    // `running` is one whose process is dead: the next attempt had to take the claim from it.
    if (unit === null || state === "interrupted" || state === "done") continue;
    tries[unit] = (tries[unit] ?? 0) + 1;
  }
  return tries;
}

/** Longest time of a unit, s. */
export const timeLimit = ({ seconds }: Unit, asked: number | null): number =>
  asked ?? Math.max(LEAST_LIMIT, PATIENCE * seconds);

/**
 * Works off what a shard lacks. Units that ended processes before come last; those that did so too often
 * are noted as failed.
 */
export async function attemptShard(
  folder: CohortFolder,
  shard: Shard,
  claim: Claim,
  before: readonly Attempt[],
  supervision: Supervision,
): Promise<void> {
  const { tries: most } = folder.plan.policy;
  const tries = triesOf(before);
  const left = await folder.unsettled(shard);
  const isTried = ({ id }: Unit) => (tries[id] ?? 0) >= most;
  for (const { id } of left.filter(isTried)) {
    const last = before.findLast(({ unit }) => unit === id)!;
    const why = last.reason ?? `the process ${last.pid} on ${last.host} gave no sign of life`;
    const reason = `No result after ${tries[id]} tries: ${why}`;
    await folder.writeFailure({ unit: id, reason, attempts: tries[id], host: last.host });
    supervision.onEvent?.({ kind: "refused", unit: id, reason }, claim.attempt.shard);
  }
  const units = left.filter((unit) => !isTried(unit))
    .sort((a, b) => (tries[a.id] ?? 0) - (tries[b.id] ?? 0));
  if (units.length === 0) return await claim.end("done");
  const end = await runWorker(folder, { units, tries }, claim, supervision);
  await claim.end(...end);
}

/** How an attempt ended. */
type End = Parameters<Claim["end"]>;

/** Runs a worker to its end, and ends it where it has no time left, or no claim. */
async function runWorker(
  folder: CohortFolder,
  order: WorkerOrder,
  claim: Claim,
  { command: [program, ...args], signal, onEvent }: Supervision,
): Promise<End> {
  const { policy } = folder.plan;
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
  let why: End | undefined, last: WorkerEvent | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  const stop = (end: End) => {
    why ??= end;
    terminate(child);
  };
  const beat = (change?: { unit: string }) =>
    claim.beat(change).then(
      (kept) => kept || stop(["failed", "another process took the shard over"]),
      (error) => stop(["failed", error.message]),
    );
  const onAbort = () => stop(["interrupted"]);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  const timer = setInterval(beat, 1000 * policy.stale / BEATS);
  // It stays open: its end tells a worker that its parent is gone.
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`)).catch(() => {});
  for await (const event of eventsOf(child.stdout)) {
    last = event;
    if (event.kind === "begun") {
      void beat({ unit: event.unit });
      const seconds = timeLimit(order.units.find(({ id }) => id === event.unit)!, policy.timeout);
      const reason = `stopped after ${Math.round(seconds)} s, the longest time allowed`;
      clearTimeout(limit);
      limit = setTimeout(() => stop(["failed", reason]), 1000 * seconds);
    }
    onEvent?.(event, claim.attempt.shard);
  }
  const { code, signal: killed } = await child.status;
  clearTimeout(limit);
  clearInterval(timer);
  signal.removeEventListener("abort", onAbort);
  await input.close().catch(() => {});
  if (why !== undefined) return why;
  if (code === 0) return ["done"];
  if (last?.kind === "broken") return ["failed", last.reason];
  return ["failed", killed === null ? `the process ended with ${code}` : killedBy(killed)];
}

const killedBy = (signal: string) =>
  `killed by ${signal}${signal === "SIGKILL" ? ", perhaps for lack of memory" : ""}`;

/** What a worker tells; lines of others are left out. */
async function* eventsOf(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<WorkerEvent> {
  let rest = "";
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      try {
        yield JSON.parse(line);
      } catch {
        // A library wrote to stdout.
      }
    }
  }
}

/** Asks a process to end, and ends it where it does not. */
function terminate(child: Deno.ChildProcess): void {
  const send = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended.
    }
  };
  send("SIGTERM");
  const timer = setTimeout(() => send("SIGKILL"), GRACE);
  void child.status.then(() => clearTimeout(timer));
}
