/**
 * What a sampler is. A sampler says how one step is built and which steps are taken; time, noise,
 * progress and cancellation belong to the driver, the data term and the denoiser are given to it.
 *
 * Coordinates are variance-exploding: x = x0 + sigma n, with the score (D(x, sigma) - x) / sigma^2.
 * Data are y = A x0 + noise of deviation sigma_y in each real and imaginary part.
 * @module
 */
import type { Tensor } from "../../graph/mod.ts";
import type { LinearOperator } from "../../mri/physics/operator.ts";
import type { Spectrum } from "../../mri/physics/spectrum.ts";
import type { Denoiser } from "../../nn/mod.ts";

/** The data of one problem as a step sees them. */
export interface DataTerm {
  /** A, from `[N, 2, H, W]` to samples. */
  readonly operator: LinearOperator;
  /** y, of the operator's range with a batch of 1. */
  readonly y: Tensor;
  /** A^H y, `[1, 2, H, W]`. */
  readonly adjoint: Tensor;
  /** sigma_y, `[1, 1, 1, 1]`. */
  readonly sigma: Tensor;
  /** The operator that keeps low frequencies only, of measurements that have one (calibration lines). */
  readonly lowPass?: (samples: Tensor) => Tensor;
  /** The eigenbasis of A^H A, for samplers that ask for it. */
  readonly spectrum?: Spectrum;
}

/** Variables that go from step to step; `x` is `[N, 2, H, W]`, and so are the others. */
export interface State {
  readonly x: Tensor;
  readonly [name: string]: Tensor;
}

/** What one step is given. */
export interface StepInput {
  /** Variables after the last step. */
  readonly state: State;
  /** The same as `state.x`. */
  readonly x: Tensor;
  /** Noise level of x, `[1, 1, 1, 1]`. */
  readonly sigma: Tensor;
  /** Noise level that is stepped to; 0 for the last step. */
  readonly sigmaNext: Tensor;
  /** The planned move's own number. */
  readonly parameter: Tensor;
  /** Standard normal arrays `[N, 2, H, W]`, as many as the move asks for. */
  readonly noise: readonly Tensor[];
  /** Standard normal arrays of the samples' shape, as many as the move asks for. */
  readonly dataNoise: readonly Tensor[];
  /** The data. */
  readonly data: DataTerm;
  /** The prior. */
  readonly denoise: Denoiser;
}

/** A kind of step. */
export interface Move {
  /** Evaluations of the denoiser. */
  readonly nfe: number;
  /** Noise arrays it takes. */
  readonly noises: number;
  /** Noise arrays of the samples' shape that it takes. Default 0. */
  readonly dataNoises?: number;
  /** Builds the step. Variables that it leaves out stay as they were. */
  step(input: StepInput): State;
}

/** One step of a plan. */
export interface PlannedMove {
  /** Name of the kind of step. */
  readonly move: string;
  /** Noise level of x. */
  readonly sigma: number;
  /** Noise level that is stepped to. */
  readonly sigmaNext: number;
  /** The move's own number. Default 0. */
  readonly parameter?: number;
}

/** Numbers a sampler is set by. */
export type Settings = Readonly<Record<string, number>>;

/** What a plan may depend on. */
export interface Known {
  /** sigma_y. */
  readonly sigma: number;
}

/** Where a setting is searched by `deno task tune`. */
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

/**
 * What x is at first: noise around zero, around A^H y, around the least-squares (SENSE) image, or
 * that image itself.
 */
export type Start = "noise" | "zero-filled" | "sense" | "sense-image";

/** A sampler: its steps, their order, and its numbers. */
export interface Sampler<S extends Settings = Settings> {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** Numbers it is set by: `steps`, `weight` and others. */
  readonly defaults: S & { readonly steps: number; readonly weight: number };
  /** Which of them are searched by `deno task tune`, and where. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** What x is at first. */
  readonly start: Start;
  /** Whether it draws random numbers at all; where not, samples do not differ. Default true. */
  readonly random?: boolean;
  /**
   * Whether its steps take `data.spectrum`, which is computed on the host once for each problem.
   * Default false.
   */
  readonly spectral?: boolean;
  /** Variables beside x; all are zero at first. */
  readonly variables?: readonly string[];
  /** Its kinds of step. */
  moves(settings: S): Readonly<Record<string, Move>>;
  /** Its steps in order. The first sigma is the noise that the start gets. */
  plan(settings: S, known: Known): PlannedMove[];
}
