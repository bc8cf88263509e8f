/**
 * Runs of samplers. Noise comes from a counter-based generator by sample and step, and
 * enters the graphs as inputs: what a sample gets does not depend on what runs beside it.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Runtime, Shape } from "../../graph/mod.ts";
import { type Arrays, evenParts, largestOf, runLoop } from "../../method/loop.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { type NdArray, ndarray, scalar, sizeOf, zeros } from "../../ndarray.ts";
import type { Rng } from "../../rng.ts";
import {
  checkedSchedule,
  checkedSettings,
  type CompiledSteps,
  compileStart,
  compileSteps,
  type SamplingTask,
  spectralForm,
} from "./compile.ts";
import type { Sampler, ScheduledStep } from "./contract.ts";

/** Samples that run as one batch at most: more would only take memory. */
const MAX_BATCH = 4;

/** Part of the progress that computing an eigenbasis is. */
const BASIS_SHARE = 0.5;

/** A sampler compiled for a measurement. */
export interface CompiledSampler {
  /** Evaluations of the denoiser for one problem, all samples counted. */
  nfe(sigma: number): number;
  /** Steps of one sample that evaluate the denoiser. */
  steps(sigma: number): number;
  /**
   * Draws samples.
   * @returns `[samples, 2, H, W]`
   * @throws {InputError} for data without noise
   * @throws {DivergenceError} when an iterate leaves the range of images, with step and noise level
   */
  run(problem: Problem, rng: Rng, control?: RunControl): Promise<NdArray>;
}

/**
 * Compiles the start and every kind of step of a sampler.
 * @throws {UsageError} for a setting that the sampler does not have
 * @throws {InputError} when the sampler needs an eigenbasis and the measurement has none
 * @throws {TypeError} when a step or the schedule uses a name that the sampler does not declare
 */
export async function compileSampler(
  runtime: Runtime,
  task: SamplingTask,
): Promise<CompiledSampler> {
  const { sampler, samples } = task;
  const settings = checkedSettings(sampler, task.settings);
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RangeError(`Cannot draw ${samples} samples: a positive whole number is required`);
  }
  const batches = evenParts(samples, task.batch ?? MAX_BATCH);
  const compiled = new Map<number, CompiledSteps>();
  for (const size of new Set(batches)) {
    compiled.set(size, await compileSteps(runtime, task, settings, size));
  }
  const { steps: kinds } = compiled.get(batches[0])!;
  const start = await compileStart(runtime, task);
  const form = spectralForm(task);
  const scheduleFor = (sigma: number) => checkedSchedule(sampler, settings, sigma, kinds);
  const nfeOf = ({ kind }: ScheduledStep) => kinds.get(kind)!.nfe;
  return {
    steps: (sigma) => scheduleFor(sigma).filter((step) => nfeOf(step) > 0).length,
    nfe: (sigma) => samples * scheduleFor(sigma).reduce((sum, step) => sum + nfeOf(step), 0),
    async run(problem, rng, control = {}) {
      const { y, inputs, sigma } = problem;
      if (!(sigma > 0)) {
        throw new InputError(
          `Cannot sample with a noise level of ${sigma}: noise above 0 is required`,
        );
      }
      const schedule = scheduleFor(sigma);
      const called = schedule.filter((step) => nfeOf(step) > 0).map((step) => step.sigma);
      warnOutside(task.trained, called, control);
      control.signal?.throwIfAborted();
      const fixed = { y, ...inputs, sigmaY: scalar(sigma) };
      const { adjoint, base } = await start(problem);
      using _freed = adjoint;
      const share = form === undefined ? 0 : BASIS_SHARE;
      const basis = await form?.compute(inputs, withProgress(control, 0, share));
      const rest = withProgress(control, share, 1 - share);
      const drawn = zeros([samples, ...base.shape.slice(1)]);
      let first = 0;
      for (const size of batches) {
        const { data } = await runBatch(sampler, compiled.get(size)!, schedule, {
          fixed: { ...fixed, ...basis, adjoint },
          base,
          streams: Array.from({ length: size }, (_, i) => rng.split(first + i)),
          control: withProgress(rest, first / samples, size / samples),
        });
        drawn.data.set(data, first * base.data.length);
        first += size;
      }
      return drawn;
    },
  };
}

/**
 * Factors on the range that a denoiser was trained for, within which it may be called: below the
 * smallest level it has next to nothing to do.
 */
const RANGE = { low: 0.5, high: 1.01 };

/** Warns where the denoiser is called at noise levels that it was not trained for. */
function warnOutside(
  trained: SamplingTask["trained"],
  levels: readonly number[],
  { onWarning }: RunControl,
): void {
  if (trained === undefined || levels.length === 0) return;
  const [low, high] = [Math.min(...levels), Math.max(...levels)];
  if (low >= trained[0] * RANGE.low && high <= trained[1] * RANGE.high) return;
  const range = (ends: readonly number[]) => ends.map((end) => end.toPrecision(2)).join(" to ");
  onWarning?.({
    code: "outside-sigma-range",
    message: `The prior was trained for noise levels of ${range(trained)} and is called at ` +
      range([low, high]),
    hint: "Change the range by --set (sigmaMin, sigmaMax), or take another model",
  });
}

function withProgress(control: RunControl, from: number, part: number): RunControl {
  return { ...control, onProgress: (fraction) => control.onProgress?.(from + part * fraction) };
}

/** Stream of the noise of the start; the noise of step i has i + 1. */
const START_STREAM = 0;

function runBatch(
  { name, start, variables, scalars }: Sampler,
  { shape, dataShape, steps }: CompiledSteps,
  schedule: readonly ScheduledStep[],
  { fixed, base, streams, control }: {
    readonly fixed: Arrays;
    readonly base: NdArray;
    readonly streams: readonly Rng[];
    readonly control: RunControl;
  },
): Promise<NdArray> {
  const normals = (stream: number, array: number, of = shape) =>
    gaussian(streams, [stream, array], of);
  const noise = start.addNoise ? schedule[0].sigma : 0;
  const x = startIterate(base, shape, noise, () => normals(START_STREAM, 0));
  const isCounted = ({ kind }: ScheduledStep) => steps.get(kind)!.nfe > 0;
  let counted = 0;
  return runLoop({
    method: name,
    steps: schedule.filter(isCounted).length,
    fixed,
    state: {
      x,
      ...Object.fromEntries(
        Object.entries(variables).map(([key, from]) => [key, from === "x" ? x : zeros(shape)]),
      ),
    },
    scale: largestOf(x),
    calls: schedule.map((planned, i) => {
      const { program, noises, dataNoises } = steps.get(planned.kind)!;
      if (isCounted(planned)) counted++;
      return {
        program,
        step: counted,
        sigma: planned.sigma,
        feeds: () => ({
          sigma: scalar(planned.sigma),
          sigmaNext: scalar(planned.sigmaNext),
          ...Object.fromEntries(scalars.map((key) => [key, scalar(planned.scalars?.[key] ?? 0)])),
          ...numbered("z", noises, (k) => normals(i + 1, k)),
          ...numbered("e", dataNoises, (k) => normals(i + 1, noises + k, dataShape)),
        }),
      };
    }),
  }, control);
}

/** `{ z0: array(0), z1: array(1), ... }` */
function numbered(name: string, count: number, array: (k: number) => NdArray): Arrays {
  return Object.fromEntries(Array.from({ length: count }, (_, k) => [`${name}${k}`, array(k)]));
}

/** The image of the start for each element of the batch, with noise. */
function startIterate(base: NdArray, shape: Shape, sigma: number, noise: () => NdArray): NdArray {
  const x = zeros(shape);
  for (let i = 0; i < shape[0]; i++) x.data.set(base.data, i * base.data.length);
  if (sigma === 0) return x;
  const { data } = noise();
  for (let i = 0; i < data.length; i++) x.data[i] += sigma * data[i];
  return x;
}

/** Standard normal numbers, each element of the batch from its own stream. */
function gaussian(streams: readonly Rng[], path: readonly number[], shape: Shape): NdArray {
  const size = sizeOf(shape.slice(1));
  const data = new Float32Array(shape[0] * size);
  streams.forEach((stream, i) => data.set(stream.split(...path).normals(size), i * size));
  return ndarray(data, shape);
}
