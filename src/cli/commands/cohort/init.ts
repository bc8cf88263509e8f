/** `deno task cohort init`: the plan of a cohort. @module */
import process from "node:process";
import { CohortFolder } from "../../../cohort/folder.ts";
import { namedFiles } from "../../../cohort/manifest.ts";
import { planCohort } from "../../../cohort/plan.ts";
import { COHORT_SCHEMA, type CohortPlan, type OptionTexts } from "../../../cohort/types.ts";
import { UsageError } from "../../../errors.ts";
import { Runtime } from "../../../graph/mod.ts";
import { software } from "../../../provenance.ts";
import type { CommandContext } from "../../entry.ts";
import { inFreshFolder, jsonLine } from "../../files.ts";
import {
  cohortMethods,
  DEFAULT_FOLDER,
  FILE_OPTION_NAMES,
  INIT_OPTIONS,
  type InitRequest,
} from "../../options/cohort.ts";
import { command, type CommandLine } from "../../options/help.ts";
import { planText, planTotals } from "../../render/cohort_text.ts";
import { ProgressLine } from "../../render/progress.ts";

/** Options of `init` that say nothing of what is computed. */
const NOT_COMPUTED = [
  ...["output", "shard-minutes", "shards", "tries", "timeout", "stale", "dry-run"],
  ...["config", "json", "quiet", "verbose", "version", "help"],
];

export const init = command({
  usage: "deno task cohort init MANIFEST.csv|PATTERN|FILE ... [options]",
  about:
    "Plans a cohort: opens every file, measures each method for a second on a file of each kind, " +
    "and cuts the slices into shards of equal time and like memory. A manifest has a column 'input' " +
    "with paths (from its own folder), perhaps 'name', and columns named like the options mask, maps, " +
    "map-sets, calibration, compress, whiten and those of the input, each for its file; other columns " +
    "come back in the table. Quote a pattern, so that the shell leaves it alone.",
  options: INIT_OPTIONS,
  examples: [
    "deno task cohort init 'scans/*.h5' --method sense,pnp-admm --mask equispaced:R=4,acs=24",
    "deno task cohort init patients.csv --output /shared/patients --shard-minutes 60",
  ],
}, async (request, context, line) => {
  const { inputs, output = DEFAULT_FOLDER } = request;
  const files = namedFiles(inputs, FILE_OPTION_NAMES);
  if (files.length === 0) {
    throw new UsageError(
      "Cannot plan a cohort: a manifest, a pattern or files are required, found none",
    );
  }
  const made = request.dryRun
    ? await plan(files, request, context, line)
    : await inFreshFolder(output, async (partial) => {
      const made = await plan(files, request, context, line);
      await CohortFolder.create(partial, made);
      return made;
    });
  if (!request.quiet) {
    for (const { path, reason } of made.refused) {
      context.console.err(`warning: ${reason.includes(path) ? "" : `${path}: `}${reason}\n`);
    }
  }
  context.console.out(
    request.json
      ? jsonLine({ folder: output, ...planTotals(made) })
      : planText(made, request.dryRun ? undefined : output),
  );
  return 0;
});

async function plan(
  files: ReturnType<typeof namedFiles>,
  { device, threads, shardMinutes, shards, tries, timeout, stale, quiet }: InitRequest,
  { console, signal }: CommandContext,
  { args, inForce }: CommandLine,
): Promise<CohortPlan> {
  const options: OptionTexts = Object.fromEntries(
    Object.entries(inForce).filter(([name]) => !NOT_COMPUTED.includes(name)),
  );
  // All processes take the device that was found here.
  const found = await deviceFound(device, threads);
  const methods = cohortMethods({ ...options, device: found });
  using progress = new ProgressLine(console, "cohort", { quiet });
  const cut = await planCohort(files, methods, {
    length: shards === undefined ? { seconds: 60 * shardMinutes } : { count: shards },
    signal,
    onFile: (slice, slices) =>
      progress.update({ stage: "file", slice, slices, fraction: slice / slices }),
  });
  return {
    schema: COHORT_SCHEMA,
    software: await software(),
    command: ["cohort", "init", ...args],
    folder: process.cwd(),
    options: { ...options, device: found },
    methods: methods.names,
    device: found,
    threads,
    policy: { tries, timeout: timeout ?? null, stale },
    ...cut,
  };
}

async function deviceFound(device: InitRequest["device"], threads: number) {
  await using runtime = await Runtime.open(device, { threads });
  return runtime.device;
}
