/** "A is better than B", with evidence: differences of runs that share their data. @module */
import type { ComparedMetrics, ComparisonRun, PairedDifference } from "../comparison.ts";
import { distinct, type Labelled, runLabels } from "../labels.ts";
import { bootstrapDraws, bootstrapInterval, mean, standardDeviation } from "./statistics.ts";

const METRICS = ["psnr", "ssim", "nmse", "haarpsi"] as const;

/** Metrics over the head of each unit (file or slice) by the unit's index. */
type Units = Map<number, ComparedMetrics>;

/**
 * The differences of every two methods under the same mask: over the files, or over the slices
 * where there is one file. Pairs of fewer than two units are left out, and so are failed runs.
 */
export function pairedDifferences(
  runs: readonly (Labelled & Pick<ComparisonRun, "head" | "perSlice">)[],
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
    const methods = new Map<string, Units>();
    runs.forEach((run, i) => {
      if (run.mask !== mask || run.head === null) return;
      const units: Units = methods.get(labels[i]) ?? new Map();
      methods.set(labels[i], units);
      if (over === "files") units.set(run.input, run.head);
      else run.perSlice.forEach((metrics, slice) => units.set(slice, metrics));
    });
    return pairs([...methods]).flatMap(([[a, left], [b, right]]) =>
      METRICS.flatMap((metric) => {
        const values = differences(left, right, metric);
        if (values.length < 2) return [];
        const spread = { std: standardDeviation(values), interval: interval(values) };
        return [{ mask, metric, over, a, b, count: values.length, mean: mean(values), ...spread }];
      })
    );
  });
}

function pairs<T>(items: readonly T[]): (readonly [T, T])[] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b] as const));
}

/** a - b for each unit where both have the metric. */
function differences(a: Units, b: Units, metric: PairedDifference["metric"]): number[] {
  return [...a].flatMap(([unit, metrics]) => {
    const left = metrics[metric], right = b.get(unit)?.[metric] ?? null;
    return left === null || right === null ? [] : [left - right];
  });
}

/** The method that no other exceeds on average. */
export function bestOf(differences: readonly PairedDifference[]): string {
  const names = distinct(differences.flatMap(({ a, b }) => [a, b]));
  const loses = (name: string) =>
    differences.some(({ a, b, mean }) => (a === name && mean < 0) || (b === name && mean > 0));
  return names.find((name) => !loses(name)) ?? names[0];
}
