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
    const isText = (v: unknown) => typeof v === "string" || typeof v === "number";
    return String(this.#read(key, "a text", isText, fallback));
  }

  /** One of some texts. */
  oneOf<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const required = choices.length === 1 ? choices[0] : `one of ${choices.join(", ")}`;
    const isChoice = (v: unknown) => choices.includes(String(v) as T);
    return String(this.#read(key, required, isChoice, fallback)) as T;
  }

  /** true or false. */
  flag(key: string, fallback: boolean): boolean {
    return this.#read(key, "true or false", (v) => typeof v === "boolean", fallback) as boolean;
  }

  /** A finite number. */
  number(key: string, fallback?: number): number {
    return this.#read(key, "a number", Number.isFinite, fallback) as number;
  }

  /** A number above 0. */
  positive(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    return this.#read(key, "a number above 0", () => value > 0, fallback) as number;
  }

  /** A whole number of at least 1. */
  whole(key: string, fallback?: number): number {
    this.positive(key, fallback);
    const required = "a whole number of at least 1";
    return this.#read(key, required, Number.isSafeInteger, fallback) as number;
  }

  /** A whole number of at least 0. */
  count(key: string): number {
    const isCount = (v: unknown) => Number.isSafeInteger(v) && Number(v) >= 0;
    return this.#read(key, "a whole number of at least 0", isCount) as number;
  }

  /** Whole numbers of at least 1, one or more. */
  counts(key: string): number[] {
    const isCount = (n: unknown) => Number.isSafeInteger(n) && Number(n) >= 1;
    const areCounts = (v: unknown) => Array.isArray(v) && v.length > 0 && v.every(isCount);
    return this.#read(key, "a list of whole numbers", areCounts) as number[];
  }

  /** Two whole numbers of at least 1; undefined when the key is missing. */
  pair(key: string): [number, number] | undefined {
    const isSize = (n: unknown) => Number.isSafeInteger(n) && Number(n) >= 1;
    const isPair = (v: unknown) => Array.isArray(v) && v.length === 2 && v.every(isSize);
    if ((this.#content[key] ?? null) === null) return undefined;
    return this.#read(key, "a pair of whole numbers", isPair) as [number, number];
  }

  #read(key: string, required: string, holds: (v: unknown) => boolean, fallback?: unknown) {
    const value = this.#content[key] ?? fallback;
    if (holds(value)) return value;
    throw new InputError(
      `Cannot read ${this.#file}: ${this.#path}${key} must be ${required}, ` +
        `found ${show(this.#content[key])}`,
    );
  }
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
