/** `larmor COMMAND ...`: the entry of all commands, and of the tasks in `deno.json`. @module */
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { completionScript, SHELLS } from "./completion.ts";
import { COMMANDS } from "./commands.ts";
import { type Command, runCommand } from "./entry.ts";
import { twoColumns, VERSION_LINE } from "./options/help.ts";
import { oneOf } from "./options/values.ts";
import { textOf } from "./files.ts";

const NAMES = Object.keys(COMMANDS);

/** Runs the command that the first argument names with the others. */
export const larmor: Command = async ([name, ...args], context) => {
  const { console } = context;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.out(overview());
    return 0;
  }
  if (name === "--version") {
    console.out(VERSION_LINE);
    return 0;
  }
  if (name === "completion") {
    console.out(await completionScript(oneOf(SHELLS)(args[0] ?? "", "the shell")));
    return 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new UsageError(`Cannot run ${name}: there is no such command`, {
      hint: "Run larmor --help to see all commands",
      ...didYouMean(name, NAMES),
    });
  }
  return await (await COMMANDS[name].load())(args, context);
};

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  const completion = ["completion", `completions for a shell: ${SHELLS.join(", ")}`] as const;
  return textOf([
    "Usage: larmor COMMAND [options]",
    "",
    "MRI reconstruction. larmor COMMAND --help lists the options of a command.",
    "",
    "Commands:",
    ...twoColumns([...rows, completion]).map((line) => `  ${line}`),
  ]);
}

/**
 * `deno task` runs in the folder of `deno.json`. Paths are meant from where the user stands, which
 * it leaves in INIT_CWD.
 */
function standWhereUserStands(): void {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const from = Deno.env.get("INIT_CWD");
  if (from !== undefined && resolve(Deno.cwd()) === resolve(root)) Deno.chdir(from);
}

if (import.meta.main) {
  standWhereUserStands();
  await runCommand(larmor);
}
