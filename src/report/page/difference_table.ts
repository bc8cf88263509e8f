/** Paired differences with their intervals, as a table with a forest plot. @module */
import { attributes, html, type Markup } from "../../markup.ts";
import { short, signed } from "../../number_format.ts";
import type { Comparison, PairedDifference } from "../comparison.ts";
import { bestOf } from "../compare/paired_differences.ts";
import { distinct } from "../labels.ts";
import { table, type TableColumn } from "./table.ts";

const METRICS = {
  psnr: { name: "PSNR (dB)", digits: 2, sign: 1 },
  ssim: { name: "SSIM", digits: 4, sign: 1 },
  nmse: { name: "NMSE", digits: 5, sign: -1 },
  haarpsi: { name: "HaarPSI", digits: 4, sign: 1 },
} as const;

const WIDTH = 160, HEIGHT = 16;

/** The differences with controls to choose among them; undefined when there is none. */
export function differenceTable({ differences, runs }: Comparison): Markup | undefined {
  if (differences.length === 0) return undefined;
  const masks = distinct(runs.map(({ mask }) => mask));
  const names = distinct(differences.flatMap(({ a, b }) => [a, b]));
  // At first the best method beside each other, which is also what is printed.
  const best = bestOf(differences.filter(({ metric }) => metric === "psnr"));
  const metrics = distinct(differences.map(({ metric }) => metric));
  return html`
    <p class="controls">
      <label>Metric <select id="pair-metric">${metrics.map(metricOption)}</select></label>
      <label>
        Method
        <select id="pair-method">
          <option value="">all pairs</option>
          ${names.map((name) =>
            html`<option${attributes({ selected: name === best })}>${name}</option>`
          )}
        </select>
      </label>
    </p>
    ${table({
      label: "Paired differences",
      rows: differences,
      attributes: { id: "pairs" },
      rowAttributes: ({ mask, metric, a, b }) => ({
        "data-mask": masks.indexOf(mask),
        "data-metric": metric,
        "data-a": a,
        "data-b": b,
      }),
      columns: differenceColumns(differences),
    })}
  `;
}

/** The columns of a table of differences. */
export function differenceColumns(
  differences: readonly PairedDifference[],
): TableColumn<PairedDifference>[] {
  const digits = ({ metric }: PairedDifference) => METRICS[metric].digits;
  return [
    { name: "A", classes: "name", show: ({ a }) => a },
    { name: "B", classes: "name", show: ({ b }) => b },
    { name: "Mask", classes: "name mask", show: ({ mask }) => mask },
    { name: "Metric", show: ({ metric }) => METRICS[metric].name },
    {
      name: "mean of A − B",
      classes: "number",
      data: ({ std }) => ({ title: `standard deviation ${short(std)}` }),
      show: (row) => signed(row.mean, digits(row)),
    },
    {
      name: "95 % interval",
      classes: "wide",
      show: (row) => {
        const [low, high] = row.interval.map((value) => signed(value, digits(row)));
        return html`${forest(row, reach(differences, row.metric))}
          <span class="interval">${low} to ${high}</span>`;
      },
    },
    { name: "n", classes: "number", show: ({ count, over }) => `${count} ${over}` },
    { name: "says", show: conclusion },
  ];
}

function metricOption(metric: PairedDifference["metric"]): Markup {
  return html`<option value="${metric}">${METRICS[metric].name}</option>`;
}

/** The largest end of any interval of a metric: all are drawn on one scale. */
function reach(differences: readonly PairedDifference[], metric: string): number {
  const ends = differences.filter((d) => d.metric === metric).flatMap(({ interval }) => interval);
  return Math.max(...ends.map(Math.abs)) || 1;
}

function conclusion({ metric, a, b, interval: [low, high] }: PairedDifference): Markup | string {
  if (low <= 0 && high >= 0) return "no difference shown";
  const better = (low > 0) === (METRICS[metric].sign > 0) ? a : b;
  return html`<strong>${better}</strong> is better`;
}

function forest({ mean, interval: [low, high] }: PairedDifference, most: number): Markup {
  const at = (value: number) => (WIDTH / 2 * (1 + 0.96 * value / most)).toFixed(1);
  const middle = HEIGHT / 2;
  return html`
    <svg class="forest" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"
      aria-hidden="true">
      <line class="zero" x1="${at(0)}" x2="${at(0)}" y1="0" y2="${HEIGHT}" />
      <line x1="${at(low)}" x2="${at(high)}" y1="${middle}" y2="${middle}" />
      <circle cx="${at(mean)}" cy="${middle}" r="3" />
    </svg>
  `;
}
