/** How the texts of options are read: numbers, choices, lists, ranges. @module */
import { readFileSync } from "node:fs";
import { InputError, UsageError } from "../../errors.ts";
import { axisName } from "../../io/axes.ts";
import { type MaskSpec, parseMaskSpec } from "../../mri/sampling/masks.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { decimal } from "../../decimal.ts";
import { quoted } from "../../quoted.ts";
import { didYouMean } from "../../suggest.ts";
import type { Parse } from "./table.ts";

/** Numbers beyond are a slip: what is computed with them leaves float32. */
const LARGEST = 1e9;

interface Bounds {
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
}

/** A number of at least `min` and at most `max` that exceeds `above`; see {@link decimal}. */
export function number(
  { integer = false, min = -LARGEST, above = -Infinity, max }: Bounds = {},
): Parse<number> {
  const most = max ?? (integer ? Number.MAX_SAFE_INTEGER : LARGEST);
  return (text, option) => {
    const value = decimal(text);
    const valid = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (valid && value >= min && value > above && value <= most) return value;
    const limits = [
      min > -LARGEST ? ` of at least ${min}` : "",
      above > -Infinity ? ` above ${above}` : "",
      most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : "",
    ].join("");
    throw new UsageError(
      `Cannot read ${option}: ${integer ? "a whole number" : "a number"}${limits} is required, ` +
        `found '${quoted(text)}'`,
    );
  };
}

export const count = number({ integer: true, min: 1 });
export const threads = number({ integer: true, min: 1, max: 1024 });
/** A factor, or a level relative to bright tissue or to the noise. */
export const relative = number({ above: 0, max: 1e6 });
/** Steps, samples or images: more than a million are a slip. */
export const repetitions = number({ integer: true, min: 1, max: 1e6 });
export const index = number({ integer: true, min: 0 });
export const positive = number({ above: 0 });

/** A whole number of at least 1, or one of several words. */
export function countOr<const C extends string>(words: readonly C[]): Parse<number | C> {
  return (text, option) => words.find((word) => word === text) ?? count(text, option);
}

/** One of several words; for another word the nearest is suggested. */
export function oneOf<const C extends string>(choices: readonly C[]): Parse<C> {
  const parse: Parse<C> = (text, option) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new UsageError(
      `Cannot read ${option}: one of ${choices.join(", ")} is required, found '${text}'`,
      didYouMean(text, choices),
    );
  };
  return Object.assign(parse, { choices });
}

/** Different words separated by commas, at least one; `all` stands for all choices, or those of `all`. */
export function listOf<const C extends string>(
  choices: readonly C[],
  noun: string,
  all: readonly C[] = choices,
): Parse<readonly C[]> {
  return (text, option) => {
    if (text.trim() === "all") return all;
    const words = parts(text).map((word) => oneOf(choices)(word, option));
    if (words.length > 0) return [...new Set(words)];
    throw new UsageError(`Cannot read ${option}: at least one ${noun} is required, found none`);
  };
}

export const path: Parse<string> = (text, option) => {
  if (text !== "") return text;
  throw new UsageError(`Cannot read ${option}: a path is required, found an empty text`);
};

export const mask: Parse<MaskSpec> = (text) => parseMaskSpec(text);

/** Names of axes, separated by commas; whether they fit the file is checked later. */
export const axes: Parse<readonly string[]> = (text, option) => {
  const names = parts(text).map(axisName);
  if (names.length > 0) return names;
  throw new UsageError(`Cannot read ${option}: names of axes are required, found none`);
};

/** A range of slices; an end that was left out is that of the file. */
export type SliceBounds = readonly [first: number | undefined, end: number | undefined];

/** `A:B` (slices A to B - 1, from 0), `A:`, `:B` or `A` (that slice alone). */
export const sliceBounds: Parse<SliceBounds> = (text, option) => {
  const [, first, colon, end] = /^(\d*)(:?)(\d*)$/.exec(text.trim()) ?? [];
  if (first === undefined || (first === "" && end === "")) {
    throw new UsageError(
      `Cannot read ${option}: A:B is required (slices A to B - 1, counted from 0), found '${text}'`,
    );
  }
  if (colon === "") return [Number(first), Number(first) + 1];
  return [first === "" ? undefined : Number(first), end === "" ? undefined : Number(end)];
};

/** `eta=1,cg=6`: names and numbers. Whether a sampler has these settings is checked later. */
export const settings: Parse<Readonly<Record<string, number>>> = (text, option) =>
  Object.fromEntries(
    parts(text).map((part) => {
      const [name, ...value] = part.split("=").map((word) => word.trim());
      if (name === "" || value.length === 0) {
        throw new UsageError(
          `Cannot read ${option}: NAME=X such as eta=1,cg=6 is required, found '${part}'`,
        );
      }
      return [name, number()(value.join("="), `${name} of ${option}`)];
    }),
  );

/** Settings as `--set` takes them. */
export function setText(settings: Readonly<Record<string, number>>): string {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(",");
}

/** The best draw of a file of `tune`, and the method that it is for. */
export interface TunedSettings {
  readonly method: string;
  readonly settings: Readonly<Record<string, number>>;
}

/** Reads the best draw of a file of `tune`. @throws {InputError} when it is no such file */
export const tunedSettings: Parse<TunedSettings> = (file, option) => {
  try {
    const rows: (TunedSettings & { readonly mean: number | null })[] = readFileSync(file, "utf8")
      .split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    const [{ method, settings }] = rows.filter(({ mean }) => mean !== null)
      .toSorted((a, b) => b.mean! - a.mean!);
    if (typeof method !== "string" || typeof settings !== "object") {
      throw new TypeError("no method");
    }
    return { method, settings };
  } catch (cause) {
    const what = "a file of deno task tune with at least one finished draw is required";
    throw new InputError(`Cannot read ${option} ${file}: ${what}`, { cause });
  }
};

/** The options of a simulation, alone and as the keys of `--simulate`. */
export const SIMULATION = {
  coils: { parse: number({ integer: true, min: 1, max: 1024 }), fallback: "8" },
  noise: { parse: number({ min: 0, max: 1e6 }), fallback: "0.02" },
  seed: { parse: index, fallback: "0" },
} as const satisfies { [K in keyof SimulationRequest]: { parse: Parse<number>; fallback: string } };

/** `coils=8,noise=0.02,seed=0`; each may be left out. */
export const simulation: Parse<SimulationRequest> = (text, option) => {
  const keys = ["coils", "noise", "seed"] as const;
  const written = new Map(
    parts(text).map((part) => {
      const [name, ...value] = part.split("=");
      return [oneOf(keys)(name.trim(), option), value.join("=")];
    }),
  );
  const read = (key: typeof keys[number]) =>
    SIMULATION[key].parse(written.get(key) ?? SIMULATION[key].fallback, `${key} of ${option}`);
  return { coils: read("coils"), noise: read("noise"), seed: read("seed") };
};

export function parts(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}
