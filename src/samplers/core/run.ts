/**
 * Samplers as graphs, and their runs. Noise comes from a counter-based generator by sample and step, and
 * enters the graphs as inputs: what a sample gets does not depend on what runs beside it.
 * @module
 */
import { InputError, UsageError } from "../../errors.ts";
import {
  input,
  mul,
  type Program,
  type Runtime,
  type Shape,
  type Tensor,
} from "../../graph/mod.ts";
import {
  type Arrays,
  compileLoop,
  inputsOf,
  largestOf,
  type LoopProgram,
  runLoop,
} from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem, RunControl } from "../../method/problem.ts";
import { leastSquaresImage } from "../../mri/physics/proximal.ts";
import type { SpectralForm } from "../../mri/physics/spectrum.ts";
import { type NdArray, ndarray, SCALAR, scalar, sizeOf, zeros } from "../../ndarray.ts";
import type { Denoiser } from "../../nn/mod.ts";
import type { Rng } from "../../rng.ts";
import { didYouMean } from "../../suggest.ts";
import type {
  DataTerm,
  Sampler,
  ScheduledStep,
  Settings,
  Start,
  StepContext,
  StepKind,
} from "./contract.ts";

/** Samples that run as one batch at most: more would only take memory. */
const MAX_BATCH = 4;

/** Part of the progress that computing an eigenbasis is. */
const BASIS_SHARE = 0.5;

/** A sampler, what it samples, and how. */
export interface SamplingTask {
  /** The sampler. */
  readonly sampler: Sampler;
  /** Settings that differ from its defaults. */
  readonly settings?: Settings;
  /** What was measured. */
  readonly measurement: Measurement;
  /** The prior. */
  readonly denoise: Denoiser;
  /** Samples that are drawn. */
  readonly samples: number;
  /** Samples that run as one batch at most. Default 4: more would only take memory. */
  readonly batch?: number;
}

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
  const batches = batchSizes(samples, task.batch);
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
      requireNoise(problem);
      const schedule = scheduleFor(problem.sigma);
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
          await runBatch(sampler, compiled.get(size)!, schedule, {
            fixed: { ...fixed, ...basis, adjoint },
            base,
            streams: Array.from({ length: size }, (_, i) => rng.split(first + i)),
            control: withProgress(rest, first / samples, size / samples),
          }),
        );
        first += size;
      }
      return joined(parts);
    },
  };
}

/**
 * The sampler's settings with others in their place.
 * @throws {UsageError} for one that the sampler does not have, with the one that is probably meant
 */
export function checkedSettings({ name, defaults }: Sampler, changed: Settings = {}): Settings {
  for (const key of Object.keys(changed)) {
    if (Object.hasOwn(defaults, key)) continue;
    const names = Object.keys(defaults);
    throw new UsageError(
      `Cannot set ${key} of ${name}: one of ${names.join(", ")} is required`,
      didYouMean(key, names),
    );
  }
  return { ...defaults, ...changed };
}

function requireNoise({ sigma }: Problem): void {
  if (sigma > 0) return;
  throw new InputError(`Cannot sample with a noise level of ${sigma}: noise above 0 is required`);
}

/** As few batches as allowed, of nearly equal sizes. */
function batchSizes(samples: number, most = MAX_BATCH): number[] {
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RangeError(`Cannot draw ${samples} samples: a positive whole number is required`);
  }
  const count = Math.ceil(samples / most);
  return Array.from({ length: count }, (_, i) => Math.floor((samples + i) / count)).reverse();
}

function withProgress(
  { onProgress, onStage, signal }: RunControl,
  from: number,
  part: number,
): RunControl {
  return { signal, onStage, onProgress: (fraction) => onProgress?.(from + part * fraction) };
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

/** A kind of step as a graph, and what was counted while it was built. */
export interface CompiledStep {
  /** The graph. */
  readonly program: LoopProgram;
  /** Calls of the denoiser. */
  readonly nfe: number;
  /** Noise arrays of the image's shape: inputs `z0`, `z1`, ... */
  readonly noises: number;
  /** Noise arrays of y's shape: inputs `e0`, `e1`, ... */
  readonly dataNoises: number;
}

/** All kinds of step of a sampler, compiled for a batch. */
export interface CompiledSteps {
  /** Shape of x and the variables, `[batch, 2, H, W]`. */
  readonly shape: Shape;
  /** Shape of noise of y, `[batch, ...]`. */
  readonly dataShape: Shape;
  /** The compiled steps by name. */
  readonly steps: ReadonlyMap<string, CompiledStep>;
}

/**
 * Compiles every kind of step. Inputs, of those that a step uses: x and the variables, noise, `sigma`,
 * `sigmaNext`, the scalars, and the data.
 */
export async function compileSteps(
  runtime: Runtime,
  task: SamplingTask,
  settings: Settings,
  batch: number,
): Promise<CompiledSteps> {
  const { sampler, measurement } = task;
  const shape = [batch, 2, ...measurement.image];
  const dataShape = [batch, ...measurement.y.slice(1)];
  const steps = new Map<string, CompiledStep>();
  const kinds = sampler.stepKinds(guarded(settings, `setting of ${sampler.name}`));
  for (const [name, kind] of Object.entries(kinds)) {
    steps.set(name, await compileStep(runtime, task, kind, { shape, dataShape }));
  }
  return { shape, dataShape, steps };
}

async function compileStep(
  runtime: Runtime,
  task: SamplingTask,
  kind: StepKind,
  { shape, dataShape }: Pick<CompiledSteps, "shape" | "dataShape">,
): Promise<CompiledStep> {
  const { sampler, measurement } = task;
  const named = (names: readonly string[], of: Shape) =>
    inputsOf(Object.fromEntries(names.map((name) => [name, of])));
  const variables = named(["x", ...Object.keys(sampler.variables)], shape);
  const scalars = named(sampler.scalars, SCALAR);
  const levels = named(["sigma", "sigmaNext"], SCALAR);
  const { x, ...state } = variables;
  const fixed = inputsOf({
    ...dataShapes(measurement),
    ...spectralForm(task)?.shapes,
    adjoint: [1, ...shape.slice(1)],
  });
  const noise: Record<string, Tensor> = {};
  let nfe = 0, noises = 0, dataNoises = 0;
  const drawn = (name: string, of: Shape) => noise[name] = input(name, of);
  const context: StepContext = {
    x,
    state: guarded(state, `variable of ${sampler.name}`),
    scalars: guarded(scalars, `scalar of ${sampler.name}`),
    sigma: levels.sigma,
    sigmaNext: levels.sigmaNext,
    data: dataTerm(task, fixed, shape[0]),
    denoise: (image, sigma) => (nfe++, task.denoise(image, sigma)),
    noise: () => drawn(`z${noises++}`, shape),
    dataNoise: () => drawn(`e${dataNoises++}`, dataShape),
  };
  const result = kind(context);
  const allowed = guarded(variables, `variable of ${sampler.name}`);
  for (const name of Object.keys(result)) void allowed[name];
  const inputs = { ...variables, ...scalars, ...levels, ...fixed, ...noise };
  const program = await compileLoop(runtime, inputs, variables, result);
  return { program, nfe, noises, dataNoises };
}

/**
 * The record, which says so when a name is read that it does not have.
 * @param what the names are, for the message
 */
function guarded<T extends Readonly<Record<string, unknown>>>(record: T, what: string): T {
  return new Proxy(record, {
    get(target, name) {
      if (typeof name === "symbol" || Object.hasOwn(target, name)) return Reflect.get(target, name);
      const names = Object.keys(target);
      const { hint } = didYouMean(name, names);
      throw new TypeError(
        `Cannot use ${name}: a ${what} is required (${names.join(", ") || "it has none"})` +
          (hint === undefined ? "" : `. ${hint}`),
      );
    },
  });
}

/** The schedule, whose kinds of step and scalars are all declared. */
function checkedSchedule(
  sampler: Sampler,
  settings: Settings,
  sigma: number,
  kinds: ReadonlyMap<string, CompiledStep>,
): readonly ScheduledStep[] {
  const steps = guarded(Object.fromEntries(kinds), `kind of step of ${sampler.name}`);
  const scalars = guarded(
    Object.fromEntries(sampler.scalars.map((name) => [name, 0])),
    `scalar of ${sampler.name}`,
  );
  const schedule = sampler.schedule(guarded(settings, `setting of ${sampler.name}`), { sigma });
  for (const step of schedule) {
    void steps[step.kind];
    for (const name of Object.keys(step.scalars ?? {})) void scalars[name];
  }
  return schedule;
}

/** The data as a graph sees them. */
function dataTerm(
  task: SamplingTask,
  tensors: Readonly<Record<string, Tensor>>,
  batch: number,
): DataTerm {
  const { measurement } = task;
  return {
    operator: measurement.operator(tensors, batch),
    y: tensors.y,
    adjoint: tensors.adjoint,
    sigma: tensors.sigmaY,
    lowPass: measurement.lowPass,
    spectrum: spectralForm(task)?.spectrum(tensors),
  };
}

const dataShapes = ({ y, inputs }: Measurement) => ({ y, ...inputs, sigmaY: SCALAR });

/**
 * How the eigenbasis of the measurement is found; undefined where the sampler needs none.
 * @throws {InputError} when the measurement has none
 */
function spectralForm({ sampler, measurement }: SamplingTask): SpectralForm | undefined {
  if (!sampler.spectral) return undefined;
  const form = measurement.spectral?.();
  if (form !== undefined) return form;
  throw new InputError(
    `Cannot sample with ${sampler.name}: a measurement whose eigenbasis is known is required`,
  );
}

/** Compiles what is done once for a problem: A^H y as `adjoint`, and the image of the start as `base`. */
export function compileStart(
  runtime: Runtime,
  { measurement, sampler: { start } }: SamplingTask,
): Promise<Program> {
  return runtime.build<string, string>(dataShapes(measurement), (tensors) => {
    const operator = measurement.operator(tensors, 1);
    const adjoint = operator.adjoint(tensors.y);
    const images: Readonly<Record<Start["around"], () => Tensor>> = {
      zero: () => mul(adjoint, 0),
      "zero-filled": () => mul(adjoint, 1),
      sense: () => leastSquaresImage({ operator, adjoint }, tensors.sigmaY),
    };
    return { adjoint, base: images[start.around]() };
  });
}

interface BatchRun {
  readonly fixed: Arrays;
  readonly base: NdArray;
  readonly streams: readonly Rng[];
  readonly control: RunControl;
}

/** Stream of the noise of the start; the noise of step i has i + 1. */
const START_STREAM = 0;

function runBatch(
  { name, start, variables, scalars }: Sampler,
  { shape, dataShape, steps }: CompiledSteps,
  schedule: readonly ScheduledStep[],
  { fixed, base, streams, control }: BatchRun,
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
function startIterate(
  base: NdArray,
  shape: Shape,
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
function gaussian(streams: readonly Rng[], path: readonly number[], shape: Shape): NdArray {
  const size = sizeOf(shape.slice(1));
  const data = new Float32Array(shape[0] * size);
  streams.forEach((stream, i) => data.set(stream.split(...path).normals(size), i * size));
  return ndarray(data, shape);
}
