/** HTML and SVG text in which everything inserted is escaped. @module */

/** Text that is markup already. */
export class Markup {
  readonly text: string;

  /** Marks text as markup: only for text that holds nothing from outside. */
  constructor(text: string) {
    this.text = text;
  }
}

/** Content of a template: text is escaped; null, undefined and false are left out. */
export type Content = Markup | string | number | null | undefined | false | readonly Content[];

/** A template of HTML or SVG; what is inserted is escaped, except other templates. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(
    parts.reduce(
      (text, part, i) => text + part + (i < contents.length ? markup(contents[i]) : ""),
      "",
    ),
  );
}

function markup(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(markup).join("");
  return escapeText(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters but tab and line break, and marks of direction. */
// deno-lint-ignore no-control-regex
const UNSHOWN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text for markup, between tags or in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(UNSHOWN, "\ufffd").replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** Values of attributes by their names. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Attributes: left out where the value is false or undefined, only the name where it is true. */
export function attributes(values: Attributes): Content {
  return Object.entries(values).map(([name, value]) => {
    if (value === false || value === undefined) return null;
    return new Markup(value === true ? ` ${name}` : ` ${name}="${escapeText(String(value))}"`);
  });
}

/** JSON for a script element: it contains no tag. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}
