/** `deno task cohort`: many files on many processors, here or on a cluster. @module */
import { commandOfActions, methodLines } from "../options/help.ts";
import { collect } from "./cohort/collect.ts";
import { init } from "./cohort/init.ts";
import { run } from "./cohort/run.ts";
import { status } from "./cohort/status.ts";
import { submit } from "./cohort/submit.ts";
import { work } from "./cohort/work.ts";

export const cohort = commandOfActions(
  {
    usage: "deno task cohort init|run|submit|status|collect ...",
    about:
      "Reconstructs many files with many processes, here or as jobs of Slurm. init measures and " +
      "plans, run works off the plan (on as many machines as share the folder), submit does so with " +
      "Slurm, status says how far it is, collect makes volumes, tables and a page of the results. What " +
      "was stopped or killed goes on where it was.",
    sections: [["Methods", methodLines()]],
    examples: [
      "deno task cohort init 'scans/*.h5' --method sense,pnp-admm --mask equispaced:R=4,acs=24",
      "deno task cohort run cohort",
      "deno task cohort collect cohort",
    ],
  },
  { init, run, submit, status, collect },
  { work },
);
