/** `deno task cohort collect`: volumes, a table and a page from what is finished. @module */
import { basename, join } from "node:path";
import { collectCohort, collectedVolume } from "../../../cohort/collect.ts";
import { CohortFolder, jsonBytes } from "../../../cohort/folder.ts";
import { cohortPage, type Example } from "../../../cohort/page.ts";
import type { CohortResults, CohortRow } from "../../../cohort/results.ts";
import { cohortStatus } from "../../../cohort/status.ts";
import { InputError } from "../../../errors.ts";
import { writeFileWhole } from "../../../io/atomic.ts";
import { type NdArray, ndarray, partOf } from "../../../ndarray.ts";
import { inFreshFolder, jsonLine, writeText } from "../../files.ts";
import { command } from "../../options/help.ts";
import { COMMON } from "../../options/shared.ts";
import { option } from "../../options/table.ts";
import { path } from "../../options/values.ts";
import { cohortCsv, resultsText } from "../../render/cohort_results.ts";
import { previewPng } from "../../render/preview.ts";
import { ProgressLine } from "../../render/progress.ts";
import { oneFolder } from "./folder.ts";

export const collect = command({
  usage: "deno task cohort collect [DIR] [options]",
  about:
    "Makes volumes of what is finished (images/), a table of all files and methods (table.csv, " +
    "table.json) with the reasons where something is not there, statistics where the data are fully " +
    "sampled, and a page (report.html). Works at any time; what is there already is made anew. DIR is " +
    "what init wrote. Default: cohort",
  options: {
    output: option(
      "DIR",
      "folder of the results. Default: results in the folder of the cohort",
      path,
    ),
    ...COMMON,
  },
  examples: ["deno task cohort collect cohort"],
}, async ({ inputs, output, quiet, json }, { console, signal }) => {
  const folder = await CohortFolder.open(oneFolder(inputs, "collect"));
  const place = output ?? folder.at("results");
  const results = await inFreshFolder(place, async (partial) => {
    using progress = new ProgressLine(console, "cohort", { quiet });
    const results = await collectCohort(folder, partial, {
      signal,
      onRow: (slice, slices) =>
        progress.update({ stage: "collect", slice: slice - 1, slices, fraction: slice / slices }),
    });
    await writeText(join(partial, "table.csv"), cohortCsv(results.rows));
    await writeFileWhole(join(partial, "table.json"), jsonBytes(results));
    const status = await cohortStatus(folder);
    const page = cohortPage(
      basename(folder.path),
      results,
      status,
      await examplesOf(folder, results),
    );
    await writeText(join(partial, "report.html"), page);
    return results;
  });
  const { rows, differences } = results;
  const asked = { results: place, rows: rows.map(({ perSlice: _, ...row }) => row), differences };
  console.out(
    json ? jsonLine(asked) : `${resultsText(results)}\n  ${join(place, "report.html")}\n`,
  );
  return rows.every(({ state }) => state === "done") ? 0 : new InputError("").exitCode;
});

/** Most pictures of a page. */
const MOST_EXAMPLES = 12;

/** The worst, the median and the best volume of each method, by PSNR where it is known. */
async function examplesOf(folder: CohortFolder, { rows }: CohortResults): Promise<Example[]> {
  const chosen = [...Map.groupBy(rows, ({ method }) => method).values()].flatMap(extremes);
  const examples: Example[] = [];
  for (const { row, place } of chosen.slice(0, MOST_EXAMPLES)) {
    const volume = await collectedVolume(folder, row);
    if (volume === undefined) continue;
    const middle = (array: NdArray | undefined) => {
      if (array === undefined) return undefined;
      const { data, shape } = partOf(array, Math.floor(array.shape[0] / 2));
      return ndarray(data, [1, ...shape]);
    };
    const { magnitude, reference, std, geometry } = volume;
    const png = previewPng({
      magnitude: middle(magnitude)!,
      reference: middle(reference),
      std: middle(std),
      geometry,
      method: row.method!,
    });
    examples.push({ row, place, png });
  }
  return examples;
}

function extremes(rows: readonly CohortRow[]): { row: CohortRow; place: string }[] {
  const psnr = ({ head }: CohortRow) => head?.psnr ?? null;
  const measured = rows.filter((row) => psnr(row) !== null)
    .sort((a, b) => psnr(a)! - psnr(b)!);
  if (measured.length === 0) {
    return rows.filter(({ image }) => image !== null).slice(0, 1)
      .map((row) => ({ row, place: "the first" }));
  }
  if (measured.length === 1) return [{ row: measured[0], place: "the only one" }];
  const [worst, median, best] = [0, (measured.length - 1) / 2, measured.length - 1]
    .map((at) => measured[Math.floor(at)]);
  const named = new Map([[best, "the best"], [median, "the median"], [worst, "the worst"]]);
  return [...named].reverse().map(([row, place]) => ({ row, place }));
}
