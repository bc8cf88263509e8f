/** Completions of commands, options and their choices for the shells of users. @module */
import { COMMANDS } from "./commands.ts";
import type { OptionSpec, OptionTable } from "./options/table.ts";
import { textOf } from "./files.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

/** One option of one command, with the words it takes. */
interface Row {
  readonly command: string;
  readonly option: string;
  readonly summary: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** A script for the shell to read: `source <(larmor completion bash)`. */
export async function completionScript(shell: Shell): Promise<string> {
  const rows: Row[] = [];
  for (const [command, { load }] of Object.entries(COMMANDS)) {
    const { options: own, actions = {} } = (await load()).help;
    const all = [own, ...Object.values(actions).map((action) => action.options)];
    const options: OptionTable = Object.assign({}, ...all);
    rows.push(...Object.entries(options).map(([option, spec]) => rowOf(command, option, spec)));
  }
  return textOf(shell === "fish" ? fishLines(rows) : bashLines(rows, shell));
}

const rowOf = (command: string, option: string, { summary, parse }: OptionSpec): Row => ({
  command,
  option,
  summary,
  takesValue: parse !== undefined,
  choices: parse?.choices ?? [],
});

/** zsh reads bash's completions with its own helper. */
function bashLines(rows: readonly Row[], shell: "bash" | "zsh"): string[] {
  const valued = rows.filter(({ takesValue }) => takesValue).map((row) =>
    `    "${row.command} --${row.option}") words="${row.choices.join(" ")}";;`
  );
  const options = Object.keys(COMMANDS).map((name) => {
    const own = rows.filter(({ command }) => command === name);
    return `    ${name}) words="${own.map(({ option }) => `--${option}`).join(" ")}";;`;
  });
  return [
    ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_larmor() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" words=""',
    '  local before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}"',
    `  [ "$COMP_CWORD" -eq 1 ] && words="${Object.keys(COMMANDS).join(" ")} completion"`,
    '  [ "$COMP_CWORD" -gt 1 ] && case "$command $before" in',
    ...valued,
    '    *) [[ "$current" == -* ]] && case "$command" in',
    ...options.map((line) => `  ${line}`),
    "    esac;;",
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _larmor larmor",
  ];
}

const fishText = (text: string) => `'${text.replace(/[\\']/g, "\\$&").replace(/\s+/g, " ")}'`;

function fishLines(rows: readonly Row[]): string[] {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `complete -c larmor -n __fish_use_subcommand -f -a ${name} -d ${fishText(summary)}`
  );
  const options = rows.map(({ command, option, summary, takesValue, choices }) => {
    const words = choices.length > 0 ? ` -f -a ${fishText(choices.join(" "))}` : "";
    const value = takesValue ? " -r" : "";
    return `complete -c larmor -n '__fish_seen_subcommand_from ${command}' -l ${option}${value}` +
      `${words} -d ${fishText(summary)}`;
  });
  return [...commands, ...options];
}
