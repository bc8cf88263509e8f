/** What the actions of `cohort` share: the folder that they are given, and shards by their numbers. @module */
import { resolve } from "node:path";
import { UsageError } from "../../../errors.ts";
import { DEFAULT_FOLDER } from "../../options/cohort.ts";
import { parts } from "../../options/values.ts";
import type { Parse } from "../../options/table.ts";

/** The one folder that a command line names; by default `cohort`. */
export function oneFolder(inputs: readonly string[], action: string): string {
  const [folder = DEFAULT_FOLDER, ...others] = inputs;
  if (others.length === 0) return resolve(folder);
  throw new UsageError(`Cannot ${action} ${inputs.join(", ")}: one folder of a cohort is required`);
}

/** `0-3,7`: numbers of shards. */
export const shardNumbers: Parse<readonly number[]> = (text, option) => {
  const numbers = parts(text).flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) {
      throw new UsageError(
        `Cannot read ${option}: numbers of shards such as 0-3,7 are required, found '${text}'`,
      );
    }
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
};

/** Checks numbers of shards; by default all. */
export function shardsAsked(asked: readonly number[] | undefined, count: number): number[] {
  const all = asked ?? Array.from({ length: count }, (_, i) => i);
  const absent = all.find((number) => number >= count);
  if (absent === undefined) return [...all];
  throw new UsageError(`Cannot take shard ${absent}: one of 0 to ${count - 1} is required`);
}
