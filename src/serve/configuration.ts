/** What a client asks for before its data: configuration, header, and JSON after it. @module */
import { InputError } from "../errors.ts";
import { extraConfiguration, MOST_PARAMETERS, MOST_TEXT } from "./extra_configuration.ts";

/** The start of XML, as Gadgetron's clients send a configuration of their own. */
const XML = /^\s*</;
/** The name that stands for a configuration of the client's own: no recipe has it. */
const CLIENT_XML = "<XML of the client>";

export class Configuration {
  #name: string | undefined;
  #changes: Readonly<Record<string, string>> = {};
  #xml: string | undefined;
  #begun = false;

  /** The XML header, once it has come. */
  get xml(): string | undefined {
    return this.#xml;
  }

  /** The recipe that is asked for, and changes to it. Nothing can be configured afterwards. */
  begin(): { name: string | undefined; changes: Readonly<Record<string, string>> } {
    this.#begun = true;
    return { name: this.#name, changes: this.#changes };
  }

  /** The name of a configuration. */
  file(name: string): void {
    if (this.#begun) {
      const required = "it is required before the data, found one after";
      throw new InputError(`Cannot change the configuration: ${required}`);
    }
    this.#name = name.trim() || undefined;
  }

  /** A configuration as text: JSON as after the header, XML, or the name of a recipe. */
  text(text: string): void {
    const extra = short(text);
    if (extra === undefined) return this.file(XML.test(text) ? CLIENT_XML : text);
    this.file(extra.name ?? "");
    this.#changes = extra.changes;
  }

  header(xml: string): void {
    if (this.#xml !== undefined) {
      throw new InputError("Cannot take a second header: one is required");
    }
    this.#xml = xml;
  }

  /** A text between header and data; false: it is no configuration. */
  extra(text: string): boolean {
    const mayConfigure = this.#xml !== undefined && !this.#begun;
    const extra = mayConfigure ? short(text) : undefined;
    if (extra === undefined) return false;
    this.#name = extra.name ?? this.#name;
    this.#changes = { ...this.#changes, ...extra.changes };
    const count = Object.keys(this.#changes).length;
    if (count <= MOST_PARAMETERS) return true;
    throw tooMuch(`${MOST_PARAMETERS} parameters`, `${count}`);
  }
}

const tooMuch = (most: string, found: string) =>
  new InputError(`Cannot take the configuration: at most ${most} are possible, found ${found}`);

/** A configuration as JSON, if it is one. @throws {InputError} when it is too long to be read */
function short(text: string) {
  const isLong = text.length > MOST_TEXT && text.trimStart().startsWith("{");
  if (isLong) throw tooMuch(`${MOST_TEXT} characters`, `${text.length}`);
  return extraConfiguration(text);
}
