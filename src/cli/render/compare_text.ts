/** Comparisons as tables: on the console, and as CSV. @module */
import type { ComparedMetrics, Comparison, ComparisonRun } from "../../report/comparison.ts";
import { fixed, short, signed } from "../../number_format.ts";
import { distinct, runLabels } from "../../report/labels.ts";
import { bestOf } from "../../report/compare/paired_differences.ts";
import { mean, standardDeviation } from "../../report/compare/statistics.ts";

interface Labelled {
  readonly run: ComparisonRun;
  readonly label: string;
}

/** The metrics, the heads of their columns, and the digits that are shown. */
export const METRICS = [
  { name: "psnr", head: "PSNR", digits: 2 },
  { name: "ssim", head: "SSIM", digits: 4 },
  { name: "nmse", head: "NMSE", digits: 5 },
  { name: "haarpsi", head: "HaarPSI", digits: 4 },
] as const;
const HEAD = METRICS.map(({ head }) => head);
/** Columns that are texts; numbers stand at the right. */
const TEXTS = ["method", "audit", "mask", "A", "B"];

export function comparisonText(comparison: Comparison): string {
  const { inputs, runs } = comparison;
  const labels = runLabels(runs);
  const labelled = runs.map((run, i) => ({ run, label: labels[i] }));
  const masks = distinct(runs.map(({ mask }) => mask));
  const tables = inputs.flatMap(({ path }, input) =>
    masks.map((mask) => {
      const rows = labelled.filter(({ run }) => run.input === input && run.mask === mask);
      if (rows.length === 0) return "";
      const sampling = mask === "data" ? "as acquired" : mask;
      const title = `${path}, ${sampling} (${rows[0].run.acceleration.toFixed(2)}-fold)\n`;
      const starred = HEAD.map((name) => `${name}*`);
      const remarks = rows.map(({ run: { error, note }, label }) =>
        (error ?? note) && `  ${label}: ${error ?? note}\n`
      );
      const columns = ["method", ...HEAD, ...starred, "NFE", "s/slice", "MB", "audit"];
      return title + table(columns, rows.map(runCells)) + remarks.join("");
    })
  );
  const legend = runs.some(({ head }) => head !== null)
    ? "PSNR (dB), SSIM, NMSE, HaarPSI over the head; * over the whole image\n"
    : "No metrics: the input is not fully sampled\n";
  const summary = inputs.length > 1 ? meansText(labelled, masks) : "";
  return [...tables, legend, summary, differencesText(comparison)]
    .filter((part) => part !== "").join("\n");
}

function runCells({ run, label }: Labelled): string[] {
  if (run.error !== null) return [label, "failed"];
  const { note, seconds, peakMemory, audit } = run;
  const nfe = note === undefined ? run.nfe : null;
  return [
    label,
    ...metricCells(run.head),
    ...metricCells(run.whole),
    fixed(nfe, 0),
    short(seconds || null),
    peakMemory === null ? fixed(null, 0) : String(Math.round(peakMemory / 1e6)),
    audit?.verdict ?? fixed(null, 0),
  ];
}

function metricCells(metrics: ComparedMetrics | null): string[] {
  return METRICS.map(({ name, digits }) => fixed(metrics && metrics[name], digits));
}

/** Mean and standard deviation over the files. */
function meansText(labelled: readonly Labelled[], masks: readonly string[]): string {
  const rows = masks.flatMap((mask) => {
    const own = Map.groupBy(
      labelled.filter(({ run }) => run.mask === mask && run.head !== null),
      ({ label }) => label,
    );
    return [...own].map(([label, group]) => {
      const cells = METRICS.map(({ name, digits }) => {
        const values = group.flatMap(({ run }) => run.head?.[name] ?? []);
        if (values.length < 2) return fixed(values[0], digits);
        return `${mean(values).toFixed(digits)} ± ${standardDeviation(values).toFixed(digits)}`;
      });
      return [mask, label, ...cells, String(group.length)];
    });
  });
  return "Mean ± standard deviation over the files, head\n" +
    table(["mask", "method", ...HEAD, "files"], rows);
}

/** Differences in PSNR from the method that is best on average, for each mask. */
function differencesText({ differences, runs }: Comparison): string {
  const psnr = differences.filter(({ metric }) => metric === "psnr");
  if (psnr.length === 0) return "";
  const rows = distinct(psnr.map(({ mask }) => mask)).flatMap((mask) => {
    const own = psnr.filter((difference) => difference.mask === mask);
    const best = bestOf(own);
    return own.filter(({ a, b }) => a === best || b === best).map((difference) => {
      const { a, b, mean, interval: [low, high], count, over } = difference;
      const [other, gain, ends] = a === best ? [b, mean, [low, high]] : [a, -mean, [-high, -low]];
      const interval = ends.map((end) => signed(end, 2)).join(" to ");
      return [mask, best, other, signed(gain, 2), interval, `${count} ${over}`];
    });
  });
  const failed = runs.some(({ error }) => error !== null) ? ", failed runs left out" : "";
  return `PSNR of the best method A less that of B, 95 % bootstrap interval${failed}\n` +
    table(["mask", "A", "B", "A - B", "interval", "n"], rows);
}

/** Aligned columns, texts at the left and numbers at the right, without trailing spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const cell = (text: string, i: number) =>
    TEXTS.includes(head[i]) ? text.padEnd(widths[i]) : text.padStart(widths[i]);
  return lines.map((line) => `  ${line.map(cell).join("  ").trimEnd()}\n`).join("");
}

/** compare.csv: a line for each run, numbers in full. */
export function comparisonCsv({ inputs, runs }: Comparison): string {
  return csv(runs.map((run) => ({
    input: inputs[run.input].path,
    mask: run.mask,
    acceleration: run.acceleration,
    method: run.method,
    model: run.model?.name,
    seed: run.seed,
    steps: run.steps,
    samples: run.samples,
    nfe: run.nfe,
    seconds_per_slice: run.seconds || null,
    peak_memory_bytes: run.peakMemory,
    ...regionColumns("head", run.head),
    ...regionColumns("whole", run.whole),
    chi_square: run.audit?.consistency?.chiSquare,
    prediction_error: run.audit?.prediction?.error,
    verdict: run.audit?.verdict,
    error: run.error,
    note: run.note,
    image: run.files.recon,
  })));
}

export function regionColumns(region: "head" | "whole", metrics: ComparedMetrics | null) {
  return Object.fromEntries(METRICS.map(({ name }) => [`${region}_${name}`, metrics?.[name]]));
}

/** Rows of the same columns as CSV (RFC 4180): cells quoted where needed, quotes doubled. */
export function csv(
  rows: readonly Readonly<Record<string, string | number | null | undefined>>[],
): string {
  const cell = (value: string | number | null | undefined) => {
    const text = String(value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  return lines.map((line) => `${line.map(cell).join(",")}\n`).join("");
}
