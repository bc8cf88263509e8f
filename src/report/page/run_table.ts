/** The table of all runs, made to be sorted. @module */
import type { ComparedMetrics, Comparison, ComparisonRun } from "../comparison.ts";
import { fixed, memory, short } from "../../number_format.ts";
import { distinct } from "../labels.ts";
import { attribute, html, type Markup } from "../../markup.ts";
import { verdictMark } from "./audit_table.ts";

/** A row: a run with its label. */
interface Row {
  readonly run: ComparisonRun;
  readonly label: string;
}

/** A column: what is shown, what is sorted by, and which end is best. */
interface Column {
  readonly name: string;
  readonly title?: string;
  readonly numeric: boolean;
  /** Whether its text may take several lines. */
  readonly wraps?: boolean;
  readonly show: (row: Row) => Markup | string;
  readonly value: (row: Row) => string | number | null;
  /** Region of metrics; columns of the region not chosen are hidden. */
  readonly region?: "head" | "whole";
  readonly best?: "most" | "least";
}

const REGIONS = ["head", "whole"] as const;

/** Sortable table of all runs. `labels` holds one for each. */
export function runTable({ runs, inputs }: Comparison, labels: readonly string[]): Markup {
  const masks = distinct(runs.map(({ mask }) => mask));
  const rows = runs.map((run, i): Row => ({ run, label: labels[i] }));
  const columns = columnsOf(inputs.map(({ path }) => path), rows);
  const best = columns.map((column) => bestRows(rows, column));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Table of all runs">
      <table class="sortable" id="runs" data-region="head">
        <thead>
          <tr>${columns.map(heading)}</tr>
        </thead>
        <tbody>${rows.map((row) =>
          html`
            <tr data-mask="${masks.indexOf(row.run.mask)}">
              ${columns.map((column, i) => cell(column, row, best[i].has(row)))}
            </tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}

function heading(column: Column): Markup {
  const { name, title } = column;
  return html`
    <th scope="col" aria-sort="none" ${attribute("class", classes(column))}>
      <button type="button" ${attribute("title", title)}>${name}</button>
    </th>
  `;
}

function cell(column: Column, row: Row, best: boolean): Markup {
  const text = column.show(row);
  return html`
    <td ${attribute("class", classes(column))} data-value="${column.value(row)}">${best
      ? html`<strong>${text}</strong>`
      : text}</td>
  `;
}

function classes({ numeric, region, wraps }: Column): string | undefined {
  const names = [numeric && "number", region, wraps && "wrap"];
  return names.filter((name) => typeof name === "string").join(" ") || undefined;
}

function columnsOf(inputs: readonly string[], rows: readonly Row[]): Column[] {
  const text = (name: string, value: (row: Row) => string): Column => (
    { name, numeric: false, show: value, value }
  );
  return [
    text("Method", ({ label }) => label),
    text("Mask", ({ run }) => run.mask),
    number("R", "acceleration", (run) => run.acceleration, (value) => fixed(value, 2)),
    ...(inputs.length > 1 ? [text("Input", ({ run }) => inputs[run.input])] : []),
    ...REGIONS.flatMap(metricColumns),
    number("NFE", "network evaluations for a slice", (run) => run.nfe, String),
    number("Seconds", "for a slice, without compiling", (run) => run.seconds, short),
    number("Memory", "largest resident memory", (run) => run.peakMemory, memory),
    ...(rows.some(({ run }) => run.audit !== null) ? [AUDIT] : []),
    ...(rows.some(({ run }) => run.error !== null)
      ? [{ ...text("Failed", ({ run }) => run.error ?? ""), wraps: true }]
      : []),
  ];
}

const AUDIT: Column = {
  name: "Audit",
  numeric: false,
  show: ({ run }) => run.audit === null ? "–" : verdictMark(run.audit.verdict),
  value: ({ run }) => run.audit?.verdict ?? "",
};

function number(
  name: string,
  title: string,
  of: (run: ComparisonRun) => number | null,
  show: (value: number | null) => string,
): Column {
  const value = ({ run }: Row) => run.error === null ? of(run) : null;
  return {
    name,
    title,
    numeric: true,
    value,
    show: (row) => value(row) === null ? "–" : show(value(row)),
  };
}

function metricColumns(region: "head" | "whole"): Column[] {
  const metric = (
    name: string,
    key: keyof ComparedMetrics,
    best: "most" | "least",
    show: (value: number | null) => string,
  ): Column => {
    // PSNR is null for an image without error: infinite.
    const of = ({ run }: Row) => run[region] === null ? null : run[region][key] ?? Infinity;
    return {
      name,
      title: region === "head" ? "over the head" : "over the whole image",
      numeric: true,
      region,
      best,
      value: of,
      show: (row) => of(row) === Infinity ? "∞" : show(of(row)),
    };
  };
  return [
    metric("PSNR (dB)", "psnr", "most", (value) => fixed(value, 2)),
    metric("SSIM", "ssim", "most", (value) => fixed(value, 4)),
    metric("NMSE", "nmse", "least", short),
    metric("HaarPSI", "haarpsi", "most", (value) => fixed(value, 4)),
  ];
}

/** The best row for each input and mask. */
function bestRows(rows: readonly Row[], { best, value }: Column): Set<Row> {
  const winners = new Set<Row>();
  if (best === undefined) return winners;
  const sign = best === "most" ? 1 : -1;
  const groups = Map.groupBy(rows, ({ run }) => JSON.stringify([run.input, run.mask]));
  for (const group of groups.values()) {
    const scored = group.map((row) => ({ row, score: value(row) }))
      .filter(({ score }) => typeof score === "number")
      .map(({ row, score }) => ({ row, score: sign * Number(score) }));
    const top = Math.max(...scored.map(({ score }) => score));
    if (scored.length > 1) {
      scored.filter(({ score }) => score === top).forEach(({ row }) => winners.add(row));
    }
  }
  return winners;
}
