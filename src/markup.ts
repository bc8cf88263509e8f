/** HTML and SVG text in which everything that is put in is escaped. @module */

/** Text that is markup already. */
export class Markup {
  /** The markup. */
  readonly text: string;

  /** Marks text as markup: only for text that holds nothing from outside. */
  constructor(text: string) {
    this.text = text;
  }

  /** The markup. */
  toString(): string {
    return this.text;
  }
}

/** What a template takes: text is escaped, null, undefined and false leave nothing. */
export type Content = Markup | string | number | null | undefined | false | readonly Content[];

/** A template of HTML or SVG; what is put in is escaped, except other templates. */
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

/** Text as it must stand in markup, between tags or in a quoted attribute. */
export function escapeText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "\ufffd").replace(
    /[&<>"']/g,
    (c) => ENTITIES[c],
  );
}

/** An attribute, or nothing where its value is false; `true` gives the name alone. */
export function attribute(name: string, value: string | number | boolean | undefined): Content {
  if (value === false || value === undefined) return null;
  return new Markup(value === true ? ` ${name}` : ` ${name}="${escapeText(String(value))}"`);
}

/** JSON as it may stand inside a script element: no tag can open or close there. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}
