/** What a method that searches the output of a network is. @module */
import type { Runtime } from "../../graph/mod.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { MethodOptions, Problem, RunControl } from "../../method/problem.ts";
import { requireValues } from "../../method/settings.ts";
import type { NdArray } from "../../ndarray.ts";
import type { ModelReference } from "../../nn/mod.ts";

/** A method that searches, for a measurement of any kind. */
export interface GeneratorMethod {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** The quantity that `weight` multiplies; undefined where the weight has no effect. */
  readonly weightRole?: string;
  /** Settings and their defaults, `steps` among them. */
  readonly defaults: Readonly<Record<string, number>>;
  /** Name of the generator that is used when none is named; only of methods that have a trained one. */
  readonly defaultModel?: string;
  /**
   * Compiles the method.
   * @throws {InputError} when the generator cannot be read, or what was measured does not fit it
   */
  compile(
    runtime: Runtime,
    measurement: Measurement,
    options?: MethodOptions,
  ): Promise<CompiledSearch>;
}

/** A method that searches, compiled. */
export interface CompiledSearch {
  /** Evaluations of the network for one problem. */
  readonly nfe: number;
  /** Steps of the search. */
  readonly steps: number;
  /** Settings in use. */
  readonly settings: Readonly<Record<string, number>>;
  /** The generator, if a trained one. */
  readonly model?: ModelReference;
  /**
   * The image `[1, 2 S, H, W]`, on the scale of the problem.
   * @throws {DivergenceError} when the search leaves the range of images
   */
  solve(problem: Problem, control?: RunControl): Promise<NdArray>;
}

/**
 * The settings of a method, with what the user asks for.
 * @throws {UsageError} for a value that makes no sense
 */
export function searchSettings<D extends Readonly<Record<string, number>>>(
  method: string,
  defaults: D,
  { steps, weight = 1, settings = {} }: MethodOptions = {},
): D {
  requireValues(method, settings);
  const all = { ...defaults, ...settings, ...(steps === undefined ? {} : { steps }) };
  return "weight" in all ? { ...all, weight: Number(all.weight) * weight } : all;
}

/** Part of the steps over which the step size rises. */
const RISE = 0.05;
/** What is left of the step size at the end. */
const END = 0.02;

/** Step size at a step from 1: it rises, and falls as half a cosine. */
export function stepSize(rate: number, step: number, steps: number): number {
  const through = step / steps;
  const fall = END + (1 - END) * (1 + Math.cos(Math.PI * through)) / 2;
  return rate * Math.min(1, through / RISE) * fall;
}
