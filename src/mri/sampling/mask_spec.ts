/** The text that names a sampling mask, `equispaced:R=4,acs=24`. @module */
import { UsageError } from "../../errors.ts";

/** A mask that is made from a formula. `text` is the specification as it was written. */
export type GeneratedMaskSpec =
  /** Every line. */
  | { readonly kind: "full"; readonly text: string }
  /** Lines 0, R, 2R, ... and `acs` centred lines. */
  | {
    readonly kind: "equispaced";
    readonly text: string;
    readonly acceleration: number;
    readonly acs: number;
  }
  /** `acs` centred lines, random others (`random`); or a 2-D Poisson disc around an acs x acs square. */
  | {
    readonly kind: "random" | "poisson";
    readonly text: string;
    readonly acceleration: number;
    readonly acs: number;
    readonly seed: number;
  }
  /** Partial Fourier: the first lines up to a fraction beyond the centre, and `acs` centred lines. */
  | {
    readonly kind: "partial";
    readonly text: string;
    readonly fraction: number;
    readonly acs?: number;
  };

/** A mask to be made, or a file that holds one. */
export type MaskSpec =
  | GeneratedMaskSpec
  | { readonly kind: "file"; readonly text: string; readonly path: string };

/** Required keys of each kind (true) and optional ones (false). */
const KEYS: {
  readonly [K in GeneratedMaskSpec["kind"]]: Readonly<Record<string, boolean>>;
} = {
  full: {},
  equispaced: { R: true, acs: true },
  random: { R: true, acs: true, seed: false },
  poisson: { R: true, acs: true, seed: false },
  partial: { fraction: true, acs: false },
};

/** The seed of a mask whose specification names none. */
const DEFAULT_SEED = 0;

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
 * `acs` is the number of fully sampled lines at the centre, 0 for none.
 *
 * @throws {UsageError} for an unknown, repeated or missing key, or a value out of range
 */
export function parseMaskSpec(text: string): MaskSpec {
  const [, name, rest] = /^([A-Za-z]+)(?::(.*))?$/s.exec(text) ?? [];
  const kind = (Object.keys(KEYS) as (keyof typeof KEYS)[]).find((known) => known === name);
  if (kind === undefined) return fileSpec(text);
  const values = readPairs(text, rest ?? "", KEYS[kind]);
  const number = numberReader(text, values);
  const lines = { integer: true, least: 0 };
  switch (kind) {
    case "full":
      return { kind, text };
    case "equispaced": {
      const acceleration = number("R", { integer: true, least: 1 });
      return { kind, text, acceleration, acs: number("acs", lines) };
    }
    case "random":
    case "poisson": {
      const seed = values.has("seed") ? number("seed", lines) : DEFAULT_SEED;
      return {
        kind,
        text,
        acceleration: number("R", { least: 1 }),
        acs: number("acs", lines),
        seed,
      };
    }
    case "partial": {
      const fraction = number("fraction", { above: 0.5, most: 1 });
      return { kind, text, fraction, ...(values.has("acs") && { acs: number("acs", lines) }) };
    }
  }
}

/** The text that {@link parseMaskSpec} reads as a specification. */
export function maskText(spec: GeneratedMaskSpec): string {
  const pairs = {
    R: "acceleration" in spec ? spec.acceleration : undefined,
    fraction: "fraction" in spec ? spec.fraction : undefined,
    acs: "acs" in spec ? spec.acs : undefined,
    seed: "seed" in spec ? spec.seed : undefined,
  };
  const written = Object.entries(pairs).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`]
  );
  return written.length === 0 ? spec.kind : `${spec.kind}:${written.join(",")}`;
}

/** A path, unless it was plainly meant to be one of the kinds. */
function fileSpec(text: string): MaskSpec {
  if (text === "" || /^[A-Za-z]+:[A-Za-z]+=/.test(text)) {
    throw new UsageError(
      `Cannot read mask '${text}': ${
        Object.keys(KEYS).join(", ")
      } or the path of a file is required`,
    );
  }
  return { kind: "file", text, path: text };
}

/** Splits `key=value,key=value`, checking the keys. */
function readPairs(
  text: string,
  pairs: string,
  keys: Readonly<Record<string, boolean>>,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of pairs === "" ? [] : pairs.split(",")) {
    const [key, ...value] = pair.split("=");
    if (!Object.hasOwn(keys, key) || values.has(key)) {
      const known = Object.keys(keys).join(", ") || "no key";
      const found = values.has(key) ? `${key} twice` : `'${key}'`;
      throw new UsageError(`Cannot read mask '${text}': ${known} is required, found ${found}`);
    }
    values.set(key, value.join("="));
  }
  for (const key of Object.keys(keys)) {
    if (keys[key] && !values.has(key)) {
      throw new UsageError(
        `Cannot read mask '${text}': ${key} is required, found none`,
        key === "acs" ? { hint: "Write acs=0 for no calibration lines" } : {},
      );
    }
  }
  return values;
}

interface Bounds {
  readonly integer?: boolean;
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
}

/** Reads numbers from the pairs, checking their bounds. */
function numberReader(
  text: string,
  values: ReadonlyMap<string, string>,
): (key: string, bounds: Bounds) => number {
  return (key, { integer = false, least = -Infinity, above = -Infinity, most = Infinity }) => {
    const written = values.get(key) ?? "";
    const value = written.trim() === "" ? NaN : Number(written);
    const valid = value >= least && value > above && value <= most &&
      (integer ? Number.isSafeInteger(value) : Number.isFinite(value));
    if (valid) return value;
    const limits = [
      Number.isFinite(least) ? `at least ${least}` : "",
      Number.isFinite(above) ? `above ${above}` : "",
      Number.isFinite(most) ? `at most ${most}` : "",
    ].filter((limit) => limit !== "").join(" and ");
    throw new UsageError(
      `Cannot read mask '${text}': ${integer ? "an integer" : "a number"} ${limits} is required ` +
        `for ${key}, found '${written}'`,
    );
  };
}
