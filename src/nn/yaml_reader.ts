/** Typed access to a YAML mapping, with messages that name the file and the key. @module */
import { InputError } from "../errors.ts";

/** A mapping of a YAML file. */
export class YamlReader {
  readonly #content: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #path: string;

  /**
   * @param content what the YAML parser gave
   * @param file for messages
   * @param path of the mapping in the file, ends with a dot unless empty
   * @throws {InputError} when the content is no mapping
   */
  constructor(content: unknown, file: string, path = "") {
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      const what = path === "" ? "a mapping of keys" : `${path.slice(0, -1)} as a mapping`;
      throw new InputError(`Cannot read ${file}: ${what} is required, found ${show(content)}`);
    }
    this.#content = content as Record<string, unknown>;
    this.#file = file;
    this.#path = path;
  }

  /** The mapping under a key; an empty one when it is not there. */
  at(key: string): YamlReader {
    return new YamlReader(this.#content[key] ?? {}, this.#file, `${this.#path}${key}.`);
  }

  /** A text (a number counts). */
  text(key: string, fallback?: string): string {
    const value = this.#content[key] ?? fallback;
    if (typeof value === "string" || typeof value === "number") return String(value);
    throw this.#wrong(key, "a text");
  }

  /** One of some texts. */
  oneOf<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.#content[key] ?? fallback;
    const chosen = choices.find((choice) => choice === String(value));
    if (chosen !== undefined) return chosen;
    throw this.#wrong(key, choices.length === 1 ? choices[0] : `one of ${choices.join(", ")}`);
  }

  /** A finite number. */
  number(key: string, fallback?: number): number {
    const value = this.#content[key] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.#wrong(key, "a number");
  }

  /** A number above 0. */
  positive(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (value > 0) return value;
    throw this.#wrong(key, "a number above 0");
  }

  /** A whole number of at least 1. */
  whole(key: string, fallback?: number): number {
    const value = this.positive(key, fallback);
    if (Number.isSafeInteger(value)) return value;
    throw this.#wrong(key, "a whole number of at least 1");
  }

  /** Two whole numbers of at least 1; undefined when the key is missing. */
  pair(key: string): [number, number] | undefined {
    const value = this.#content[key];
    if (value === undefined || value === null) return undefined;
    const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 1;
    if (Array.isArray(value) && value.length === 2 && value.every(isSize)) {
      return [value[0], value[1]];
    }
    throw this.#wrong(key, "a pair of whole numbers");
  }

  #wrong(key: string, required: string): InputError {
    return new InputError(
      `Cannot read ${this.#file}: ${this.#path}${key} must be ${required}, ` +
        `found ${show(this.#content[key])}`,
    );
  }
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
