/** A page for each command, from its table of options. @module */
import { COMMANDS, type HelpedCommand } from "../../src/cli/commands.ts";
import type { CommandHelp } from "../../src/cli/options/help.ts";
import type { OptionTable } from "../../src/cli/options/table.ts";
import { cell, type Page, table } from "./page.ts";

export async function commandPages(): Promise<Page[]> {
  const names = Object.keys(COMMANDS);
  const pages = await Promise.all(names.map(async (name) => ({
    path: `docs/commands/${name}.md`,
    text: commandPage(name, (await COMMANDS[name].load()).help),
  })));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => [
    `[\`${name}\`](${name}.md)`,
    cell(summary),
  ]);
  const index = `# Commands

Each is a task of a checkout, \`deno task NAME\`, and a command of the installed program,
\`larmor NAME\` ([install](../install.md)).

${table(["command", "what it does"], rows)}`;
  return [...pages, { path: "docs/commands/README.md", text: index }];
}

function commandPage(
  name: string,
  { usage, about, options, sections = [], examples, actions = {} }: HelpedCommand["help"],
) {
  const acts = Object.entries(actions).map(([action, help]) => actionSection(action, help));
  return `# larmor ${name}

${prose(about)}

${block([usage])}

Installed, it is \`${usage.split(" [")[0].replace("deno task", "larmor")}\`; \`--help\` prints this
page.

${acts.length > 0 ? acts.join("\n") : `## Options\n\n${optionTable(options)}`}

${sections.map(([title, lines]) => `## ${title}\n\n${block(lines)}`).join("\n")}

## Examples

${block(examples)}
`;
}

function actionSection(action: string, { usage, about, options, examples }: CommandHelp): string {
  return `## ${action}

${prose(about)}

${block([usage])}

${optionTable(options)}

${block(examples)}`;
}

function optionTable(options: OptionTable): string {
  const rows = Object.entries(options).map(([option, { value, summary, fallback }]) => [
    cell(value === undefined ? `\`--${option}\`` : `\`--${option} ${value}\``),
    cell(summary),
    fallback === undefined ? "" : cell(`\`${fallback}\``),
  ]);
  return table(["option", "meaning", "default"], rows);
}

const block = (lines: readonly string[]) => `\`\`\`text\n${lines.join("\n")}\n\`\`\`\n`;

/** Text of a help as Markdown: each line is a paragraph. */
const prose = (text: string) => text.split("\n").map(escaped).join("\n\n");

const escaped = (text: string) => text.replaceAll(/[*_<>]/g, "\\$&");
