/** What pages of results have alike: head, style, and sections with titles. @module */
import { createHash } from "node:crypto";
import { colourRules } from "../../chart.ts";
import { type Attributes, attributes, html, Markup } from "../../markup.ts";
import styleSheet from "./style.css" with { type: "text" };

/** The style sheet with the colours of curves. */
const style = styleSheet + colourRules(([light, dark]) => `light-dark(${light}, ${dark})`);

/** The content of a page's head. `script` is the only one that may run. */
export function pageHead(title: string, script = ""): Markup {
  return html`
    <meta http-equiv="Content-Security-Policy" content="${policy(script)}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    ${element("style", {}, style)}
  `;
}

/** A style sheet, a script or data: `text` is not escaped, and must not end the element. */
export function element(name: "style" | "script", values: Attributes, text: string): Markup {
  return new Markup(`${html`<${name}${attributes(values)}>`.text}${text}</${name}>`);
}

/** Forbids all requests, and all but this style sheet and this script. */
function policy(script: string): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return `default-src 'none'; img-src data:; style-src ${hash(style)}; script-src ${
    hash(script)
  }; ` +
    "base-uri 'none'; form-action 'none'";
}

/** A section with its title; nothing without content. */
export function section(
  id: string,
  title: string,
  content: Markup | undefined,
): Markup | undefined {
  return content && html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      ${content}
    </section>
  `;
}
