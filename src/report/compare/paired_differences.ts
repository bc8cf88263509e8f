/** "A is better than B", with evidence: differences of runs that share their data. @module */
import type { ComparedMetrics, ComparisonRun, PairedDifference } from "../comparison.ts";
import { distinct, runLabels } from "../labels.ts";
import { bootstrapDraws, bootstrapInterval, mean, standardDeviation } from "./statistics.ts";

/** Metrics that are compared. */
const METRICS = ["psnr", "ssim", "nmse", "haarpsi"] as const;

/** Metrics over the head of each unit (file or slice) by the unit's index. */
type Units = ReadonlyMap<number, ComparedMetrics>;

/** A method with its units. */
interface Subject {
  readonly label: string;
  readonly units: Units;
}

/**
 * The differences of every two methods under the same mask: over the files, or over the slices
 * where there is one file. Pairs of fewer than two units are left out, and so are failed runs.
 */
export function pairedDifferences(
  runs: readonly ComparisonRun[],
  inputs: number,
): PairedDifference[] {
  const over = inputs > 1 ? "files" : "slices";
  const labels = runLabels(runs);
  const draws = new Map<number, Uint32Array>();
  const interval = (values: readonly number[]) => {
    const own = draws.get(values.length) ?? bootstrapDraws(values.length);
    draws.set(values.length, own);
    return bootstrapInterval(values, own);
  };
  return distinct(runs.map(({ mask }) => mask)).flatMap((mask) => {
    const subjects = subjectsOf(runs.map((run, i) => ({ run, label: labels[i] })), mask, over);
    return subjects.flatMap((a, i) =>
      subjects.slice(i + 1).flatMap((b) =>
        METRICS.flatMap((metric) => difference(a, b, { mask, metric, over, interval }) ?? [])
      )
    );
  });
}

function subjectsOf(
  labelled: readonly { run: ComparisonRun; label: string }[],
  mask: string,
  over: PairedDifference["over"],
): Subject[] {
  const units = new Map<string, Map<number, ComparedMetrics>>();
  for (const { run, label } of labelled) {
    if (run.mask !== mask || run.head === null) continue;
    const own = units.get(label) ?? new Map<number, ComparedMetrics>();
    units.set(label, own);
    if (over === "files") own.set(run.input, run.head);
    else run.perSlice.forEach((metrics, slice) => own.set(slice, metrics));
  }
  return [...units].map(([label, own]) => ({ label, units: own }));
}

function difference(
  a: Subject,
  b: Subject,
  { interval, ...about }: Pick<PairedDifference, "mask" | "metric" | "over"> & {
    interval(values: readonly number[]): PairedDifference["interval"];
  },
): PairedDifference | undefined {
  const differences = [...a.units].flatMap(([unit, metrics]) => {
    const left = metrics[about.metric], right = b.units.get(unit)?.[about.metric] ?? null;
    return left === null || right === null ? [] : [left - right];
  });
  if (differences.length < 2) return undefined;
  return {
    ...about,
    a: a.label,
    b: b.label,
    count: differences.length,
    mean: mean(differences),
    std: standardDeviation(differences),
    interval: interval(differences),
  };
}
