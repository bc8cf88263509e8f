/** The text of `--help`, made from the table of options. @module */
import { methods } from "../../recon/methods.ts";
import type { OptionTable } from "./table.ts";
import project from "../../../deno.json" with { type: "json" };

/** The version of Larmor. */
export const VERSION: string = project.version;

/** What `--version` prints. */
export const VERSION_LINE = `larmor ${VERSION}\n`;

/** The exit codes, as every command ends with them. */
const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "done"],
  ["1", "a bug of ours, or an iteration that diverged"],
  ["2", "usage: an unknown option, a value that does not parse"],
  ["3", "an input that cannot be read or makes no sense, an output that cannot be written"],
  ["4", "the device is not available"],
  ["130", "interrupted"],
];

/** The parts of a help text that differ between commands. */
export interface HelpContent {
  /** How it is called. */
  readonly usage: string;
  /** What it does. */
  readonly about: string;
  /** Its options. */
  readonly options: OptionTable;
  /** Further sections, title and lines. */
  readonly sections?: readonly (readonly [title: string, lines: readonly string[]])[];
  /** Commands to copy. */
  readonly examples: readonly string[];
}

/** Lays out the help of a command. */
export function helpText({ usage, about, options, sections = [], examples }: HelpContent): string {
  const optionRows = Object.entries(options).map(([name, { value, summary }]) =>
    [value === undefined ? `--${name}` : `--${name} ${value}`, summary] as const
  );
  const all: (readonly [string, readonly string[]])[] = [
    ["Options", twoColumns(optionRows)],
    ...sections,
    ["Exit codes", twoColumns(EXIT_CODES)],
    ["Examples", examples],
  ];
  const body = all.map(([title, lines]) => `${title}:\n${lines.map((l) => `  ${l}\n`).join("")}`);
  return `Usage: ${usage}\n\n${about}\n\n${body.join("\n")}`;
}

/** The reconstruction methods, a line each. */
export function methodLines(): string[] {
  return twoColumns(methods.map(({ name, summary }) => [name, summary] as const));
}

/** Rows of a name and its text, the texts below each other; a text may have several lines. */
function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) =>
    text.split("\n").map((line, i) => `${(i === 0 ? name : "").padEnd(width)}  ${line}`)
  );
}
