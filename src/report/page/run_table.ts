/** The sortable table of all runs. @module */
import { attributes, type Content, html, type Markup } from "../../markup.ts";
import { fixed, memory, short } from "../../number_format.ts";
import type { ComparedMetrics, Comparison, ComparisonRun } from "../comparison.ts";
import { distinct } from "../labels.ts";
import { verdictMark } from "./audit_table.ts";
import { meaning } from "./glossary.ts";
import { table, type TableColumn } from "./table.ts";

interface Row {
  readonly run: ComparisonRun;
  readonly label: string;
}

/** A column: what is shown, what is sorted by, and which end is best. */
interface Column extends TableColumn<Row> {
  readonly value: (row: Row) => string | number | null;
  readonly best?: "most" | "least";
}

/** Sortable table of all runs with its controls. `labels` holds one for each. */
export function runTable({ runs, inputs }: Comparison, labels: readonly string[]): Markup {
  const masks = distinct(runs.map(({ mask }) => mask));
  const rows = runs.map((run, i): Row => ({ run, label: labels[i] }));
  const columns = columnsOf(inputs.map(({ path }) => path), rows);
  const content = table({
    label: "All runs",
    rows,
    columns: columns.map((column) => sortable(column, bestRows(rows, column))),
    attributes: { class: "sortable", id: "runs", "data-region": "head" },
    heading: sortButton,
    rowAttributes: ({ run }) => ({ "data-mask": masks.indexOf(run.mask) }),
    below: remark,
  });
  return html`
    <p class="controls">
      <label>
        Metrics over
        <select id="table-region">
          <option value="head">the head</option>
          <option value="whole">the whole image</option>
        </select>
      </label>
      <label><input type="checkbox" id="table-mask"> only the mask shown above</label>
    </p>
    ${content}
  `;
}

function sortButton(name: string, title = meaning(name)): Markup {
  return html`
    <button type="button" ${attributes({ title })}>${name}</button>
  `;
}

/** A column to sort by, the best first, and its best cells in bold. */
function sortable(column: Column, best: ReadonlySet<Row>): TableColumn<Row> {
  const { show, value } = column;
  return {
    ...column,
    head: {
      "aria-sort": "none",
      "data-first": column.best === "most" ? "descending" : "ascending",
    },
    show: (row) => best.has(row) ? html`<strong>${show(row)}</strong>` : show(row),
    data: (row) => ({ "data-value": value(row) ?? "" }),
  };
}

const text = (name: string, value: (row: Row) => string): Column => (
  { name, classes: "name", show: value, value }
);

type Show = (value: number | null) => string;

function columnsOf(inputs: readonly string[], rows: readonly Row[]): Column[] {
  return [
    text("Method", ({ label }) => label),
    { ...text("Mask", ({ run }) => run.mask), classes: "name mask" },
    number("R", (run) => run.acceleration, (value) => fixed(value, 2)),
    ...(inputs.length > 1 ? [text("Input", ({ run }) => inputs[run.input])] : []),
    ...metricColumns("head"),
    ...metricColumns("whole"),
    // Of an image from elsewhere neither is known.
    number("NFE", ({ nfe, note }) => note === undefined ? nfe : null, String),
    number("Seconds", ({ seconds }) => seconds || null, short),
    number("Memory", ({ peakMemory }) => peakMemory, memory),
    ...(rows.some(({ run }) => run.audit !== null) ? [AUDIT] : []),
  ];
}

const VERDICTS = ["consistent", "suspicious", "inconsistent"];

const AUDIT: Column = {
  name: "Audit",
  show: ({ run }) => run.audit === null ? "–" : verdictMark(run.audit.image),
  value: ({ run }) => run.audit === null ? null : VERDICTS.indexOf(run.audit.image),
};

/** Why a run failed, or how an image from elsewhere was aligned and scaled. */
function remark({ run: { error, note } }: Row): Content {
  if (error !== null) return html`<span class="failure">failed</span> ${error}`;
  return note;
}

function number(
  name: string,
  of: (run: ComparisonRun) => number | null,
  show: Show,
): Column {
  const value = ({ run }: Row) => run.error === null ? of(run) : null;
  return {
    name,
    classes: "number",
    value,
    show: (row) => value(row) === null ? "–" : show(value(row)),
  };
}

const METRICS: readonly (readonly [string, keyof ComparedMetrics, Column["best"], Show])[] = [
  ["PSNR (dB)", "psnr", "most", (value) => fixed(value, 2)],
  ["SSIM", "ssim", "most", (value) => fixed(value, 4)],
  ["NMSE", "nmse", "least", short],
  ["HaarPSI", "haarpsi", "most", (value) => fixed(value, 4)],
];

function metricColumns(region: "head" | "whole"): Column[] {
  return METRICS.map(([name, key, best, show]) => {
    // PSNR is null for an image without error: infinite.
    const value = ({ run }: Row) => run[region] === null ? null : run[region][key] ?? Infinity;
    return {
      name,
      title: `${meaning(name)}; over the ${region === "head" ? "head" : "whole image"}`,
      classes: `number ${region}`,
      best,
      value,
      show: (row) => value(row) === Infinity ? "∞" : show(value(row)),
    };
  });
}

/** The best row for each input and mask; none where it is alone. */
function bestRows(rows: readonly Row[], { best, value }: Column): Set<Row> {
  if (best === undefined) return new Set();
  const sign = best === "most" ? 1 : -1;
  const score = (row: Row) => sign * Number(value(row));
  const scored = rows.filter((row) => typeof value(row) === "number");
  const groups = Map.groupBy(scored, ({ run }) => JSON.stringify([run.input, run.mask]));
  return new Set([...groups.values()].flatMap((group) => {
    const top = Math.max(...group.map(score));
    return group.length > 1 ? group.filter((row) => score(row) === top) : [];
  }));
}
