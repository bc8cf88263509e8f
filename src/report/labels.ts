/** Names of runs for a reader: the method, and what distinguishes it from other runs. @module */
import type { ComparisonRun } from "./comparison.ts";

/** Details that may distinguish runs of one method, in the order in which they are named. */
const DETAILS: readonly ((run: ComparisonRun) => string)[] = [
  (run) => run.model?.name ?? "",
  (run) => `${run.steps} steps`,
  (run) => `${run.samples} samples`,
  (run) => `seed ${run.seed}`,
];

/** One label for each run, unique among the runs of its input and mask. */
export function runLabels(runs: readonly ComparisonRun[]): string[] {
  const groups = Map.groupBy(
    runs,
    ({ method, input, mask }) => JSON.stringify([method, input, mask]),
  );
  const needed = new Map<string, Set<number>>();
  for (const group of groups.values()) {
    const details = needed.get(group[0].method) ?? new Set();
    DETAILS.forEach((detail, i) => new Set(group.map(detail)).size > 1 && details.add(i));
    needed.set(group[0].method, details);
  }
  return runs.map((run) => {
    const details = DETAILS.filter((_, i) => needed.get(run.method)!.has(i));
    return [run.method, ...details.map((detail) => detail(run))].filter(Boolean).join(", ");
  });
}

/** The distinct values of a list, in order of appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
