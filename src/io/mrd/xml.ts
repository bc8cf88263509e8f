/**
 * XML as the headers and attributes of ISMRMRD use it: elements with text, no attributes. Headers
 * come from outside: a document type, which could define entities, is refused.
 * @module
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { InputError } from "../../errors.ts";
import { reason } from "../../host.ts";

/** Longest text that is parsed: real headers have some 10 kB, with vendors' extras a few 100. */
const MAX_CHARACTERS = 1 << 23;
/** Most tags, attributes and references: headers have hundreds, and a parser takes seconds for more. */
const MARKS = [["<", 100_000, "tags"], ["=", 20_000, "attributes"], [
  "&",
  50_000,
  "references",
]] as const;

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: true,
});

/** An element: its children by name, each name with all elements that have it. */
export class XmlElement {
  readonly #value: unknown;

  /** @param value of the parser: an object of children, or the text */
  constructor(value: unknown) {
    this.#value = value;
  }

  all(name: string): XmlElement[] {
    const children = this.#value;
    if (typeof children !== "object" || children === null) return [];
    const found = Object.hasOwn(children, name) ? children[name as keyof typeof children] : [];
    return [found].flat().map((value) => new XmlElement(value));
  }

  child(name: string): XmlElement | undefined {
    return this.all(name)[0];
  }

  /** Text of the first child of a name; undefined when it is absent, empty or has children. */
  text(name: string): string | undefined {
    const value = this.child(name)?.content;
    return value === "" ? undefined : value;
  }

  /** Its own text; undefined when it has children. */
  get content(): string | undefined {
    return typeof this.#value === "string" ? this.#value : undefined;
  }
}

function hasMore(text: string, mark: string, most: number): boolean {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (++count > most) return true;
  }
  return false;
}

/** Parses a document, which a NUL ends, and gives its root. */
export function parseXml(xml: string, root: string, source: string): XmlElement {
  const [text] = xml.split("\0", 1);
  const fail = (found: string, cause?: unknown) =>
    new InputError(`Cannot read ${source}: XML <${root}> is required, found ${found}`, { cause });
  if (text.length > MAX_CHARACTERS) {
    throw fail(`${text.length} characters, more than ${MAX_CHARACTERS}`);
  }
  for (const [mark, most, name] of MARKS) {
    if (hasMore(text, mark, most)) throw fail(`more than ${most} ${name}`);
  }
  if (text.includes("<!DOCTYPE") || text.includes("<!ENTITY")) throw fail("a document type");
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw fail(`a mistake in line ${valid.err.line ?? 1}: ${valid.err.msg}`);
  let parsed: unknown;
  try {
    parsed = parser.parse(text);
  } catch (cause) {
    throw fail(reason(cause), cause);
  }
  const found = new XmlElement(parsed).child(root);
  if (found !== undefined) return found;
  const names = Object.keys(parsed as object).filter((name) => !name.startsWith("?"));
  throw fail(names.length === 0 ? "nothing" : `<${names[0]}>`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** A text that may stand between tags, without the control characters that XML cannot hold. */
export function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => ESCAPES[character])
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
}

/** Attributes of an image as XML: `<ismrmrdMeta>`, names with one or more texts each. */
export function encodeMeta(meta: Meta): string {
  return `<?xml version="1.0"?>\n<ismrmrdMeta>${metaEntries(meta)}</ismrmrdMeta>`;
}

/** Attributes with others added at the end, unless they have these names already. */
export function withMeta(attributes: string, meta: Meta): string {
  const end = attributes.lastIndexOf("</ismrmrdMeta>");
  if (end < 0) return attributes.trim() === "" ? encodeMeta(meta) : attributes;
  const lacking = Object.entries(meta).filter(([name]) => !attributes.includes(`<name>${name}<`));
  return attributes.slice(0, end) + metaEntries(Object.fromEntries(lacking)) +
    attributes.slice(end);
}

/** Names with one or more values each. */
type Meta = Readonly<Record<string, string | number | readonly (string | number)[]>>;

function metaEntries(meta: Meta): string {
  return Object.entries(meta).map(([name, values]) => {
    const texts = [values].flat().map((value) => `<value>${escapeXml(`${value}`)}</value>`);
    return `<meta><name>${escapeXml(name)}</name>${texts.join("")}</meta>`;
  }).join("");
}
