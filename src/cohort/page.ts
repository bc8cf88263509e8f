/** report.html of a cohort: one page that loads nothing. @module */
import { Buffer } from "node:buffer";
import { html, type Markup } from "../markup.ts";
import { fixed, memory, short } from "../number_format.ts";
import { mean, standardDeviation } from "../report/compare/statistics.ts";
import { distinct } from "../report/labels.ts";
import { verdictMark } from "../report/page/audit_table.ts";
import { differenceColumns } from "../report/page/difference_table.ts";
import { pageHead, section } from "../report/page/frame.ts";
import { table, type TableColumn } from "../report/page/table.ts";
import type { CohortResults, CohortRow } from "./results.ts";
import type { CohortStatus } from "./status.ts";

/** A picture of a row. */
export interface Example {
  readonly row: CohortRow;
  /** Why it is shown: the best, the median, the worst. */
  readonly place: string;
  readonly png: Uint8Array;
}

/** Most rows of the table of files; table.csv has all. */
const MOST_ROWS = 500;
/** Most rows of those that are not there. */
const MOST_MISSING = 200;

const METRICS = [
  ["PSNR (dB)", "psnr", 2],
  ["SSIM", "ssim", 4],
  ["NMSE", "nmse", 5],
  ["HaarPSI", "haarpsi", 4],
] as const;

/** Renders the page of a cohort. */
export function cohortPage(
  name: string,
  results: CohortResults,
  status: CohortStatus,
  examples: readonly Example[],
): string {
  const title = `Cohort ${name}`;
  const missing = results.rows.filter(({ state }) => state !== "done");
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        ${pageHead(title)}
      </head>
      <body>
        <main>
          <header>
            <p class="kicker">Larmor ${results.software.version}</p>
            <h1>${title}</h1>
            <p class="lede">${summary(results, status)}</p>
          </header>
          ${section("methods", "Methods", methodTable(results.rows))}
          ${section("differences", "Paired differences", differences(results))}
          ${section("missing", "Not there, or not whole", missingTable(missing))}
          ${section("doubted", "Doubted by the audit", doubtedTable(results.rows))}
          ${section("examples", "Examples", exampleFigures(examples))}
          ${section("cost", "Time and memory", cost(status))}
          ${section("files", "Files", fileTable(results.rows))}
          ${section("again", "Run it again", again(results))}
        </main>
      </body>
    </html>
  `.text.trim() + "\n";
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function summary({ rows, device, otherCommits }: CohortResults, { slices }: CohortStatus): string {
  const files = distinct(rows.map(({ name }) => name)).length;
  const methods = distinct(rows.flatMap(({ method }) => method ?? [])).length;
  const of = (state: CohortRow["state"]) => rows.filter((row) => row.state === state).length;
  return [
    `${count(files, "file")} and ${count(methods, "method")} on ${device}`,
    `${slices.done} of ${count(slices.all, "slice")} done`,
    ...of("incomplete") > 0 ? [`${count(of("incomplete"), "volume")} with slices that failed`] : [],
    ...of("failed") > 0 ? [`${count(of("failed"), "volume")} failed`] : [],
    ...of("refused") > 0 ? [`${count(of("refused"), "file")} could not be read`] : [],
    ...of("unfinished") > 0 ? [`${count(of("unfinished"), "volume")} not finished`] : [],
    ...otherCommits.length > 0 ? ["several commits of Larmor worked on it"] : [],
  ].join("; ") + ".";
}

/** Mean and standard deviation over the files. */
function methodTable(rows: readonly CohortRow[]): Markup | undefined {
  const methods = [...Map.groupBy(rows.filter(({ method }) => method !== null), (r) => r.method!)];
  if (methods.length === 0) return undefined;
  type Group = readonly [string, readonly CohortRow[]];
  const metrics = METRICS.map(([name, key, digits]): TableColumn<Group> => ({
    name,
    classes: "number",
    show: ([, own]) => spread(own.flatMap(({ head }) => head?.[key] ?? []), digits),
  }));
  return table<Group>({
    label: "Methods",
    rows: methods,
    columns: [
      { name: "Method", classes: "name", show: ([method]) => method },
      ...rows.some(({ head }) => head !== null) ? metrics : [],
      { name: "volumes", classes: "number", show: ([, own]) => volumesText(own) },
      { name: "χ²", classes: "number", show: ([, own]) => spread(known(own, "chiSquare"), 2) },
      {
        name: "s/slice",
        title: "seconds of one process for a slice, all included",
        classes: "number",
        show: ([, own]) => perSlice(own, ({ seconds }) => seconds),
      },
      {
        name: "CPU s/slice",
        title: "seconds of the processor for a slice, all threads together",
        classes: "number",
        show: ([, own]) => perSlice(own, ({ cpuSeconds }) => cpuSeconds),
      },
      {
        name: "Memory",
        title: "highest resident memory of a process",
        classes: "number",
        show: ([, own]) => memory(maximum(known(own, "peakMemory"))),
      },
    ],
    save: false,
  });
}

/** The mean over slices that are there; a dash where none is. */
const perSlice = (rows: readonly CohortRow[], of: (row: CohortRow) => number) => {
  const done = sum(rows, (row) => row.done);
  return short(done > 0 ? sum(rows, of) / done : null);
};

const volumesText = (rows: readonly CohortRow[]) =>
  `${rows.filter(({ state }) => state === "done").length} of ${rows.length}`;

const known = (rows: readonly CohortRow[], key: "chiSquare" | "peakMemory") =>
  rows.flatMap((row) => row[key] ?? []);

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);

const maximum = (values: readonly number[]) => values.length > 0 ? Math.max(...values) : null;

function spread(values: readonly number[], digits: number): string {
  if (values.length < 2) return fixed(values[0], digits);
  return `${mean(values).toFixed(digits)} ± ${standardDeviation(values).toFixed(digits)}`;
}

function differences({ differences }: CohortResults): Markup | undefined {
  if (differences.length === 0) return undefined;
  return html`
    ${table({
      label: "Paired differences",
      rows: differences,
      columns: differenceColumns(differences).filter(({ name }) => name !== "Mask"),
      save: false,
    })}
    <p class="note">Over the head; interval: 95 % bootstrap of the mean.</p>
  `;
}

const FILE: TableColumn<CohortRow> = {
  name: "File",
  classes: "name wrap",
  data: ({ path }) => ({ title: path }),
  show: ({ name }) => name,
};
const METHOD: TableColumn<CohortRow> = {
  name: "Method",
  classes: "name",
  show: ({ method }) => method ?? "–",
};
const STATE: TableColumn<CohortRow> = {
  name: "State",
  show: ({ state, done, slices }) =>
    state === "done" || state === "refused" ? state : `${state}, ${done} of ${slices}`,
};

function missingTable(rows: readonly CohortRow[]): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`
    ${table({
      label: "Not there, or not whole",
      rows: rows.slice(0, MOST_MISSING),
      columns: [FILE, METHOD, STATE, { name: "Why", classes: "wrap", show: (row) => row.reason }],
      save: false,
    })}
    ${more(rows, MOST_MISSING)}
  `;
}

function more(rows: readonly CohortRow[], shown: number): Markup | undefined {
  const left = rows.length - shown;
  return left > 0 ? html`<p class="note">And ${left} more in table.csv.</p>` : undefined;
}

function doubtedTable(rows: readonly CohortRow[]): Markup | undefined {
  const doubted = rows.filter(({ verdict }) => verdict !== null && verdict !== "consistent");
  if (doubted.length === 0) return undefined;
  return html`
    ${table({
      label: "Doubted by the audit",
      rows: doubted.slice(0, MOST_MISSING),
      columns: [
        FILE,
        METHOD,
        { name: "Audit", show: ({ verdict }) => verdictMark(verdict!) },
        { name: "χ²", classes: "number", show: ({ chiSquare }) => fixed(chiSquare, 2) },
      ],
      save: false,
    })}
    ${more(doubted, MOST_MISSING)}
  `;
}

function exampleFigures(examples: readonly Example[]): Markup | undefined {
  if (examples.length === 0) return undefined;
  return html`${
    examples.map(({ row, place, png }) =>
      html`
        <figure>
          <figcaption>${row.name}, ${row.method}: ${place}${row.head?.psnr == null
            ? ""
            : `, ${row.head.psnr.toFixed(2)} dB`}</figcaption>
          <img src="data:image/png;base64,${base64(png)}" alt="middle slice of ${row.name}">
        </figure>
      `
    )
  }`;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

function cost({ hours, memory: used, slices }: CohortStatus): Markup {
  const each = slices.done > 0 ? 3600 * hours.measured / slices.done : null;
  const ten = each === null ? null : each * 10_000 / 3600;
  return html`
    <p class="caption">
      ${slices.done} slices took ${short(hours.measured)} hours of one process
      (${short(hours.predicted)} predicted), ${short(each)} s a slice: ten thousand such slices take
      ${short(ten)} hours, divided by the number of processes. A process took at most
      ${memory(used.measured)} of memory (${memory(used.predicted)} predicted).
    </p>
  `;
}

function fileTable(rows: readonly CohortRow[]): Markup {
  const metrics = METRICS.slice(0, 2).map(([name, key, digits]): TableColumn<CohortRow> => ({
    name,
    classes: "number",
    show: ({ head }) => fixed(head && head[key], digits),
  }));
  return html`
    ${table({
      label: "Files",
      rows: rows.slice(0, MOST_ROWS),
      columns: [
        FILE,
        METHOD,
        STATE,
        ...rows.some(({ head }) => head !== null) ? metrics : [],
        { name: "Audit", show: ({ verdict }) => verdict === null ? "–" : verdictMark(verdict) },
        {
          name: "Seconds",
          title: "of one process",
          classes: "number",
          show: (r) => short(r.seconds),
        },
        { name: "Memory", classes: "number", show: ({ peakMemory }) => memory(peakMemory) },
      ],
      save: false,
    })}
    ${more(rows, MOST_ROWS)}
  `;
}

const again = ({ command, software, convention, threads }: CohortResults) =>
  html`
    <pre>larmor ${command.join(" ")}</pre>
    <p class="note">
      Commit ${software.commit ?? "unknown"}, ${software.runtime}, ${software.platform},
      ${count(threads, "thread")} for a process. ${convention}.
    </p>
  `;
