/** What a user should know of a result that came out all the same. @module */

/** Something that may be wrong with a result, or was done in place of what was asked. */
export interface Warning {
  /** Kind of warning, in words with hyphens: `partial-fourier-ignored`. Stable, for programs. */
  readonly code: string;
  /** What was found, a sentence without trailing period. */
  readonly message: string;
  /** What to do about it, a sentence without trailing period. */
  readonly hint?: string;
}

/** The warnings, each once. */
export function distinct(warnings: readonly Warning[]): Warning[] {
  const byText = warnings.map((warning) =>
    [`${warning.code} ${warning.message}`, warning] as const
  );
  return [...new Map(byText).values()];
}
