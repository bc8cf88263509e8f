/** `deno task cohort run`: works off a cohort with processes of this machine. @module */
import { CohortFolder } from "../../../cohort/folder.ts";
import { runCohort } from "../../../cohort/run.ts";
import { cohortStatus, slicesOf } from "../../../cohort/status.ts";
import type { WorkerEvent } from "../../../cohort/worker.ts";
import { InputError, UsageError } from "../../../errors.ts";
import { cores } from "../../../host.ts";
import { COMMANDS } from "../../commands.ts";
import { ENTRY, runFlags } from "../../deno_flags.ts";
import type { CommandContext } from "../../entry.ts";
import { jsonLine } from "../../files.ts";
import { command } from "../../options/help.ts";
import { COMMON } from "../../options/shared.ts";
import { option } from "../../options/table.ts";
import { count } from "../../options/values.ts";
import { ProgressLine } from "../../render/progress.ts";
import { oneFolder, shardNumbers, shardsAsked } from "./folder.ts";

export const run = command({
  usage: "deno task cohort run [DIR] [options]",
  about:
    "Reconstructs what a cohort lacks. Several runs, on several machines too, share the work by " +
    "shards; a shard whose process is dead is taken over. Ends when each slice of its shards is there or " +
    "has failed for good. DIR is what init wrote. Default: cohort",
  options: {
    processes: option(
      "N",
      "processes at the same time. Default: all cores, divided by the threads of a process",
      count,
    ),
    retry: {
      summary:
        "try slices again that failed: after more memory, a longer time or a file that is there " +
        "again. No other run may be at work",
    },
    shards: option("LIST", "work off these shards alone: 0-3,7. Default: all", shardNumbers),
    ...COMMON,
  },
  examples: [
    "deno task cohort run cohort --processes 4",
    "for node in a b c; do ssh $node 'cd /shared && larmor cohort run study' & done; wait",
  ],
}, async (request, context) => {
  const folder = await CohortFolder.open(oneFolder(request.inputs, "run"));
  const { shards, threads } = folder.plan;
  const asked = shardsAsked(request.shards, shards.length);
  const task = {
    processes: request.processes ?? Math.max(1, Math.floor(cores() / threads)),
    shards: asked,
    command: [
      ...[Deno.execPath(), ...runFlags(), ...COMMANDS.recon.permissions],
      ...[ENTRY, "cohort", "work", folder.path],
    ],
    signal: context.signal,
  };
  if (request.retry) {
    const { atWork } = await cohortStatus(folder);
    if (atWork.length > 0) {
      const [{ host, pid }] = atWork;
      throw new UsageError(
        `Cannot try again with --retry: no other run may be at work, found process ${pid} on ${host}`,
      );
    }
    await folder.forget(asked);
  }
  using watch = new Watch(folder, context, request);
  await watch.start(asked);
  await runCohort(folder, {
    ...task,
    onEvent: (event) => watch.tell(event),
    onWait: (left) => watch.wait(left),
  });
  const units = asked.flatMap((number) => shards[number].units);
  const failures = await folder.failures();
  const failed = units.filter(({ id }) => failures.has(id)).length;
  context.console.out(
    request.json
      ? jsonLine({ folder: folder.path, parts: units.length, failed })
      : `${folder.path}: ${units.length - failed} of ${units.length} parts are done` +
        `${failed > 0 ? `, ${failed} failed; collect and status say why` : ""}\n`,
  );
  return failed > 0 ? new InputError("").exitCode : 0;
});

/** Progress on the console. */
class Watch implements Disposable {
  readonly #line: ProgressLine;
  #done = 0;
  #all = 0;
  #waits = false;

  constructor(
    private readonly folder: CohortFolder,
    private readonly context: CommandContext,
    private readonly options: { readonly quiet: boolean },
  ) {
    this.#line = new ProgressLine(context.console, "cohort", options);
  }

  /** Counts what is there already. */
  async start(shards: readonly number[]): Promise<void> {
    const settled = await this.folder.settled();
    const units = shards.flatMap((number) => this.folder.plan.shards[number].units);
    const slices = (list: typeof units) => list.reduce((sum, unit) => sum + slicesOf(unit), 0);
    this.#all = slices(units);
    this.#done = slices(units.filter(({ id }) => settled.has(id)));
  }

  tell(event: WorkerEvent): void {
    this.#waits = false;
    if (event.kind === "begun") return;
    const { files, methods, shards } = this.folder.plan;
    const unit = shards.flatMap(({ units }) => units).find(({ id }) => id === event.unit);
    if (event.kind !== "finished" && !this.options.quiet) {
      const name = unit && `${files[unit.file].name}, ${methods[unit.method]}, slices ` +
          `${unit.slices.join(":")}: `;
      this.context.console.err(`${name ?? ""}${event.reason}\n`);
    }
    if (event.kind === "broken" || unit === undefined) return;
    this.#done += slicesOf(unit);
    const [slice, slices] = [this.#done - 1, this.#all];
    this.#line.update({ stage: "reconstruct", slice, slices, fraction: this.#done / slices });
  }

  wait(left: number): void {
    if (this.#waits || this.options.quiet) return;
    this.#waits = true;
    this.context.console.err(`cohort: other processes have the last ${left} shards; waiting\n`);
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}
