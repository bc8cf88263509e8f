/**
 * What turns the features of a pixel into a half-width that covers, for one method with one network. It is
 * made by `deno task calibrate-errors` and stands in the folder of the model, in `error_bars.yaml`.
 * @module
 */
import { parse, stringify } from "yaml";
import { InputError } from "../../errors.ts";
import { isThere, readBytes } from "../../host.ts";
import type { ModelReference } from "../../nn/mod.ts";
import type { Solver } from "../../method/problem.ts";
import { FEATURES } from "./features.ts";
import type { SizeModel } from "./score.ts";
import type { WidthFactors } from "./conformal.ts";

/** Name and version of the format of the file. */
export const CALIBRATION_SCHEMA = "larmor.error-bars/2";

/** Name of the file in a model's folder. */
export const CALIBRATION_FILE = "error_bars.yaml";

/** Lowest and highest value of something. */
export type LowHigh = readonly [low: number, high: number];

/** What acquisitions a calibration has seen. */
export interface CalibrationRange {
  /** Acceleration, the calibration lines included. */
  readonly acceleration: LowHigh;
  /** Noise of the samples, relative to bright tissue. */
  readonly noise: LowHigh;
  /** Number of coils. */
  readonly coils: LowHigh;
}

/** How good the error bars are, measured on each person by a calibration on the others. */
export interface MeasuredErrorBars {
  /** Part of the pixels of the head that the error bars cover, mean over the people. */
  readonly coverage: number;
  /** The same in each of ten bins of the predicted width, the narrowest first. */
  readonly byWidth: readonly number[];
  /** The same by nominal acceleration. */
  readonly byAcceleration: Readonly<Record<string, number>>;
  /** Least and greatest coverage of a person. */
  readonly ofPeople: LowHigh;
  /** Spearman's rank correlation of width and absolute error. */
  readonly rankCorrelation: number;
  /** Mean width over that of the constant width of the same coverage. */
  readonly relativeWidth: number;
  /** Part of the slices on which the bound on the PSNR holds. */
  readonly psnrHolds: number;
  /** Median of PSNR minus bound, dB. */
  readonly psnrGap: number;
}

/** The calibration of one method. */
export interface ErrorCalibration {
  /** Name of the method. */
  readonly method: string;
  /** Its network. */
  readonly model: ModelReference;
  /** Steps of the method. */
  readonly steps: number;
  /** Posterior samples that it draws; 1 for methods that draw none. */
  readonly samples: number;
  /** Its settings; empty for methods without. */
  readonly settings: Readonly<Record<string, number>>;
  /** Part of the pixels that widths cover. */
  readonly coverage: number;
  /** People that it was made from. */
  readonly people: number;
  /** Slices of them. */
  readonly slices: number;
  /** What these slices were acquired with. */
  readonly range: CalibrationRange;
  /** How the size of an error is told from the features of a pixel. */
  readonly size: SizeModel;
  /** What the size is multiplied by. */
  readonly width: WidthFactors;
  /**
   * What the root mean square of the widths is multiplied by to be an upper bound of the root mean square error
   * of a slice.
   */
  readonly errorRatio: { readonly constant: number; readonly width: number; readonly gap: number };
  /** Slices that the audit is suspicious of, and what widths are multiplied by there, at least 1. */
  readonly suspicious: { readonly slices: number; readonly factor: number };
  /** How good the error bars are for people that were left out. */
  readonly measured: MeasuredErrorBars;
}

/**
 * The calibrations of a model's folder, by method.
 * @throws {InputError} when the file is not as `calibrate-errors` writes it
 */
export async function readCalibrations(folder: string): Promise<Map<string, ErrorCalibration>> {
  const path = `${folder}/${CALIBRATION_FILE}`;
  if (!await isThere(path)) return new Map();
  const text = new TextDecoder().decode(await readBytes(path));
  const content = parsed(text, path);
  return new Map(content.map((one) => [one.method, one]));
}

function parsed(text: string, path: string): ErrorCalibration[] {
  const fail = (found: string, cause?: unknown): never => {
    throw new InputError(
      `Cannot read the calibration ${path}: a file of calibrate-errors is required, found ${found}`,
      { cause, hint: "Make it again with deno task calibrate-errors" },
    );
  };
  try {
    const content = parse(text);
    if (content?.schema !== CALIBRATION_SCHEMA) fail(`schema ${content?.schema}`);
    const calibrations = content.calibrations as ErrorCalibration[];
    for (const { size: { powers } } of calibrations) {
      const unknown = Object.keys(powers).find((name) => !Object.hasOwn(FEATURES, name));
      if (unknown !== undefined) fail(`the feature ${unknown}`);
    }
    return calibrations;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const [line] = (cause as Error).message.split("\n");
    return fail(line, cause);
  }
}

/** The text of a file with these calibrations. */
export function calibrationText(calibrations: Iterable<ErrorCalibration>): string {
  return stringify({ schema: CALIBRATION_SCHEMA, calibrations: rounded([...calibrations]) });
}

/** Numbers to five digits. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(5));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rounded(part)]));
}

/** Why a calibration does not hold for how a method is run; undefined where it does. */
export function unlikeRun(
  { model, steps, samples, settings }: ErrorCalibration,
  solver: Pick<Solver, "model" | "steps" | "samples" | "settings">,
  weight = 1,
): string | undefined {
  if (solver.model?.sha256 !== model.sha256) return "the network is another one";
  if (solver.steps !== steps) return `${steps} steps were calibrated, found ${solver.steps}`;
  const { samples: drawn = 1 } = solver;
  if (drawn !== samples) return `${samples} samples were calibrated, found ${drawn}`;
  if (weight !== 1) return `the weight 1 was calibrated, found ${weight}`;
  const other = Object.keys(settings).find((name) => solver.settings?.[name] !== settings[name]);
  if (other === undefined) return undefined;
  return `${other}=${settings[other]} was calibrated, found ${solver.settings?.[other]}`;
}

/** What is asked of a calibration. */
export interface Acquisition {
  readonly acceleration: number;
  readonly noise: number;
  readonly coils: number;
}

/** How far an acquisition is beyond what was calibrated: the factor, at least 1, and what it is of. */
export function beyond(
  { acceleration, noise, coils }: CalibrationRange,
  found: Acquisition,
): { readonly factor: number; readonly what: string } {
  const ratios = [
    {
      factor: found.acceleration / acceleration[1],
      what: `acceleration ${short(found.acceleration)}, up to ${short(acceleration[1])} calibrated`,
    },
    {
      factor: found.noise / noise[1],
      what: `noise ${short(found.noise)}, up to ${short(noise[1])} calibrated`,
    },
    {
      factor: coils[0] / found.coils,
      what: `${found.coils} coils, ${coils[0]} or more calibrated`,
    },
  ];
  return ratios.reduce((worst, one) => one.factor > worst.factor ? one : worst, {
    factor: 1,
    what: "",
  });
}

const short = (value: number) => String(Number(value.toPrecision(2)));
