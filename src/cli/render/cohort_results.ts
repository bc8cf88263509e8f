/** Results of a cohort as a table on the console, and as CSV. @module */
import type { CohortResults, CohortRow } from "../../cohort/results.ts";
import { fixed, signed } from "../../number_format.ts";
import { bestOf } from "../../report/compare/paired_differences.ts";
import { mean, standardDeviation } from "../../report/compare/statistics.ts";
import { textOf } from "../files.ts";
import { csv, METRICS, regionColumns, table } from "./compare_text.ts";

/** Most rows that are listed of those that are not there. */
const MOST_LISTED = 10;

export function resultsText({ rows, differences }: CohortResults): string {
  const methods = [...Map.groupBy(rows.filter(({ method }) => method !== null), (r) => r.method!)];
  const spread = (values: readonly number[], digits: number) =>
    values.length < 2
      ? fixed(values[0], digits)
      : `${mean(values).toFixed(digits)} ± ${standardDeviation(values).toFixed(digits)}`;
  const lines = methods.map(([method, own]) => [
    method,
    ...METRICS.map(({ name, digits }) =>
      spread(own.flatMap(({ head }) => head?.[name] ?? []), digits)
    ),
    `${own.filter(({ state }) => state === "done").length}`,
    `${own.length}`,
  ]);
  const head = ["method", ...METRICS.map(({ head }) => head), "done", "of"];
  const missing = rows.filter(({ state }) => state !== "done");
  const listed = missing.slice(0, MOST_LISTED).map(({ name, method, state, reason }) =>
    `  ${name}${method === null ? "" : `, ${method}`}: ${state}: ${reason}`
  );
  const more = missing.length - listed.length;
  return "Mean ± standard deviation over the files, head\n" + table(head, lines) +
    differencesText(differences) +
    textOf([...listed, ...more > 0 ? [`  and ${more} more in table.csv`] : []]);
}

function differencesText(differences: CohortResults["differences"]): string {
  const psnr = differences.filter(({ metric }) => metric === "psnr");
  if (psnr.length === 0) return "";
  const best = bestOf(psnr);
  return textOf(
    psnr.filter(({ a, b }) => a === best || b === best).map(
      ({ a, b, mean, interval, count, over }) => {
        const [other, sign] = a === best ? [b, 1] : [a, -1];
        const ends = interval.map((end) => sign * end).sort((low, high) => low - high);
        return `  PSNR of ${best} less that of ${other}: ${signed(sign * mean, 2)} dB ` +
          `(95 % ${ends.map((end) => signed(end, 2)).join(" to ")}, ${count} ${over})`;
      },
    ),
  );
}

/** table.csv: a line for each file and method, numbers in full. */
export function cohortCsv(rows: readonly CohortRow[]): string {
  const columns = new Set(rows.flatMap((row) => Object.keys(row.columns)));
  return csv(rows.map((row) => ({
    name: row.name,
    input: row.path,
    ...Object.fromEntries([...columns].map((column) => [column, row.columns[column]])),
    method: row.method,
    model: row.model,
    state: row.state,
    slices: row.slices,
    slices_done: row.done,
    reason: row.reason,
    steps: row.steps,
    samples: row.samples,
    nfe: row.nfe,
    acceleration: row.acceleration,
    seconds: row.seconds,
    cpu_seconds: row.cpuSeconds,
    peak_memory_bytes: row.peakMemory,
    ...regionColumns("head", row.head),
    ...regionColumns("whole", row.whole),
    chi_square: row.chiSquare,
    verdict: row.verdict,
    warnings: row.warnings.join(" "),
    image: row.image,
    std: row.std,
  })));
}
