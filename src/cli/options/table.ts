/**
 * Options of a command: one table of them gives the parser, the help and the keys of a config file.
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";

/** One option. */
export interface OptionSpec {
  /** What the help calls its value; an option without one is a flag. */
  readonly value?: string;
  /** What it does, for the help. Lines are broken where the text is. */
  readonly summary: string;
  /** Whether it may be given several times: the values are joined by commas. Default: the last counts. */
  readonly multiple?: boolean;
}

/** The options of a command by name, in the order of the help. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Values as written: texts, and booleans for flags. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]?: T[K] extends { readonly value: string } ? string : boolean;
};

/** What a command line says. */
export interface ParsedArgs<T extends OptionTable> {
  /** Options that were given. */
  readonly values: OptionValues<T>;
  /** Arguments that are not options. */
  readonly inputs: readonly string[];
}

/**
 * Reads a command line: `--name VALUE`, `--name=VALUE`, flags `--name` and `--no-name`, `-h`, and
 * `--` before arguments that begin with a dash. Of an option given twice the last counts,
 * unless it is `multiple`.
 * @throws {UsageError} for an unknown option, a missing value or a value for a flag
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  args: readonly string[],
): ParsedArgs<T> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { value }]) => [
        name,
        { type: value === undefined ? "boolean" as const : "string" as const },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  const inputs: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") inputs.push(token.value);
    if (token.kind !== "option") continue;
    const [name, value] = optionValue(table, token);
    const before = table[name].multiple ? values[name] : undefined;
    values[name] = typeof before === "string" ? `${before},${value}` : value;
  }
  return { values: values as OptionValues<T>, inputs };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string;
  readonly inlineValue?: boolean;
}

function optionValue(
  table: OptionTable,
  { name: written, rawName, value, inlineValue }: OptionToken,
): [string, string | boolean] {
  const name = rawName === "-h" ? "help" : written;
  const negated = name.startsWith("no-") ? name.slice(3) : undefined;
  if (negated !== undefined && isFlag(table, negated) && value === undefined) {
    return [negated, false];
  }
  if (!Object.hasOwn(table, name) || (!rawName.startsWith("--") && rawName !== "-h")) {
    throw unknownOption(table, rawName);
  }
  if (isFlag(table, name)) {
    if (value === undefined) return [name, true];
    throw new UsageError(`Cannot read ${rawName}: it takes no value, found '${value}'`);
  }
  const isOption = inlineValue !== true && /^-[^\d.]/.test(value ?? "");
  if (value !== undefined && !isOption) return [name, value];
  throw new UsageError(
    `Cannot read ${rawName}: a value ${table[name].value} is required, found ` +
      (isOption ? `the option ${value}` : "none"),
    isOption ? { hint: `A value that begins with a dash is written ${rawName}=${value}` } : {},
  );
}

/** Whether an option exists and takes no value. */
export function isFlag(table: OptionTable, name: string): boolean {
  return Object.hasOwn(table, name) && table[name].value === undefined;
}

/** The error about an option (or key of a config file) that does not exist. */
export function unknownOption(table: OptionTable, written: string): UsageError {
  const names = Object.keys(table);
  return new UsageError(`Cannot understand ${written}: there is no such option`, {
    hint: "Run with --help to see all options",
    ...didYouMean(written.replace(/^-+/, ""), names, written.startsWith("-") ? "--" : ""),
  });
}
