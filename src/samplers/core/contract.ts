/**
 * What a sampler is: its settings, its kinds of step, and their order. Time, noise, progress and
 * cancellation belong to the loop; the data term and the denoiser are given to each step.
 *
 * Coordinates are variance-exploding: x = x0 + sigma n, with the score (D(x, sigma) - x) / sigma^2.
 * Data are y = A x0 + noise of standard deviation sigma_y in each real and imaginary part. Images are
 * on a scale where bright tissue is about 1.
 * @module
 */
import type { Tensor } from "../../graph/mod.ts";
import type { LinearOperator } from "../../mri/physics/operator.ts";
import type { Spectrum } from "../../mri/physics/spectrum.ts";
import type { Denoiser } from "../../nn/mod.ts";
import { posteriorSteps } from "./schedule.ts";

/** The data of one problem, as a step sees them. */
export interface DataTerm {
  /** A, from images `[N, 2, H, W]` to samples. */
  readonly operator: LinearOperator;
  /** y, of the operator's range with a batch of 1. */
  readonly y: Tensor;
  /** A^H y, `[1, 2, H, W]`. */
  readonly adjoint: Tensor;
  /** sigma_y, `[1, 1, 1, 1]`. */
  readonly sigma: Tensor;
  /** Keeps the low frequencies of y only; of measurements that have calibration lines. */
  readonly lowPass?: (y: Tensor) => Tensor;
  /** The eigenbasis of A^H A, for samplers that ask for it. */
  readonly spectrum?: Spectrum;
}

/**
 * The inputs of one step.
 * @typeParam V names of the sampler's variables
 * @typeParam P names of its scalars
 */
export interface StepContext<V extends string = string, P extends string = string> {
  /** The iterate, `[N, 2, H, W]`. */
  readonly x: Tensor;
  /** The sampler's variables, each `[N, 2, H, W]`. */
  readonly state: Readonly<Record<V, Tensor>>;
  /** Noise level of x, `[1, 1, 1, 1]`. */
  readonly sigma: Tensor;
  /** Noise level that is stepped to; 0 for the last step. */
  readonly sigmaNext: Tensor;
  /** The sampler's scalars at this step, each `[1, 1, 1, 1]`. */
  readonly scalars: Readonly<Record<P, Tensor>>;
  /** The data. */
  readonly data: DataTerm;
  /** The prior. Each call counts as one network evaluation. */
  readonly denoise: Denoiser;
  /** A new standard normal array `[N, 2, H, W]`. */
  noise(): Tensor;
  /** A new standard normal array of y's shape, with the batch of x. */
  dataNoise(): Tensor;
}

/** Builds one step. `x` and the variables that the result leaves out stay as they were. */
export type StepKind<V extends string = string, P extends string = string> = (
  context: StepContext<V, P>,
) => StepResult<V>;

/** The variables that a step changes. */
export type StepResult<V extends string = string> = Readonly<Partial<Record<V | "x", Tensor>>>;

/** One step of a schedule. */
export interface ScheduledStep<K extends string = string, P extends string = string> {
  /** Name of the kind of step. */
  readonly kind: K;
  /** Noise level of x. */
  readonly sigma: number;
  /** Noise level that is stepped to. */
  readonly sigmaNext: number;
  /** Values of the sampler's scalars; 0 for those that are left out. */
  readonly scalars?: Readonly<Partial<Record<P, number>>>;
}

/** Settings of a sampler by name. */
export type Settings = Readonly<Record<string, number>>;

/** Figures of the problem that a schedule may depend on. */
export interface ProblemStats {
  /** sigma_y. */
  readonly sigma: number;
}

/** Where `deno task tune` searches a setting. */
export interface Range {
  /** Smallest value. */
  readonly low: number;
  /** Largest value. */
  readonly high: number;
  /** Whether the search is even in the logarithm. Default false. */
  readonly log?: boolean;
  /** Whether it is a whole number. Default false. */
  readonly integer?: boolean;
}

/** Where x starts. */
export interface Start {
  /**
   * The image that x starts from: zero, A^H y, the regularised least-squares (SENSE) image, or the
   * array `start` among the inputs of the measurement.
   */
  readonly around: "zero" | "zero-filled" | "sense" | "given";
  /** Whether noise of the first sigma is added to it. */
  readonly addNoise: boolean;
}

/** Initial value of a variable: zero, or that of x. */
export type InitialValue = "zero" | "x";

/** A sampler as the loop runs it; {@link defineSampler} makes one. */
export interface Sampler {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** The quantity that `weight` multiplies; undefined for a sampler without that setting. */
  readonly weightRole?: string;
  /**
   * Settings with their defaults. `steps` is the number of noise levels; more `weight` trusts the prior
   * more. By convention `sigmaMax` is the first noise level, on the scale of the image, and
   * `sigmaMin` the last one above 0, in units of the noise of the data, sigma_y.
   */
  readonly defaults: Settings & { readonly steps: number };
  /** Which settings are searched by `deno task tune`, and where. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** Where x starts. Default: the SENSE image with noise of the first sigma. */
  readonly start: Start;
  /** Whether it draws random numbers; where not, samples do not differ. Default true. */
  readonly random: boolean;
  /** Whether its steps take `data.spectrum`, which the host computes for each problem. Default false. */
  readonly spectral: boolean;
  /** Variables beside x that go from step to step, and their initial values. */
  readonly variables: Readonly<Record<string, InitialValue>>;
  /** Names of numbers that the schedule gives to each step. */
  readonly scalars: readonly string[];
  /** Its kinds of step. */
  stepKinds(settings: Settings): Readonly<Record<string, StepKind>>;
  /** Its steps in order. The first sigma is the noise that is added at the start. */
  schedule(settings: Settings, stats: ProblemStats): readonly ScheduledStep[];
}

/** A sampler whose settings are known by name. */
export type SamplerOf<S extends Settings> = Omit<Sampler, "defaults"> & { readonly defaults: S };

/** The results of steps, which may name `x` and the declared variables only. */
export type Declared<R, V extends string> = {
  readonly [N in keyof R]: N extends V | "x" ? Tensor | undefined
    : never;
};

/** The argument of {@link defineSampler}: a {@link Sampler}, most of which is optional. */
export interface SamplerDefinition<
  S extends Settings,
  K extends string,
  R,
  V extends string,
  P extends string,
> extends
  Pick<Sampler, "name">,
  Partial<Pick<Sampler, "summary" | "citation" | "weightRole" | "start" | "random" | "spectral">> {
  /** Settings with their defaults. */
  readonly defaults: S;
  /** Where settings are searched. */
  readonly ranges?: { readonly [N in keyof NoInfer<S>]?: Range };
  /** Variables beside x, and their initial values. */
  readonly variables?: Readonly<Record<V, InitialValue>>;
  /** Names of numbers that the schedule gives to each step. */
  readonly scalars?: readonly P[];
  /** Its kinds of step, by name. */
  stepKinds(settings: NoInfer<S>):
    & Readonly<Record<K, StepKind<NoInfer<V>, NoInfer<P>>>>
    & { readonly [N in keyof R]: (context: never) => R[N] & Declared<R[N], NoInfer<V>> };
  /**
   * Its steps in order. Default: one `step` from each level to the next, geometrically from the
   * setting `sigmaMax` to `sigmaMin` times sigma_y, the last to 0.
   */
  schedule?(
    settings: NoInfer<S>,
    stats: ProblemStats,
  ): readonly ScheduledStep<NoInfer<K>, NoInfer<P>>[];
}

/**
 * Makes a sampler. Settings, variables, scalars and kinds of step are typed from their declaration: a
 * misspelt name does not compile.
 * @example
 * ```ts
 * import { defineSampler, proximal, renoise, rho } from "../mod.ts";
 *
 * const mine = defineSampler({
 *   name: "mine",
 *   defaults: { steps: 20, weight: 0.5, sigmaMax: 0.4, sigmaMin: 0.5 },
 *   stepKinds: ({ weight }) => ({
 *     step(context) {
 *       const { x, sigma, data, denoise } = context;
 *       const clean = proximal(data, denoise(x, sigma), rho(data, sigma, { weight }), 5);
 *       return { x: renoise(context, clean, 1) };
 *     },
 *   }),
 * });
 * console.assert(mine.defaults.steps === 20);
 * ```
 */
export function defineSampler<
  S extends Settings & { readonly steps: number },
  K extends string,
  R,
  V extends string = never,
  P extends string = never,
>(definition: SamplerDefinition<S, K, R, V, P>): SamplerOf<S> {
  const {
    summary = definition.name,
    citation = "",
    ranges = {},
    start = { around: "sense", addNoise: true },
    random = true,
    spectral = false,
    variables = {},
    scalars = [],
    schedule = posteriorSteps,
  } = definition as unknown as Partial<Sampler>;
  const optional = { summary, citation, ranges, start, random, spectral, variables, scalars };
  return { ...definition, ...optional, schedule } as unknown as ReturnType<
    typeof defineSampler<S, K, R, V, P>
  >;
}
