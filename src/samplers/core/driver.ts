/**
 * The one loop that runs all samplers: it owns time, random numbers, progress and cancellation.
 *
 * Noise comes from a counter-based generator by sample and step, and enters the graphs as an input:
 * what a sample gets does not depend on what runs beside it.
 * @module
 */
import { DivergenceError, InputError } from "../../errors.ts";
import type { Runtime } from "../../graph/mod.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { type NdArray, ndarray, scalar, sizeOf, zeros } from "../../ndarray.ts";
import type { Rng } from "../../rng.ts";
import {
  type CompiledMoves,
  compileMoves,
  compileStart,
  next,
  numbered,
  type SamplingTask,
  spectralForm,
} from "./compile.ts";
import type { PlannedMove, Settings } from "./contract.ts";

export type { SamplingTask };

/** Samples that run as one batch at most: more would only take memory. */
const MAX_BATCH = 4;

/** Part of the progress that computing an eigenbasis is. */
const BASIS_SHARE = 0.5;

/** A sampler compiled for a measurement. */
export interface CompiledSampler {
  /** Evaluations of the denoiser for one problem, all samples counted. */
  nfe(sigma: number): number;
  /** Steps of one sample that ask the denoiser. */
  steps(sigma: number): number;
  /**
   * Draws samples.
   * @returns `[samples, 2, H, W]`
   * @throws {InputError} for data without noise
   * @throws {DivergenceError} when an iterate is not finite, with step and noise level
   */
  run(problem: Problem, rng: Rng, control?: RunControl): Promise<NdArray>;
}

/** Compiles the start and every kind of step of a sampler. */
export async function compileSampler(
  runtime: Runtime,
  task: SamplingTask,
): Promise<CompiledSampler> {
  const { sampler, samples } = task;
  const settings: Settings = { ...sampler.defaults, ...task.settings };
  const batches = batchSizes(samples, task.batch);
  const compiled = new Map<number, CompiledMoves>();
  for (const size of new Set(batches)) {
    compiled.set(size, await compileMoves(runtime, task, settings, size));
  }
  const start = await compileStart(runtime, task);
  const form = spectralForm(task);
  const planFor = (sigma: number) => sampler.plan(settings, { sigma });
  const moves = sampler.moves(settings);
  return {
    steps: (sigma) => planFor(sigma).filter(({ move }) => moves[move].nfe > 0).length,
    nfe: (sigma) => samples * planFor(sigma).reduce((sum, { move }) => sum + moves[move].nfe, 0),
    async run(problem, rng, control = {}) {
      requireNoise(problem);
      const plan = planFor(problem.sigma);
      control.signal?.throwIfAborted();
      const fixed = { y: problem.y, ...problem.inputs, sigmaY: scalar(problem.sigma) };
      const { adjoint, base } = await start.run(fixed);
      const basis = await form?.compute(problem.inputs, withProgress(control, 0, BASIS_SHARE));
      const rest = form === undefined
        ? control
        : withProgress(control, BASIS_SHARE, 1 - BASIS_SHARE);
      const parts: NdArray[] = [];
      let first = 0;
      for (const size of batches) {
        parts.push(
          await runBatch({
            moves: compiled.get(size)!,
            plan,
            feeds: { ...fixed, ...basis, adjoint },
            base,
            noisy: sampler.start !== "sense-image",
            streams: Array.from({ length: size }, (_, i) => rng.split(first + i)),
            ...withProgress(rest, first / samples, size / samples),
          }),
        );
        first += size;
      }
      return joined(parts);
    },
  };
}

/** As few batches as allowed, of nearly equal sizes. */
function batchSizes(samples: number, most = MAX_BATCH): number[] {
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RangeError(`Cannot draw ${samples} samples: a positive whole number is required`);
  }
  const count = Math.ceil(samples / most);
  return Array.from({ length: count }, (_, i) => Math.floor((samples + i) / count)).reverse();
}

function requireNoise({ sigma }: Problem): void {
  if (sigma > 0) return;
  throw new InputError(`Cannot sample with a noise level of ${sigma}: noise above 0 is required`);
}

function withProgress(
  { onProgress, onStage, signal }: RunControl,
  from: number,
  part: number,
): RunControl {
  return {
    ...(signal && { signal }),
    ...(onStage && { onStage }),
    ...(onProgress && { onProgress: (fraction: number) => onProgress(from + part * fraction) }),
  };
}

function joined(parts: readonly NdArray[]): NdArray {
  const count = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const whole = zeros([count, ...parts[0].shape.slice(1)]);
  let at = 0;
  for (const { data } of parts) {
    whole.data.set(data, at);
    at += data.length;
  }
  return whole;
}

type Arrays = Readonly<Record<string, NdArray>>;

interface BatchRun extends RunControl {
  readonly moves: CompiledMoves;
  readonly plan: readonly PlannedMove[];
  readonly feeds: Arrays;
  readonly base: NdArray;
  readonly noisy: boolean;
  readonly streams: readonly Rng[];
}

/** Stream of the noise of the start; the noise of step i has i + 1. */
const START_STREAM = 0;

async function runBatch(
  { moves, plan, feeds, base, noisy, streams, onProgress, signal }: BatchRun,
): Promise<NdArray> {
  const { variables, shape, dataShape, programs } = moves;
  const normals = (stream: number, array: number, of = shape) =>
    gaussian(streams, [stream, array], of);
  const state: Record<string, NdArray> = Object.fromEntries(
    variables.map((name) => [name, zeros(shape)]),
  );
  state.x = startIterate(base, shape, noisy ? plan[0].sigma : 0, () => normals(START_STREAM, 0));
  const isStep = (planned: PlannedMove) => programs.get(planned.move)!.move.nfe > 0;
  for (let i = 0; i < plan.length; i++) {
    signal?.throwIfAborted();
    const { move: name, sigma, sigmaNext, parameter = 0 } = plan[i];
    const { move, program } = programs.get(name)!;
    const { noises, dataNoises } = move;
    const noise = [
      ...numbered("z", noises).map((input, k) => [input, normals(i + 1, k)]),
      ...numbered("e", dataNoises).map((input, k) => [
        input,
        normals(i + 1, noises + k, dataShape),
      ]),
    ];
    const { check, ...results } = await program.run({
      ...feeds,
      ...state,
      ...Object.fromEntries(noise),
      sigma: scalar(sigma),
      sigmaNext: scalar(sigmaNext),
      parameter: scalar(parameter),
    });
    requireFinite(check.data[0], i, plan, isStep);
    for (const variable of variables) state[variable] = results[next(variable)] ?? state[variable];
    onProgress?.((i + 1) / plan.length);
  }
  return state.x;
}

/** The start image for each element of the batch, with noise of the first level. */
function startIterate(
  base: NdArray,
  shape: readonly number[],
  sigma: number,
  noise: () => NdArray,
): NdArray {
  const x = zeros(shape);
  for (let i = 0; i < shape[0]; i++) x.data.set(base.data, i * base.data.length);
  if (sigma === 0) return x;
  const { data } = noise();
  for (let i = 0; i < data.length; i++) x.data[i] += sigma * data[i];
  return x;
}

/** Standard normal numbers, each element of the batch from its own stream. */
function gaussian(
  streams: readonly Rng[],
  path: readonly number[],
  shape: readonly number[],
): NdArray {
  const size = sizeOf(shape.slice(1));
  const data = new Float32Array(shape[0] * size);
  streams.forEach((stream, i) => data.set(stream.split(...path).normals(size), i * size));
  return ndarray(data, shape);
}

/** @throws {DivergenceError} that names step and noise level */
function requireFinite(
  check: number,
  at: number,
  plan: readonly PlannedMove[],
  isStep: (planned: PlannedMove) => boolean,
): void {
  if (Number.isFinite(check)) return;
  const steps = (moves: readonly PlannedMove[]) => moves.filter(isStep).length;
  throw new DivergenceError(
    `Sampling diverged at step ${steps(plan.slice(0, at + 1))} of ${steps(plan)}, sigma ${
      plan[at].sigma.toPrecision(3)
    }: finite numbers are required, found NaN or infinity`,
    { hint: "Try a --weight nearer to 1, or more --steps" },
  );
}
