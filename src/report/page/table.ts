/** Tables that scroll sideways where they are too wide. @module */
import { attribute, type Content, html, type Markup } from "../../markup.ts";

/** A column of a table of rows `T`. */
export interface TableColumn<T> {
  readonly name: Content;
  readonly title?: string;
  /** Classes of its cells: `number`, `wrap`... */
  readonly classes?: string;
  readonly show: (row: T) => Content;
  /** Attributes of a cell besides its class. */
  readonly data?: (row: T) => Readonly<Record<string, string | number | undefined>>;
}

export interface TableContent<T> {
  /** What the table is, for those who cannot see it. */
  readonly label: string;
  readonly columns: readonly TableColumn<T>[];
  readonly rows: readonly T[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly headingAttributes?: Readonly<Record<string, string>>;
  readonly rowAttributes?: (row: T) => Readonly<Record<string, string | number>>;
}

export function table<T>(content: TableContent<T>): Markup {
  const { label, columns, rows, headingAttributes = {}, rowAttributes = () => ({}) } = content;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table${attributes(content.attributes ?? {})}>
        <thead>
          <tr>${columns.map(({ name, title, classes }) =>
            html`
              <th scope="col" ${attributes({
                ...headingAttributes,
                class: classes,
                title,
              })}>${name}</th>
            `
          )}</tr>
        </thead>
        <tbody>${rows.map((row) =>
          html`
            <tr${attributes(rowAttributes(row))}>${columns.map(({ classes, show, data }) =>
              html`<td${attributes({ class: classes, ...data?.(row) })}>${show(row)}</td>`
            )}</tr>
          `
        )}</tbody>
        </table>
        </div>
  `;
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): Content {
  return Object.entries(values).map(([name, value]) => attribute(name, value));
}
