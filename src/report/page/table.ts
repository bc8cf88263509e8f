/** Tables that scroll sideways where they are too wide. @module */
import { type Attributes, attributes, type Content, html, type Markup } from "../../markup.ts";

/** A column of a table of rows `T`. */
export interface TableColumn<T> {
  readonly name: Content;
  readonly title?: string;
  /** Classes of its cells: `number`, `wrap`... */
  readonly classes?: string;
  readonly show: (row: T) => Content;
  /** Attributes of a cell besides its class. */
  readonly data?: (row: T) => Attributes;
}

/** A table. `label` says what it is to those who cannot see it. */
export function table<T>(
  { label, columns, rows, attributes: own = {}, headingAttributes, rowAttributes }: {
    readonly label: string;
    readonly columns: readonly TableColumn<T>[];
    readonly rows: readonly T[];
    readonly attributes?: Attributes;
    readonly headingAttributes?: Attributes;
    readonly rowAttributes?: (row: T) => Attributes;
  },
): Markup {
  const heading = ({ name, title, classes }: TableColumn<T>) =>
    html`
      <th scope="col" ${attributes({ ...headingAttributes, class: classes, title })}>${name}</th>
    `;
  const cell = ({ classes, show, data }: TableColumn<T>, row: T) =>
    html`<td${attributes({ class: classes, ...data?.(row) })}>${show(row)}</td>`;
  const line = (row: T) =>
    html`<tr${attributes(rowAttributes?.(row) ?? {})}>${
      columns.map((column) => cell(column, row))
    }</tr>`;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table${attributes(own)}>
        <thead>
          <tr>${columns.map(heading)}</tr>
        </thead>
        <tbody>${rows.map(line)}</tbody>
        </table>
        </div>
  `;
}
