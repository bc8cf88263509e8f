/** `deno task cohort submit`: a cohort as jobs of Slurm. @module */
import { writeFile } from "node:fs/promises";
import { CohortFolder } from "../../../cohort/folder.ts";
import { arrayScript, collectScript, quoted, slurmArrays } from "../../../cohort/slurm.ts";
import { InputError } from "../../../errors.ts";
import { COMMANDS } from "../../commands.ts";
import { ENTRY, runFlags } from "../../deno_flags.ts";
import { jsonLine, textOf } from "../../files.ts";
import { command } from "../../options/help.ts";
import { COMMON } from "../../options/shared.ts";
import { option, type Parse } from "../../options/table.ts";
import { count } from "../../options/values.ts";
import { submitText } from "../../render/cohort_text.ts";
import { oneFolder } from "./folder.ts";

/** `partition=long exclusive`: options of sbatch, with or without their dashes. */
const sbatchOptions: Parse<readonly string[]> = (text) =>
  text.split(/\s+/).filter((word) => word !== "")
    .map((word) => word.startsWith("-") ? word : `--${word}`);
const text: Parse<string> = (text) => text;

export const submit = command({
  usage: "deno task cohort submit [DIR] [options]",
  about:
    "Submits what a cohort lacks to Slurm: an array of jobs, a shard each, with time and memory " +
    "from the plan (an array for each size of memory), and a job that collects when they have ended. " +
    "Submit again when jobs were lost: finished shards are left out. DIR is what init wrote. " +
    "Default: cohort",
  options: {
    tasks: option("N", "jobs at the same time. Default: as many as Slurm allows", count),
    sbatch: option(
      "OPTIONS",
      "options of sbatch, without dashes and separated by spaces: 'partition=long account=lab'",
      sbatchOptions,
    ),
    program: option(
      "COMMAND",
      "how Larmor is started on a node: 'apptainer exec larmor.sif larmor'. Default: as it runs here",
      text,
    ),
    "dry-run": { summary: "print the scripts, and submit nothing" },
    ...COMMON,
  },
  examples: [
    "deno task cohort submit cohort --tasks 50 --sbatch partition=long",
    "deno task cohort submit cohort --dry-run",
  ],
}, async ({ inputs, tasks, sbatch = [], program, dryRun, json }, { console }) => {
  const folder = await CohortFolder.open(oneFolder(inputs, "submit"));
  const { shards } = folder.plan;
  const settled = await folder.settled();
  const left = [...shards.keys()].filter((number) =>
    shards[number].units.some(({ id }) => !settled.has(id))
  );
  const larmor = program ?? [
    ...[Deno.execPath(), ...runFlags(), ...COMMANDS.cohort.permissions, ENTRY],
  ].map(quoted).join(" ");
  const arrays = slurmArrays(shards, left);
  const scripts = arrays.map((array) => arrayScript(folder, array, { larmor, tasks }));
  if (dryRun) {
    console.out(textOf([...scripts, collectScript(folder, { larmor, after: [] })]));
    return 0;
  }
  const jobs: string[] = [];
  for (const script of scripts) jobs.push(await submitted(folder, script, sbatch));
  const collects = await submitted(folder, collectScript(folder, { larmor, after: jobs }), sbatch);
  const found = { folder: folder.path, arrays, jobs, collects };
  console.out(json ? jsonLine(found) : submitText(found));
  return 0;
});

/** Writes a script, gives it to Slurm, and tells the number of its job. */
async function submitted(
  folder: CohortFolder,
  script: string,
  args: readonly string[],
): Promise<string> {
  const path = folder.at("slurm", `${new Date().toISOString().replace(/[^\d]/g, "")}.sh`);
  await writeFile(path, script);
  const command = new Deno.Command("sbatch", { args: ["--parsable", ...args, path] });
  const fail = (found: string, cause?: unknown) => {
    throw new InputError(`Cannot submit ${path}: sbatch is required to take it, found: ${found}`, {
      cause,
      hint: "cohort run works without Slurm",
    });
  };
  const { success, stdout, stderr } = await command.output().catch((cause) =>
    fail("no such program on this machine", cause)
  );
  const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) fail(read(stderr));
  return read(stdout).split(";")[0];
}
