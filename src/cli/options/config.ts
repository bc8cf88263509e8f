/** Options from a YAML file: the same names as on the command line, without dashes. @module */
import { parse } from "yaml";
import { UsageError } from "../../errors.ts";
import { readInput } from "../files.ts";
import { isFlag, type OptionTable, unknownOption, type Written } from "./table.ts";

const INPUT_KEY = "input";

/** Options that make no sense in a config file. */
const COMMAND_LINE_ONLY: readonly string[] = ["config", "help", "version"];

/**
 * Reads a config file. A value may be a text, a number, a boolean (for flags), a list or a mapping
 * (`simulate: {coils: 8}`, `sweep: {R: [2, 4]}`); `input` is a path or a list of them. Paths are relative to the current
 * folder, as on the command line.
 */
export async function readConfig(path: string, table: OptionTable): Promise<Written> {
  const content = await readYaml(path, "config");
  const values: Record<string, string | boolean> = {};
  const inputs: string[] = [];
  for (const [key, value] of Object.entries(content)) {
    if (key === INPUT_KEY) {
      inputs.push(...[value].flat().map((item) => scalar(path, key, item)));
    } else if (!Object.hasOwn(table, key) || COMMAND_LINE_ONLY.includes(key)) {
      throw new UsageError(
        `Cannot read the config ${path}: the name of an option is required, found '${key}'`,
        { hint: unknownOption(table, key).hint },
      );
    } else if (isFlag(table, key)) {
      if (typeof value !== "boolean") throw unreadable(path, key, "true or false", value);
      values[key] = value;
    } else {
      values[key] = text(path, key, value, table[key].joint);
    }
  }
  return { values, inputs };
}

/** The command line, completed by the config file that it names. */
export async function withConfig(table: OptionTable, written: Written): Promise<Written> {
  const { config } = written.values;
  if (typeof config !== "string") return written;
  const file = await readConfig(config, table);
  return {
    values: { ...file.values, ...written.values },
    inputs: written.inputs.length > 0 ? written.inputs : file.inputs,
  };
}

const YAML_KINDS = {
  config: "options such as 'method: tv'",
  "DICOM attributes": "attributes such as 'PatientID: \"17\"'",
} as const;

/** Reads a YAML file of names and values; DICOM attributes are left as texts (017 is not 17). */
export async function readYaml(
  path: string,
  kind: keyof typeof YAML_KINDS,
): Promise<Readonly<Record<string, unknown>>> {
  const source = new TextDecoder().decode(await readInput(path, `the ${kind}`));
  let content: unknown;
  try {
    content = parse(source, { schema: kind === "config" ? "core" : "failsafe" }) ?? {};
  } catch (cause) {
    const [firstLine] = (cause as Error).message.split("\n");
    throw new UsageError(`Cannot read the ${kind} ${path}: ${firstLine}`, { cause });
  }
  if (typeof content === "object" && content !== null && !Array.isArray(content)) {
    return content as Record<string, unknown>;
  }
  throw new UsageError(
    `Cannot read the ${kind} ${path}: ${YAML_KINDS[kind]} are required, found ` +
      (Array.isArray(content) ? "a list" : `a ${typeof content}`),
  );
}

function text(path: string, key: string, value: unknown, joint = ","): string {
  if (Array.isArray(value)) return value.map((item) => scalar(path, key, item)).join(joint);
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value);
    return pairs.map(([name, item]) => `${name}=${text(path, key, item)}`).join(",");
  }
  return scalar(path, key, value);
}

function scalar(path: string, key: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw unreadable(path, key, "a text or a number", value);
}

const unreadable = (path: string, key: string, required: string, value: unknown) =>
  new UsageError(
    `Cannot read the config ${path}: ${key} must be ${required}, found ${JSON.stringify(value)}`,
  );
