/**
 * Configuration as JSON in a text message: `{"parameters": {"config": NAME, ...}}`, as FIRE,
 * OpenRecon and python-ismrmrd-server write it.
 * @module
 */

/** What such a text asks for. */
export interface ExtraConfiguration {
  readonly name?: string;
  /** Other parameters as texts. */
  readonly changes: Readonly<Record<string, string>>;
}

/** Keys that name a recipe; the first that is not empty counts. */
const NAME_KEYS = ["customconfig", "config"] as const;

/**
 * Reads a text.
 * @returns undefined when it is no such JSON
 */
export function extraConfiguration(text: string): ExtraConfiguration | undefined {
  const parameters = record(parseJson(text))?.parameters;
  const entries = record(parameters);
  if (entries === undefined) return parameters === null ? { changes: {} } : undefined;
  const changes: Record<string, string> = {};
  let name: string | undefined;
  for (const key of NAME_KEYS) {
    const value = entries[key];
    if (typeof value === "string" && value !== "" && value !== "None") name ??= value;
  }
  for (const [key, value] of Object.entries(entries)) {
    const isName = NAME_KEYS.some((nameKey) => nameKey === key);
    if (isName || !["string", "number", "boolean"].includes(typeof value)) continue;
    changes[key] = String(value);
  }
  return name === undefined ? { changes } : { name, changes };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}
