/**
 * Configuration as JSON in a text message: `{"parameters": {"config": NAME, ...}}`, as FIRE,
 * OpenRecon and python-ismrmrd-server write it.
 * @module
 */

/** Keys that name a recipe; the first that is not empty counts. */
const NAME_KEYS = ["customconfig", "config"];
/** Types of values that become texts. */
const SCALARS = ["string", "number", "boolean"];

/**
 * Characters of a configuration at most, and parameters of all that a client sends: reading millions would
 * keep all other clients waiting.
 */
export const MOST_TEXT = 1 << 16, MOST_PARAMETERS = 1000;

/** The recipe that a text names, and other parameters as texts; undefined: it is no such JSON. */
export function extraConfiguration(
  text: string,
): { name?: string; changes: Record<string, string> } | undefined {
  const parameters = record(parseJson(text))?.parameters;
  const entries = record(parameters);
  if (entries === undefined) return parameters === null ? { changes: {} } : undefined;
  const name = NAME_KEYS.map((key) => entries[key])
    .find((value) => typeof value === "string" && value !== "" && value !== "None");
  const changes = Object.fromEntries(
    Object.entries(entries)
      .filter(([key, value]) => !NAME_KEYS.includes(key) && SCALARS.includes(typeof value))
      .map(([key, value]) => [key, String(value)]),
  );
  return name === undefined ? { changes } : { name: String(name), changes };
}

function parseJson(text: string): unknown {
  if (text.length > MOST_TEXT) return undefined;
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
