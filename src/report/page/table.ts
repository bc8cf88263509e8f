/**
 * Tables that are never wider than the page: on a narrow one each row becomes a list of names and
 * values.
 * @module
 */
import { type Attributes, attributes, type Content, html, type Markup } from "../../markup.ts";
import { explained } from "./glossary.ts";

/** A column of a table of rows `T`. */
export interface TableColumn<T> {
  readonly name: string;
  /** What it is, in words; default: what the glossary says of the name. */
  readonly title?: string;
  /** Classes of its cells: `number`, `wrap`... */
  readonly classes?: string;
  readonly show: (row: T) => Content;
  /** Attributes of a cell besides its class. */
  readonly data?: (row: T) => Attributes;
  /** Attributes of its heading. */
  readonly head?: Attributes;
}

/** A table. `label` says what it is to those who cannot see it. */
export function table<T>(
  {
    label,
    columns,
    rows,
    attributes: own = {},
    heading = explained,
    rowAttributes,
    below,
    save = true,
  }: {
    readonly label: string;
    readonly columns: readonly TableColumn<T>[];
    readonly rows: readonly T[];
    readonly attributes?: Attributes;
    /** Content of a heading. */
    readonly heading?: (name: string, title?: string) => Content;
    readonly rowAttributes?: (row: T) => Attributes;
    /** A second line of a row, over all columns, where there is something to say. */
    readonly below?: (row: T) => Content;
    /** Whether a button saves it; the page's script serves that. Default: true. */
    readonly save?: boolean;
  },
): Markup {
  const head = ({ name, title, classes, head }: TableColumn<T>) =>
    html`
      <th scope="col" ${attributes({ class: classes, ...head })}>${heading(name, title)}</th>
    `;
  const cell = ({ name, classes, show, data }: TableColumn<T>, row: T) =>
    html`<td${attributes({ class: classes, "data-name": name, ...data?.(row) })}>${show(row)}</td>`;
  const line = (row: T) => {
    const second = below?.(row) || undefined, given = rowAttributes?.(row) ?? {};
    return html`
      <tr${attributes({ ...given, class: second && "above" })}>${columns.map((column) =>
        cell(column, row)
      )}</tr>
      ${second && html`
        <tr class="below">
          <td colspan="${columns.length}">${second}</td>
        </tr>
      `}
    `;
  };
  return html`
    <div class="table">
      <table${attributes({ ...own, "aria-label": label })}>
        <thead>
          <tr>${columns.map(head)}</tr>
        </thead>
        <tbody>${rows.map(line)}</tbody>
        </table>
        ${save && html`<button type="button" class="save" data-file="${label}">CSV</button>`}
        </div>
  `;
}
