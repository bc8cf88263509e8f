/** `deno task cohort status`: how far a cohort is. @module */
import { CohortFolder } from "../../../cohort/folder.ts";
import { cohortStatus } from "../../../cohort/status.ts";
import { jsonLine } from "../../files.ts";
import { command } from "../../options/help.ts";
import { COMMON } from "../../options/shared.ts";
import { statusText } from "../../render/cohort_text.ts";
import { oneFolder } from "./folder.ts";

export const status = command({
  usage: "deno task cohort status [DIR] [options]",
  about:
    "Says how far a cohort is: what is done, what failed and why, who works on what, and what " +
    "the rest will take by what was measured so far. Changes nothing. DIR is what init wrote. " +
    "Default: cohort",
  options: COMMON,
  examples: ["deno task cohort status cohort", "deno task cohort status cohort --json"],
}, async ({ inputs, json }, { console }) => {
  const folder = await CohortFolder.open(oneFolder(inputs, "look at"));
  const found = await cohortStatus(folder);
  console.out(json ? jsonLine({ folder: folder.path, ...found }) : statusText(folder, found));
  return 0;
});
