/** Pages that are made, and how their tables are written. @module */

/** A page: its path in the repository and its Markdown. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** Text in a cell of a table: one line, its bars escaped, marks of Markdown outside of code too. */
export function cell(text: string): string {
  const parts = text.replaceAll("\n", " ").split("`");
  const plain = parts.map((part, i) => i % 2 === 0 ? part.replaceAll(/[*_<>]/g, "\\$&") : part);
  return plain.join("`").replaceAll("|", "\\|");
}

/** Name of a heading in links to it, as GitHub makes it. */
export const slugOf = (title: string): string =>
  title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
