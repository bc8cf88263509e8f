/** Which values the settings of methods can have. @module */
import { UsageError } from "../errors.ts";

/** What is required of a value, and whether it holds. */
type Rule = readonly [required: string, holds: (value: number) => boolean];

const COUNT: Rule = ["a whole number of at least 1", (v) => Number.isInteger(v) && v >= 1];
const COUNT_OR_NONE: Rule = ["a whole number of at least 0", (v) => Number.isInteger(v) && v >= 0];
const POSITIVE: Rule = ["a number above 0", (v) => v > 0];
const SHARE: Rule = ["a number from 0 to 1", (v) => v >= 0 && v <= 1];
const PART: Rule = ["a number from 0 to below 1", (v) => v >= 0 && v < 1];

const NOT_NEGATIVE: Rule = ["a number of at least 0", (v) => v >= 0];

/** Settings by what is required of them; those of other names take any number. */
const RULES: readonly (readonly [Rule, readonly string[]])[] = [
  [COUNT, ["steps", "inner", "flow", "jump", "repeats", "restarts", "splits", "tuneSteps"]],
  [COUNT_OR_NONE, ["cg", "correctors"]],
  [POSITIVE, ["sigmaMax", "sigmaMin", "sigmaData", "rate", "tuneRate"]],
  [SHARE, ["eta", "etaB", "zeta", "stop", "phaseRotation"]],
  [PART, ["held"]],
  [NOT_NEGATIVE, ["weight", "epsilon", "pull", "power", "ridge", "snr", "minEigenvalue"]],
];

/**
 * Refuses values that make no sense.
 * @throws {UsageError} for one of them
 */
export function requireValues(method: string, settings: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(settings)) {
    const [required, holds] = RULES.find(([, names]) => names.includes(name))?.[0] ?? [];
    if (holds?.(value) ?? true) continue;
    throw new UsageError(
      `Cannot set ${name} of ${method}: ${required} is required, found ${value}`,
    );
  }
}
