/**
 * What a reconstruction method is given, and what it gives back. Every method (classical, sampled,
 * unrolled) is a `Method`; the pipeline in `recon/` reads, calibrates, scales and writes for all.
 * @module
 */
import type { Runtime } from "../graph/mod.ts";
import type { NdArray } from "../ndarray.ts";
import type { SamplingMask } from "./masks.ts";

/** What is the same for all slices of a volume: a method compiles its graphs for this. */
export interface Acquisition {
  /** Number of coils C. */
  readonly coils: number;
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
   * Acquired samples. Mask of lines: hybrid (ky, x) space, the K acquired lines `[C, 2, K, W]`.
   * Mask of the plane: k-space `[C, 2, H, W]`, zero where nothing was acquired.
   */
  readonly samples: NdArray;
  /** Coil sensitivities `[C, 2, H, W]`, sum of squares 1 within the object, 0 outside. */
  readonly maps: NdArray;
  /** Noise of the samples: standard deviation of the real and of the imaginary part. */
  readonly sigma: number;
}

/** What a method may be told by the user; each has its own defaults. */
export interface MethodOptions {
  /** Iterations or steps. */
  readonly steps?: number;
  /** Factor on the method's automatic regularisation weight. Default 1. */
  readonly weight?: number;
}

/** How a running method reports and is stopped. */
export interface RunControl {
  /** Called with the fraction done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Stops the run: the method throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A method compiled for a geometry. */
export interface Solver {
  /** Evaluations of a network that one slice takes. */
  readonly nfe: number;
  /** Iterations or steps that one slice takes. */
  readonly steps: number;
  /** Reconstructs one slice: complex image `[2, H, W]`, on the scale of the problem. */
  solve(problem: Problem, control?: RunControl): Promise<NdArray>;
}

/** A reconstruction method. */
export interface Method {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** Whether it needs coil sensitivities (and so a calibration region or a maps file). */
  readonly needsMaps: boolean;
  /** Compiles the method. */
  prepare(runtime: Runtime, geometry: Acquisition, options?: MethodOptions): Promise<Solver>;
}
