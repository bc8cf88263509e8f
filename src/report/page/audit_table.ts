/** The audits, which judge images without their reference. @module */
import { type Content, html, type Markup } from "../../markup.ts";
import { fixed, short } from "../../number_format.ts";
import type { Audit, ConsistencyBand, Verdict } from "../../recon/audit/audit.ts";
import type { Comparison } from "../comparison.ts";
import { table, type TableColumn } from "./table.ts";

/** Signs beside the words, so that verdicts differ in more than colour; from the best to the worst. */
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

/** The sign of a doubtful verdict on an image, with the reasons; nothing for a consistent one. */
export function doubtMark(audit: Audit): Content {
  const { image } = audit;
  return image !== "consistent" && html`
    <span class="${image}" title="${image}: ${imageReasons(audit).join("; ")}">
      <span aria-hidden="true">${SIGNS[image]}</span><span class="unseen">${image}</span>
    </span>
  `;
}

/** Reasons about the image; those about the data are said once for all methods. */
function imageReasons({ reasons, dataReasons }: Audit): string[] {
  const ofData = new Set(dataReasons);
  return reasons.filter((reason) => !ofData.has(reason));
}

type Row = ReturnType<typeof rowsOf>[number];

/** What is said of the data under each mask, and a table of the images; undefined without audits. */
export function auditSection(
  comparison: Comparison,
  labels: readonly string[],
): Markup | undefined {
  const rows = rowsOf(comparison, labels);
  if (rows.length === 0) return undefined;
  const several = comparison.inputs.length > 1;
  const groups = Map.groupBy(rows, ({ mask, input }) => JSON.stringify([mask, input]));
  const columns: Column[] = [
    { name: "Method", show: ({ label }) => label },
    { name: "Mask", classes: "name mask", show: ({ mask }) => mask },
    ...several ? [INPUT] : [],
    ...COLUMNS.filter(({ shown }) => shown === undefined || rows.some(({ audit }) => shown(audit))),
  ];
  return html`
    <h3>The data</h3>
    <ul class="data">${[...groups.values()].map((group) => dataVerdict(group, several))}</ul>
    <h3>The images</h3>
    ${table({ label: "Audits", columns, rows, below: reasonsOf })}
  `;
}

/** What the audits say of the data that they share: the worst of their verdicts, with its reasons. */
function dataVerdict(group: readonly Row[], several: boolean): Markup {
  const order = Object.keys(SIGNS);
  const { audit, mask, input } = group.reduce((worst, row) =>
    order.indexOf(row.audit.data) > order.indexOf(worst.audit.data) ? row : worst
  );
  return html`
    <li><b>${mask}</b>${several && `, ${input}`}: ${verdictMark(audit.data)}${paragraphs(
      audit.dataReasons,
    )}</li>
  `;
}

function reasonsOf({ audit }: Row): Content {
  const reasons = imageReasons(audit);
  return reasons.length > 0 && paragraphs(reasons);
}

const paragraphs = (texts: readonly string[] = []) => texts.map((text) => html`<p>${text}</p>`);

function rowsOf({ runs, inputs }: Comparison, labels: readonly string[]) {
  return runs.flatMap(({ audit, mask, input }, i) =>
    audit === null ? [] : [{ audit, mask, input: inputs[input].path, label: labels[i] }]
  );
}

interface Column extends TableColumn<Row> {
  /** Whether an audit has a value here; a column without any value is left out. */
  readonly shown?: (audit: Audit) => boolean;
}

const INPUT: Column = { name: "Input", classes: "name", show: ({ input }) => input };

const PREDICTIONS = [
  ["error", "held-out error"],
  ["sense", "of sense"],
  ["tv", "of tv"],
  ["expected", "expected"],
] as const;

const SPREADS = [["mean", "spread"], ["above", "above contrast"]] as const;

const COLUMNS: readonly Column[] = [
  { name: "Image", show: ({ audit }) => verdictMark(audit.image) },
  {
    name: "χ²",
    classes: "number",
    show: ({ audit }) => fixed(audit.consistency?.chiSquare, 2),
  },
  { name: "by distance", show: ({ audit }) => bandChart(audit.consistency?.bands ?? []) },
  ...PREDICTIONS.map(([key, name]): Column => ({
    name,
    classes: "number",
    shown: ({ prediction }) => prediction !== null && prediction[key] !== null,
    show: ({ audit }) => fixed(audit.prediction?.[key], 2),
  })),
  ...SPREADS.map(([key, name]): Column => ({
    name,
    classes: "number",
    shown: ({ spread }) => spread !== null,
    show: ({ audit: { spread } }) => spread === null ? "–" : `${short(100 * spread[key])} %`,
  })),
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
