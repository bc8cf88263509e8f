/**
 * Options of a command. One table of them gives the parser, the help, the type of the request and
 * the keys of a config file.
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";

/** Reads the text of an option; throws UsageError. `option` is its name for messages, as `--steps`. */
export interface Parse<V> {
  (text: string, option: string): V;
  /** The words it takes, where they are few. */
  readonly choices?: readonly string[];
}

/**
 * One option; without `parse` it is a flag, whose `fallback` (default: false) is what is in force where neither
 * `--name` nor `--no-name` is given.
 */
export interface OptionSpec {
  readonly value?: string;
  readonly summary: string;
  readonly parse?: Parse<unknown>;
  readonly fallback?: string;
  /** Whether it may be given several times: the texts are joined by commas. Default: the last counts. */
  readonly multiple?: boolean;
  /** Separator that joins the items of a list in a config file. Default: a comma. */
  readonly joint?: string;
}

/** An option with a value, and its default as text. */
export function option<V, F extends string | undefined = undefined>(
  value: string,
  summary: string,
  parse: Parse<V>,
  fallback?: F,
) {
  return { value, summary, parse, fallback: fallback as F };
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Options as written, texts and flags, and the arguments that are not options. */
export interface Written {
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly inputs: readonly string[];
}

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type ValueOf<O> = O extends { readonly parse: Parse<infer V> }
  ? O extends { readonly fallback: string } ? V : V | undefined
  : O extends { readonly fallback: infer F extends string } ? boolean | F
  : boolean;

/** The options of a command by camel-case names; an option without default that is not given is absent. */
export type RequestOf<T extends OptionTable> =
  & { readonly inputs: readonly string[] }
  & { readonly [K in keyof T & string as CamelCase<K>]: ValueOf<T[K]> };

export function requestOf<T extends OptionTable>(
  table: T,
  { values, inputs }: Written,
): RequestOf<T> {
  const request: Record<string, unknown> = { inputs };
  for (const [name, { parse, fallback }] of Object.entries(table)) {
    const key = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = values[name] ?? fallback;
    if (parse === undefined) request[key] = value ?? false;
    else if (value !== undefined) request[key] = parse(String(value), `--${name}`);
  }
  return request as RequestOf<T>;
}

/** The options that were given or have a default, as text, in the order of the table. */
export function inForce(table: OptionTable, { values }: Written): Written["values"] {
  const entries = Object.entries(table).map(([name, { fallback }]) =>
    [name, values[name] ?? fallback] as const
  );
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string | boolean] => entry[1] !== undefined),
  );
}

/**
 * Reads a command line: `--name VALUE`, `--name=VALUE`, flags `--name` and `--no-name`, `-h`, and
 * `--` before arguments that begin with a dash.
 */
export function parseOptions(table: OptionTable, args: readonly string[]): Written {
  const types = Object.keys(table).map((name) =>
    [name, { type: isFlag(table, name) ? "boolean" : "string" }] as const
  );
  const options = Object.fromEntries(types);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string | boolean> = {};
  const inputs: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") inputs.push(token.value);
    if (token.kind !== "option") continue;
    const [name, value] = optionValue(table, token);
    const before = table[name].multiple ? values[name] : undefined;
    values[name] = typeof before === "string" ? `${before},${value}` : value;
  }
  return { values, inputs };
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

function optionValue(
  table: OptionTable,
  { name: written, rawName, value, inlineValue }: Extract<Token, { kind: "option" }>,
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

export function isFlag(table: OptionTable, name: string): boolean {
  return Object.hasOwn(table, name) && table[name].parse === undefined;
}

export function unknownOption(table: OptionTable, written: string): UsageError {
  const dashes = written.startsWith("-") ? "--" : "";
  return new UsageError(`Cannot understand ${written}: there is no such option`, {
    hint: "Run with --help to see all options",
    ...didYouMean(written.replace(/^-+/, ""), Object.keys(table), dashes),
  });
}
