/** Images drawn from a prior, without data. @module */
import type { Runtime } from "../../graph/mod.ts";
import { denoising } from "../../mri/physics/restoration_operators.ts";
import type { RunControl } from "../../method/problem.ts";
import { type NdArray, zeros } from "../../ndarray.ts";
import type { Denoiser } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import { compileSampler } from "./run.ts";
import type { Levels } from "./schedule.ts";
import { linearMeasurement } from "../../method/measurement.ts";
import { type Stepper, unconditional } from "./steppers.ts";

/** What is drawn, and how. */
export interface GenerateOptions {
  /** How steps are taken. */
  readonly stepper: Stepper;
  /** Where they go. */
  readonly levels: Levels;
  /** Noise levels, the final 0 not counted. */
  readonly steps: number;
  /** Largest noise level. */
  readonly sigmaMax: number;
  /** Smallest noise level above 0. */
  readonly sigmaMin: number;
  /** Images. */
  readonly count: number;
  /** H and W. */
  readonly size: readonly [number, number];
}

/**
 * Draws images `[count, 2, H, W]` from a prior. `nfe` counts the evaluations for all of them.
 * @throws {InputError} for a size that the network cannot take
 * @throws {DivergenceError} when an iterate is not finite
 */
export async function generate(
  runtime: Runtime,
  denoise: Denoiser,
  { stepper, levels, steps, sigmaMax, sigmaMin, count, size }: GenerateOptions,
  control: RunControl = {},
): Promise<{ readonly images: NdArray; readonly nfe: number }> {
  const measurement = linearMeasurement(size, (batch) => denoising([batch, 2, ...size]));
  const compiled = await compileSampler(runtime, {
    sampler: unconditional(stepper, levels),
    settings: { steps, sigmaMax, sigmaMin },
    measurement,
    denoise,
    samples: count,
  });
  const nothing = { y: zeros(measurement.y), inputs: {}, sigma: 1 };
  const images = await compiled.run(nothing, control.rng ?? new Rng(0), control);
  return { images, nfe: compiled.nfe(nothing.sigma) };
}
