/** The sortable table of all runs. @module */
import { attributes, html, type Markup } from "../../markup.ts";
import { fixed, memory, short } from "../../number_format.ts";
import type { ComparedMetrics, Comparison, ComparisonRun } from "../comparison.ts";
import { distinct } from "../labels.ts";
import { verdictMark } from "./audit_table.ts";
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
    label: "Table of all runs",
    rows,
    columns: columns.map((column) => sortable(column, bestRows(rows, column))),
    attributes: { class: "sortable", id: "runs", "data-region": "head" },
    headingAttributes: { "aria-sort": "none" },
    rowAttributes: ({ run }) => ({ "data-mask": masks.indexOf(run.mask) }),
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

/** A column with a button to sort by it, and its best cells in bold. */
function sortable(column: Column, best: ReadonlySet<Row>): TableColumn<Row> {
  const { name, title, show, value } = column;
  return {
    ...column,
    title: undefined,
    name: html`<button type="button" ${attributes({ title })}>${name}</button>`,
    show: (row) => best.has(row) ? html`<strong>${show(row)}</strong>` : show(row),
    data: (row) => ({ "data-value": value(row) ?? "" }),
  };
}

const text = (name: string, value: (row: Row) => string): Column => ({ name, show: value, value });

type Show = (value: number | null) => string;

function columnsOf(inputs: readonly string[], rows: readonly Row[]): Column[] {
  return [
    text("Method", ({ label }) => label),
    text("Mask", ({ run }) => run.mask),
    number("R", "acceleration", (run) => run.acceleration, (value) => fixed(value, 2)),
    ...(inputs.length > 1 ? [text("Input", ({ run }) => inputs[run.input])] : []),
    ...metricColumns("head"),
    ...metricColumns("whole"),
    number("NFE", "network evaluations for a slice", (run) => run.nfe, String),
    number("Seconds", "for a slice, without compiling", (run) => run.seconds, short),
    number("Memory", "largest resident memory", (run) => run.peakMemory, memory),
    ...(rows.some(({ run }) => run.audit !== null) ? [AUDIT] : []),
    ...(rows.some(({ run }) => run.error !== null)
      ? [{ ...text("Failed", ({ run }) => run.error ?? ""), classes: "wrap" }]
      : []),
  ];
}

const AUDIT: Column = {
  name: "Audit",
  show: ({ run }) => run.audit === null ? "–" : verdictMark(run.audit.verdict),
  value: ({ run }) => run.audit?.verdict ?? "",
};

function number(
  name: string,
  title: string,
  of: (run: ComparisonRun) => number | null,
  show: Show,
): Column {
  const value = ({ run }: Row) => run.error === null ? of(run) : null;
  return {
    name,
    title,
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
      title: region === "head" ? "over the head" : "over the whole image",
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
