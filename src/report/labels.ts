/** Names of runs for a reader: the method, and what distinguishes it from other runs. @module */
import type { ComparisonRun } from "./comparison.ts";

/** What labels are made of. */
export type Labelled = Pick<
  ComparisonRun,
  "method" | "input" | "mask" | "model" | "steps" | "samples" | "seed"
>;

/** Details that may distinguish runs of one method, in the order in which they are named. */
const DETAILS: readonly ((run: Labelled) => string)[] = [
  (run) => run.model?.name ?? "",
  (run) => `${run.steps} steps`,
  (run) => `${run.samples} samples`,
  (run) => `seed ${run.seed}`,
];

/** One label for each run, unique among the runs of its input and mask. */
export function runLabels(runs: readonly Labelled[]): string[] {
  const key = ({ method, input, mask }: Labelled) => JSON.stringify([method, input, mask]);
  const groups = [...Map.groupBy(runs, key).values()];
  const named = Map.groupBy(groups, ([{ method }]) => method);
  return runs.map((run) => {
    const details = DETAILS.filter((detail) =>
      named.get(run.method)!.some((group) => distinct(group.map(detail)).length > 1)
    );
    return [run.method, ...details.map((detail) => detail(run))].filter(Boolean).join(", ");
  });
}

/** The distinct values of a list, in order of appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
