/** The text that names a sampling mask, `equispaced:R=4,acs=24`. @module */
import { decimal } from "../../decimal.ts";
import { UsageError } from "../../errors.ts";

/** A mask that is made from a formula. `text` is the specification as it was written. */
export type GeneratedMaskSpec =
  & { readonly text: string }
  & (
    /** Every line. */
    | { readonly kind: "full" }
    /** Lines 0, R, 2R, ... and `acs` centred lines. Without `acs`: see `makeMask`. */
    | { readonly kind: "equispaced"; readonly acceleration: number; readonly acs?: number }
    /** `acs` centred lines, random others (`random`); or a 2-D Poisson disc around an acs x acs square. */
    | {
      readonly kind: "random" | "poisson";
      readonly acceleration: number;
      readonly acs?: number;
      readonly seed: number;
    }
    /** Partial Fourier: the first lines up to a fraction beyond the centre, and `acs` centred lines. */
    | { readonly kind: "partial"; readonly fraction: number; readonly acs?: number }
  );

/** A mask to be made, or a file that holds one. */
export type MaskSpec =
  | GeneratedMaskSpec
  | { readonly kind: "file"; readonly text: string; readonly path: string };

/** A key of a specification: the property that it sets, and the numbers that it may have. */
interface Key {
  readonly key: string;
  readonly property: string;
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly optional?: boolean;
  /** Its number where it is left out. */
  readonly byDefault?: number;
}

const R: Key = { key: "R", property: "acceleration", min: 1 };
const ACS: Key = { key: "acs", property: "acs", integer: true, min: 0, optional: true };
const SEED: Key = { ...ACS, key: "seed", property: "seed", byDefault: 0 };
const FRACTION: Key = { key: "fraction", property: "fraction", above: 0.5, max: 1 };

const KEYS: Readonly<Record<GeneratedMaskSpec["kind"], readonly Key[]>> = {
  full: [],
  equispaced: [{ ...R, integer: true }, ACS],
  random: [R, ACS, SEED],
  poisson: [R, ACS, SEED],
  partial: [FRACTION, ACS],
};

/**
 * Reads the specification of a mask:
 *
 * | text | meaning |
 * |---|---|
 * | `full` | every line |
 * | `equispaced:R=4,acs=24` | lines 0, 4, 8, ... and 24 centred lines; R is an integer |
 * | `random:R=4,acs=24,seed=1` | 24 centred lines and random others, 1/4 of all expected; seed 0 if left out |
 * | `poisson:R=6,acs=24,seed=1` | 2-D variable-density Poisson disc, the centred 24 x 24 square full |
 * | `partial:fraction=0.75` | the first 75 % of the lines; `acs=LINES` adds centred lines |
 * | anything else | the path of a mask file (write `./full` for a file with the name of a kind) |
 *
 * `acs` is the number of fully sampled lines at the centre, 0 for none; left out, `makeMask` chooses it
 * (none for `partial`).
 *
 * @throws {UsageError} for an unknown, repeated or missing key, or a value out of range
 */
export function parseMaskSpec(text: string): MaskSpec {
  const [, kind = "", rest = ""] = /^([A-Za-z]+)(?::(.*))?$/s.exec(text) ?? [];
  if (!Object.hasOwn(KEYS, kind)) return fileSpec(text);
  const keys = KEYS[kind as GeneratedMaskSpec["kind"]];
  const written = readPairs(text, rest, keys);
  const values = keys.flatMap((key) => {
    const value = written.has(key.key) ? readNumber(text, key, written) : key.byDefault;
    return value === undefined ? [] : [[key.property, value]];
  });
  return { kind, text, ...Object.fromEntries(values) } as GeneratedMaskSpec;
}

/** The text that {@link parseMaskSpec} reads as a specification. */
export function maskText(spec: GeneratedMaskSpec): string {
  const values: Readonly<Record<string, unknown>> = { ...spec };
  const written = KEYS[spec.kind].flatMap(({ key, property }) =>
    values[property] === undefined ? [] : [`${key}=${values[property]}`]
  );
  return written.length === 0 ? spec.kind : `${spec.kind}:${written.join(",")}`;
}

/** A path, unless it was plainly meant to be one of the kinds. */
function fileSpec(text: string): MaskSpec {
  if (text !== "" && !/^[A-Za-z]+:[A-Za-z]+=/.test(text)) return { kind: "file", text, path: text };
  const kinds = Object.keys(KEYS).join(", ");
  throw new UsageError(`Cannot read mask '${text}': ${kinds} or the path of a file is required`);
}

/** Splits `key=value,key=value`, checking the keys. */
function readPairs(text: string, pairs: string, keys: readonly Key[]): Map<string, string> {
  const names = keys.map(({ key }) => key);
  const values = new Map<string, string>();
  for (const pair of pairs === "" ? [] : pairs.split(",")) {
    const [key, ...value] = pair.split("=");
    if (!names.includes(key) || values.has(key)) {
      const found = values.has(key) ? `${key} twice` : `'${key}'`;
      throw new UsageError(
        `Cannot read mask '${text}': ${names.join(", ") || "no key"} is required, found ${found}`,
      );
    }
    values.set(key, value.join("="));
  }
  const missing = keys.find(({ key, optional }) => !optional && !values.has(key));
  if (missing === undefined) return values;
  throw new UsageError(`Cannot read mask '${text}': ${missing.key} is required, found none`);
}

/** The number of a key, checked against its bounds. */
function readNumber(
  text: string,
  { key, integer = false, min = -Infinity, above = -Infinity, max = Infinity }: Key,
  values: ReadonlyMap<string, string>,
): number {
  const written = values.get(key) ?? "";
  const value = decimal(written);
  const isRight = value >= min && value > above && value <= max &&
    (integer ? Number.isSafeInteger(value) : Number.isFinite(value));
  if (isRight) return value;
  const limits = [["at least", min], ["above", above], ["at most", max]] as const;
  const bounds = limits.filter(([, limit]) => Number.isFinite(limit)).map((pair) => pair.join(" "));
  throw new UsageError(
    `Cannot read mask '${text}': ${integer ? "an integer" : "a number"} ${bounds.join(" and ")} ` +
      `is required for ${key}, found '${written}'`,
  );
}
