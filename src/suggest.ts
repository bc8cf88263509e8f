/** The name that a misspelt one probably means. @module */
import { UsageError } from "./errors.ts";

/** Edits that a short word may be away from the one that is meant. */
const MAX_EDITS = 2;

/** The hint of an error about an unknown name: `Did you mean steps?`; none when no candidate is near. */
export function didYouMean(
  text: string,
  candidates: readonly string[],
  prefix = "",
): { hint?: string } {
  const nearest = nearestOf(text, candidates);
  return nearest === undefined ? {} : { hint: `Did you mean ${prefix}${nearest}?` };
}

/**
 * Checks a name that a user wrote.
 * @param cannot the beginning of the message, such as `Cannot tune the sampler 'x'`
 * @param none what is required where no name is known
 * @throws {UsageError} when it is not among those that are known
 */
export function requireKnown(
  name: string,
  known: readonly string[],
  cannot: string,
  none = "none",
): void {
  if (known.includes(name)) return;
  const required = known.length > 0 ? `one of ${known.join(", ")}` : none;
  throw new UsageError(`${cannot}: ${required} is required`, didYouMean(name, known));
}

/** The candidate that takes the fewest edits, if these are at most 2 or a third of the letters. */
export function nearestOf(text: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: editDistance(text, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const allowed = Math.max(MAX_EDITS, Math.floor(text.length / 3));
  return best !== undefined && best.edits <= allowed ? best.candidate : undefined;
}

/** Levenshtein's distance: insertions, deletions and replacements from one text to another. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
