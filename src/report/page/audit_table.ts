/** The table of the audits, which judge an image without its reference. @module */
import { type Content, html, type Markup } from "../../markup.ts";
import { fixed, short } from "../../number_format.ts";
import type { Audit, ConsistencyBand, Verdict } from "../../recon/audit/audit.ts";
import type { Comparison } from "../comparison.ts";
import { table, type TableColumn } from "./table.ts";

/** Signs beside the words, so that verdicts differ in more than colour. */
const SIGNS: Readonly<Record<Verdict, string>> = {
  consistent: "●",
  suspicious: "▲",
  inconsistent: "■",
};

export function verdictMark(verdict: Verdict): Markup {
  return html`<span class="verdict ${verdict}"><span aria-hidden="true">${
    SIGNS[verdict]
  }</span> ${verdict}</span>`;
}

/** The sign of a doubtful verdict, with the reasons; nothing for a consistent run. */
export function doubtMark({ verdict, reasons }: Audit): Content {
  return verdict !== "consistent" && html`
    <span class="${verdict}" title="${verdict}: ${reasons.join("; ")}">
      <span aria-hidden="true">${SIGNS[verdict]}</span><span class="unseen">${verdict}</span>
    </span>
  `;
}

/** Table of the audits; undefined when there is none. */
export function auditTable(
  comparison: Comparison,
  labels: readonly string[],
): Markup | undefined {
  const rows = rowsOf(comparison, labels);
  if (rows.length === 0) return undefined;
  const columns: Column[] = [
    { name: "Method", show: ({ label }) => label },
    { name: "Mask", show: ({ mask }) => mask },
    ...comparison.inputs.length > 1 ? [INPUT] : [],
    ...COLUMNS.filter(({ shown }) => shown === undefined || rows.some(({ audit }) => shown(audit))),
  ];
  return table({ label: "Audits", columns, rows });
}

function rowsOf({ runs, inputs }: Comparison, labels: readonly string[]) {
  return runs.flatMap(({ audit, mask, input }, i) =>
    audit === null ? [] : [{ audit, mask, input: inputs[input].path, label: labels[i] }]
  );
}

interface Column extends TableColumn<ReturnType<typeof rowsOf>[number]> {
  /** Whether an audit has a value here; a column without any value is left out. */
  readonly shown?: (audit: Audit) => boolean;
}

const INPUT: Column = { name: "Input", classes: "wrap", show: ({ input }) => input };

const PREDICTIONS = [
  ["error", "held-out error", "squared error of held-out samples divided by the noise variance"],
  ["sense", "of sense", "held-out error of sense"],
  ["tv", "of tv", "held-out error of tv, for methods with a network"],
  ["expected", "expected", "held-out error that the spread of the posterior samples predicts"],
] as const;

const SPREADS = [
  ["mean", "spread", "mean standard deviation of the samples over the head, relative to its mean"],
  ["above", "above contrast", "part of the head where the spread exceeds the local contrast"],
] as const;

const COLUMNS: readonly Column[] = [
  {
    name: "Image",
    title: "whether the image agrees with the data and predicts as well as other methods",
    show: ({ audit }) => verdictMark(audit.image),
  },
  {
    name: "Data",
    title: "noise, coil maps and motion: the same for every method",
    show: ({ audit }) => verdictMark(audit.data),
  },
  {
    name: "χ²",
    title: "residual on the acquired samples divided by the noise: about 1 for noise alone",
    classes: "number",
    show: ({ audit }) => fixed(audit.consistency?.chiSquare, 2),
  },
  {
    name: "by distance",
    title: "chi-square from the centre of k-space outwards, as logarithmic bars from 1",
    show: ({ audit }) => bandChart(audit.consistency?.bands ?? []),
  },
  ...PREDICTIONS.map(([key, name, title]): Column => ({
    name,
    title,
    classes: "number",
    shown: ({ prediction }) => prediction !== null && prediction[key] !== null,
    show: ({ audit }) => fixed(audit.prediction?.[key], 2),
  })),
  ...SPREADS.map(([key, name, title]): Column => ({
    name,
    title,
    classes: "number",
    shown: ({ spread }) => spread !== null,
    show: ({ audit: { spread } }) => spread && `${short(100 * spread[key])} %`,
  })),
  {
    name: "Reasons",
    classes: "wrap",
    show: ({ audit }) => audit.reasons.map((reason) => html`<p>${reason}</p>`),
  },
];

const BAR = 9, HEIGHT = 19;
/** Chi-square (or one over it) whose bar takes the whole height: bars are logarithmic about 1. */
const FULL = 10;

/** Reduced chi-square by distance from the centre, as bars up or down from 1, logarithmic. */
function bandChart(bands: readonly ConsistencyBand[]): Markup | string {
  if (bands.length === 0) return "–";
  const middle = HEIGHT / 2, width = bands.length * BAR;
  const words = bands.map(({ from, to, chiSquare }) =>
    `${short(from)} to ${short(to)}: ${short(chiSquare)}`
  ).join("; ");
  const bars = bands.map(({ chiSquare }, i) => {
    const part = Math.log(Math.max(chiSquare, Number.MIN_VALUE)) / Math.log(FULL);
    const height = (middle - 1) * Math.min(1, Math.abs(part));
    const y = (part > 0 ? middle - height : middle).toFixed(1);
    return html`
      <rect x="${i * BAR + 1}" width="${BAR - 2}" y="${y}" height="${height.toFixed(1)}" />
    `;
  });
  return html`
    <svg class="bands c0" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}"
      role="img"
      aria-label="chi-square by distance, ${words}">
      <title>${words}</title>
      ${bars}
      <line x1="0" x2="${width}" y1="${middle}" y2="${middle}" />
    </svg>
  `;
}
