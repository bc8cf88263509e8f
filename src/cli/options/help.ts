/** Reading a command line, and the text of `--help`, both by the table of options. @module */
import type { HelpedCommand } from "../commands.ts";
import type { CommandContext } from "../entry.ts";
import { methods } from "../../recon/methods.ts";
import { UsageError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";
import { withAgain } from "./again.ts";
import { withConfig } from "./config.ts";
import { COMMON, HELP } from "./shared.ts";
import {
  inForce,
  type OptionTable,
  parseOptions,
  type RequestOf,
  requestOf,
  type Written,
} from "./table.ts";
import { VERSION } from "../../version.ts";

export const VERSION_LINE = `larmor ${VERSION}\n`;

const MAX_LINE = 100;

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "done"],
  ["1", "an iteration that diverged, or a bug of Larmor"],
  ["2", "usage: an unknown option, a value that cannot be read"],
  ["3", "an input that cannot be read or makes no sense, an output that cannot be written"],
  ["4", "the device is not available"],
  ["130", "interrupted"],
];

/** A command line as it was typed, and every option that was in force, as text. */
export interface CommandLine {
  readonly args: readonly string[];
  readonly inForce: Written["values"];
}

export interface CommandHelp<T extends OptionTable = OptionTable> {
  readonly usage: string;
  readonly about: string;
  readonly options: T;
  readonly sections?: readonly (readonly [title: string, lines: readonly string[]])[];
  readonly examples: readonly string[];
  /** What the first argument may be, each with a help of its own. */
  readonly actions?: Readonly<Record<string, CommandHelp>>;
}

/** A command that reads its command line and config file, or prints help or version, and runs. */
export function command<T extends OptionTable>(
  help: CommandHelp<T>,
  run: (request: RequestOf<T>, context: CommandContext, line: CommandLine) => Promise<number>,
): HelpedCommand {
  const { options } = help;
  const called = async (args: readonly string[], context: CommandContext) => {
    const written = parseOptions(options, args);
    if (written.values.help || written.values.version) {
      context.console.out(written.values.help ? asTyped(helpText(help)) : VERSION_LINE);
      return 0;
    }
    const isConfig = options.config === COMMON.config;
    const configured = isConfig ? await withConfig(options, written) : written;
    const whole = "again" in options ? await withAgain(configured) : configured;
    return await run(requestOf(options, whole), context, {
      args,
      inForce: inForce(options, whole),
    });
  };
  return Object.assign(called, { help });
}

/**
 * A command whose first argument says what to do; each of these has options of its own.
 * @param hidden what Larmor alone calls, and the help leaves out
 */
export function commandOfActions(
  help: Omit<CommandHelp, "options" | "actions">,
  actions: Readonly<Record<string, HelpedCommand>>,
  hidden: Readonly<Record<string, HelpedCommand>> = {},
): HelpedCommand {
  const helps = Object.entries(actions).map(([name, { help }]) => [name, help] as const);
  const whole = { ...help, options: HELP, actions: Object.fromEntries(helps) };
  const called = async ([name = "", ...args]: readonly string[], context: CommandContext) => {
    const action = [actions, hidden].find((known) => Object.hasOwn(known, name))?.[name];
    if (action !== undefined) return await action(args, context);
    const { values } = parseOptions(HELP, name === "" ? [] : [name]);
    if (values.version || values.help) {
      context.console.out(values.help ? asTyped(helpText(whole)) : VERSION_LINE);
      return 0;
    }
    const names = Object.keys(actions);
    throw new UsageError(
      `Cannot understand ${name === "" ? "the command line" : name}: one of ${
        names.join(", ")
      } is ` +
        `required, found ${name === "" ? "nothing" : "another word"}`,
      { hint: "Run with --help to see what each does", ...didYouMean(name, names) },
    );
  };
  return Object.assign(called, { help: whole });
}

/** A text that names commands, as the user types them: `larmor` says so to what it starts. */
export const asTyped = (text: string): string =>
  Deno.env.get("LARMOR_PROGRAM") === undefined ? text : text.replaceAll("deno task ", "larmor ");

export function helpText(
  { usage, about, options, sections = [], examples, actions = {} }: CommandHelp,
): string {
  const optionRows = Object.entries(options).map(([name, { value, summary, fallback }]) =>
    [
      value === undefined ? `--${name}` : `--${name} ${value}`,
      fallback === undefined ? summary : `${summary}. Default: ${fallback}`,
    ] as const
  );
  const usages = Object.values(actions).map(({ usage }) => usage);
  const all: (readonly [string, readonly string[]])[] = [
    ...usages.length > 0 ? [["Actions", usages] as const] : [],
    ["Options", twoColumns(optionRows)],
    ...sections,
    ["Exit codes", twoColumns(EXIT_CODES)],
    ["Examples", examples],
  ];
  const body = all.map(([title, lines]) => `${title}:\n${lines.map((l) => `  ${l}\n`).join("")}`);
  return `Usage: ${usage}\n\n${wrapped(about, MAX_LINE).join("\n")}\n\n${body.join("\n")}`;
}

export const methodLines = () => twoColumns(methods.map(({ name, summary }) => [name, summary]));

/** What `--weight` multiplies, for each method that has a weight. */
export const weightLines = () =>
  twoColumns(methods.flatMap(({ name, weightRole }) => weightRole ? [[name, weightRole]] : []));

/** Rows of a name and its text, the texts below each other and broken where they are long. */
export function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) =>
    wrapped(text, MAX_LINE - width - 4)
      .map((line, i) => `${(i === 0 ? name : "").padEnd(width)}  ${line}`)
  );
}

function wrapped(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(/(?<!Default:) /)) {
      const last = lines[lines.length - 1];
      if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
    }
    return lines;
  });
}
