/**
 * The contract of reconstruction methods. Every method (classical, sampled, unrolled) is a `Method`; the pipeline in `recon/` reads, calibrates, scales and writes for all.
 * @module
 */
import type { Runtime } from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
import type { ModelChoice, ModelReference } from "../nn/mod.ts";
import type { Rng } from "../rng.ts";
import type { Warning } from "../warning.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";

/** What all slices of a volume share. A method compiles its graphs for it. */
export interface SamplingGeometry {
  /** Number of coils C. */
  readonly coils: number;
  /** Sets of coil maps S, each with an image of its own. Default 1. */
  readonly sets?: number;
  /** Phase-encode lines H. */
  readonly height: number;
  /** Readout samples W. */
  readonly width: number;
  /** Which samples were acquired. */
  readonly mask: SamplingMask;
}

/** One slice, scaled so that the image's bright tissue is about 1. */
export interface Problem {
  /**
   * Acquired samples. Mask of lines: hybrid (ky, x) space, the K acquired lines `[1, C, 2, K, W]`.
   * Mask of the plane: k-space `[1, C, 2, H, W]`, zero where nothing was acquired.
   */
  readonly y: NdArray;
  /**
   * Arrays of the operator, by name. `maps`: coil sensitivities `[S, C, 2, H, W]`, each set of unit sum
   * of squares within the object and 0 outside, the sets of a pixel orthogonal to each other; absent for
   * methods that need none.
   */
  readonly inputs: Readonly<Record<string, NdArray>>;
  /** Noise of y: standard deviation of each real and imaginary part. */
  readonly sigma: number;
  /**
   * Rows and columns by which the echo lies off the centre of k-space, a linear phase of the image that
   * `recon` takes out for the method. Default: it is at the centre.
   */
  readonly echo?: readonly [rows: number, columns: number];
}

/** Options of a method; each has its own defaults. */
export interface MethodOptions {
  /** Iterations or steps. */
  readonly steps?: number;
  /** Factor on the method's weight of the prior: above 1 trusts the prior more. Default 1. */
  readonly weight?: number;
  /** Posterior samples, for methods that draw them. Default: the method's own number. */
  readonly samples?: number;
  /** Network: see `openPrior`; networks with weights of their own take a name or a path only. */
  readonly model?: ModelChoice;
  /** The method's own settings, by name: those of `Method.settings`. */
  readonly settings?: Readonly<Record<string, number>>;
}

/** How a running method reports and is stopped, and where its random numbers come from. */
export interface RunControl {
  /** Random numbers of this slice. Default: those of seed 0. */
  readonly rng?: Rng;
  /** Called with the fraction done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Called with the seconds of a part of the work that is done beside the steps. */
  readonly onStage?: (stage: "eigenbasis", seconds: number) => void;
  /**
   * Called with the standard deviation of the data about the model that the method uses: noise, and
   * errors of the model, such as those of the coil maps.
   */
  readonly onModelSigma?: (sigma: number) => void;
  /** Called with each warning about the result. */
  readonly onWarning?: (warning: Warning) => void;
  /** Stops the run: the method throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A method compiled for a geometry. */
export interface Solver {
  /** Evaluations of a network that one slice takes. */
  readonly nfe: number;
  /** Iterations or steps that one slice takes. */
  readonly steps: number;
  /** Posterior samples for a slice, of methods that draw them. */
  readonly samples?: number;
  /** Settings in use, of methods that have any. */
  readonly settings?: Readonly<Record<string, number>>;
  /** The network, of methods that have one. */
  readonly model?: ModelReference;
  /** Reconstructs one slice: complex images of the S sets, `[2 S, H, W]`, on the scale of the problem. */
  solve(problem: Problem, control?: RunControl): Promise<NdArray>;
  /** Draws posterior samples `[samples, 2 S, H, W]`, whose mean `solve` gives; only of methods that sample. */
  sample?(problem: Problem, control?: RunControl): Promise<NdArray>;
}

/** A reconstruction method. */
export interface Method {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** The quantity that `weight` multiplies; undefined where the weight has no effect. */
  readonly weightRole?: string;
  /** Whether it needs coil sensitivities (and so a calibration region or a maps file). */
  readonly needsMaps: boolean;
  /** Whether it draws posterior samples. Default false. */
  readonly samples?: boolean;
  /** Whether its number of steps is fixed. Default false. */
  readonly fixedSteps?: boolean;
  /** Settings that `MethodOptions.settings` may change, with their defaults. */
  readonly settings?: Readonly<Record<string, number>>;
  /**
   * Name of the network that is used when none is named; null where none comes with Larmor, so that one
   * must be named. Only of methods that have a network.
   */
  readonly defaultModel?: string | null;
  /**
   * The method with a model other than its own, where models differ in what they need.
   * @throws {InputError} when the model cannot be read
   */
  withModel?(model: ModelChoice | undefined): Promise<Method>;
  /**
   * Compiles the method.
   * @throws {InputError} when its network cannot be read or does not fit
   */
  prepare(runtime: Runtime, geometry: SamplingGeometry, options?: MethodOptions): Promise<Solver>;
}
