/** From the texts of options to numbers, ranges and choices. @module */
import { UsageError } from "../../errors.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { didYouMean } from "../../suggest.ts";

/** Bounds of a number. */
export interface NumberBounds {
  /** Whether only whole numbers are allowed. */
  readonly integer?: boolean;
  /** The least value. */
  readonly least?: number;
  /** What the value must exceed. */
  readonly above?: number;
  /** The greatest value. */
  readonly most?: number;
}

/**
 * Reads a number.
 * @param option what it belongs to, for the message, e.g. `--steps`
 * @throws {UsageError} when it is not a number within the bounds
 */
export function parseNumber(
  option: string,
  text: string,
  { integer = false, least = -Infinity, above = -Infinity, most = Infinity }: NumberBounds = {},
): number {
  const value = text.trim() === "" ? NaN : Number(text);
  const valid = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (valid && value >= least && value > above && value <= most) return value;
  const limits = [
    least > -Infinity ? ` of at least ${least}` : "",
    above > -Infinity ? ` above ${above}` : "",
    most < Infinity ? ` and at most ${most}` : "",
  ].join("");
  throw new UsageError(
    `Cannot read ${option}: ${integer ? "a whole number" : "a number"}${limits} is required, ` +
      `found '${text}'`,
  );
}

/**
 * One of several words.
 * @throws {UsageError} for another word; suggests the nearest
 */
export function parseChoice<C extends string>(
  option: string,
  text: string,
  choices: readonly C[],
): C {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new UsageError(
    `Cannot read ${option}: one of ${choices.join(", ")} is required, found '${text}'`,
    didYouMean(text, choices),
  );
}

/** Several words separated by commas. */
export function parseChoices<C extends string>(
  option: string,
  text: string,
  choices: readonly C[],
): readonly C[] {
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  return [...new Set(words.map((word) => parseChoice(option, word, choices)))];
}

/** A range of slices; an end that was left out is that of the file. */
export type SliceBounds = readonly [first: number | undefined, end: number | undefined];

/**
 * Reads `A:B` (slices A to B - 1, from 0), `A:`, `:B` or `A` (that slice alone).
 * @throws {UsageError} when it is none of these
 */
export function parseSlices(text: string): SliceBounds {
  const [, first, colon, end] = /^(\d*)(:?)(\d*)$/.exec(text.trim()) ?? [];
  if (first === undefined || (first === "" && end === "")) {
    throw new UsageError(
      `Cannot read --slices: A:B is required (slices A to B - 1, counted from 0), found '${text}'`,
    );
  }
  if (colon === "") return [Number(first), Number(first) + 1];
  return [first === "" ? undefined : Number(first), end === "" ? undefined : Number(end)];
}

/** What a simulation does where nothing is said. */
export const SIMULATION_DEFAULTS: SimulationRequest = { coils: 8, noise: 0.02, seed: 0 };

/** Bounds of each number of a simulation. */
export const SIMULATION_BOUNDS: { readonly [K in keyof SimulationRequest]: NumberBounds } = {
  coils: { integer: true, least: 1 },
  noise: { least: 0 },
  seed: { integer: true, least: 0 },
};

/**
 * Reads `coils=8,noise=0.02,seed=0`; each key may be left out.
 * @throws {UsageError} for an unknown key or a value out of bounds
 */
export function parseSimulation(text: string): SimulationRequest {
  const request: { -readonly [K in keyof SimulationRequest]: number } = { ...SIMULATION_DEFAULTS };
  const keys = Object.keys(SIMULATION_DEFAULTS) as (keyof SimulationRequest)[];
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const [name, ...value] = pair.split("=");
    const key = parseChoice("--simulate", name.trim(), keys);
    request[key] = parseNumber(
      `${key} of --simulate`,
      value.join("="),
      SIMULATION_BOUNDS[key],
    );
  }
  return request;
}
