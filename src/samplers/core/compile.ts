/** The graphs of a sampler: its start and its kinds of step, and the names that they use. @module */
import { InputError, LarmorError, UsageError } from "../../errors.ts";
import { type DeviceArray, input, type Runtime, type Shape, type Tensor } from "../../graph/mod.ts";
import { compileAdjoint, compileInverse } from "../../method/inverse.ts";
import { compileLoop, inputsOf, type LoopProgram } from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem } from "../../method/problem.ts";
import { TIKHONOV } from "../../mri/physics/proximal.ts";
import type { SpectralForm } from "../../mri/physics/spectrum.ts";
import { type NdArray, SCALAR, zeros } from "../../ndarray.ts";
import { type Denoiser, setwise } from "../../nn/mod.ts";
import { didYouMean, requireKnown } from "../../suggest.ts";
import { projected, type Projection } from "./projection.ts";
import type {
  DataTerm,
  Sampler,
  ScheduledStep,
  Settings,
  Start,
  StepContext,
  StepKind,
} from "./contract.ts";

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
  /** Noise levels that it was trained for; a warning tells of calls outside. Default: unknown. */
  readonly trained?: readonly [min: number, max: number];
  /** Samples that are drawn. */
  readonly samples: number;
  /** Samples that run as one batch at most. Default 4: more would only take memory. */
  readonly batch?: number;
  /** What the denoised image is projected on. Default: nothing. */
  readonly projections?: readonly Projection[];
}

/**
 * The sampler's settings with others in their place.
 * @throws {UsageError} for one that the sampler does not have, with the one that is probably meant
 */
export function checkedSettings({ name, defaults }: Sampler, changed: Settings = {}): Settings {
  for (const key of Object.keys(changed)) {
    requireKnown(key, Object.keys(defaults), `Cannot set ${key} of ${name}`);
  }
  return { ...defaults, ...changed };
}

/** A kind of step as a graph, and what was counted while it was built. */
export interface CompiledStep {
  readonly program: LoopProgram;
  readonly nfe: number;
  /** Noise arrays of the image's shape: inputs `z0`, `z1`, ... */
  readonly noises: number;
  /** Noise arrays of y's shape: inputs `e0`, `e1`, ... */
  readonly dataNoises: number;
}

/** All kinds of step of a sampler, compiled for a batch. */
export interface CompiledSteps {
  /** Shape of x and the variables, `[batch, 2 S, H, W]`. */
  readonly shape: Shape;
  /** Shape of noise of y, `[batch, ...]`. */
  readonly dataShape: Shape;
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
  const shape = [batch, 2 * (measurement.sets ?? 1), ...measurement.image];
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
  const form = spectralForm(task);
  const adjoint = [1, ...shape.slice(1)];
  const fixed = inputsOf({ ...dataShapes(measurement), ...form?.shapes, adjoint });
  const noise: Record<string, Tensor> = {};
  let nfe = 0, noises = 0, dataNoises = 0;
  const drawn = (name: string, of: Shape) => noise[name] = input(name, of);
  const data: DataTerm = {
    operator: measurement.operator(fixed, shape[0]),
    y: fixed.y,
    adjoint: fixed.adjoint,
    sigma: fixed.sigmaY,
    lowPass: measurement.lowPass,
    spectrum: form?.spectrum(fixed),
  };
  const context: StepContext = {
    x,
    state: guarded(state, `variable of ${sampler.name}`),
    scalars: guarded(scalars, `scalar of ${sampler.name}`),
    sigma: levels.sigma,
    sigmaNext: levels.sigmaNext,
    data,
    denoise: (image, sigma) => {
      nfe++;
      return projected(setwise(task.denoise)(image, sigma), sigma, data, task.projections ?? []);
    },
    noise: () => drawn(`z${noises++}`, shape),
    dataNoise: () => drawn(`e${dataNoises++}`, dataShape),
  };
  const result = authored(sampler, () => kind(context));
  for (const name of Object.keys(result)) {
    requireName(name, variables, `variable of ${sampler.name}`);
  }
  const inputs = { ...variables, ...scalars, ...levels, ...fixed, ...noise };
  const program = await compileLoop(runtime, inputs, variables, result);
  return { program, nfe, noises, dataNoises };
}

/**
 * The record, which refuses to be read by a name that it does not have.
 * @param what the names are, for the message
 */
/** Runs the code of a sampler's author: what it throws is an error of the sampler. */
function authored<T>({ name }: Sampler, code: () => T): T {
  try {
    return code();
  } catch (cause) {
    if (cause instanceof LarmorError || !(cause instanceof Error)) throw cause;
    throw new UsageError(`Cannot build a step of the sampler ${name}: ${cause.message}`, { cause });
  }
}

function guarded<T extends Readonly<Record<string, unknown>>>(record: T, what: string): T {
  return new Proxy(record, {
    get(target, name) {
      if (typeof name === "string") requireName(name, target, what);
      return Reflect.get(target, name);
    },
  });
}

/** @throws {UsageError} for a name that a record does not have, with the one that is probably meant */
function requireName(name: string, record: object, what: string): void {
  if (Object.hasOwn(record, name)) return;
  const names = Object.keys(record);
  // For scripts, whose errors show the message alone.
  const { hint } = didYouMean(name, names);
  throw new UsageError(
    `Cannot use ${name}: a ${what} is required (${names.join(", ") || "it has none"})` +
      (hint === undefined ? "" : `. ${hint}`),
  );
}

/** The schedule for data with noise sigma, whose kinds of step and scalars are all declared. */
export function checkedSchedule(
  { name, scalars, schedule }: Sampler,
  settings: Settings,
  sigma: number,
  kinds: CompiledSteps["steps"],
): readonly ScheduledStep[] {
  const declared = Object.fromEntries(scalars.map((scalar) => [scalar, 0]));
  const all = Object.fromEntries(kinds);
  const steps = schedule(guarded(settings, `setting of ${name}`), { sigma });
  for (const { kind, scalars = {} } of steps) {
    requireName(kind, all, `kind of step of ${name}`);
    for (const scalar of Object.keys(scalars)) {
      requireName(scalar, declared, `scalar of ${name}`);
    }
  }
  return steps;
}

const dataShapes = ({ y, inputs }: Measurement) => ({ y, ...inputs, sigmaY: SCALAR });

/**
 * How the eigenbasis of the measurement is found; undefined where the sampler needs none.
 * @throws {InputError} when the measurement has none
 */
export function spectralForm({ sampler, measurement }: SamplingTask): SpectralForm | undefined {
  if (!sampler.spectral) return undefined;
  const form = measurement.spectral?.();
  if (form !== undefined) return form;
  throw new InputError(
    `Cannot sample with ${sampler.name}: a measurement whose eigenbasis is known is required`,
  );
}

/** What is done once for a problem: A^H y, and the image of the start. */
export type SamplerStart = (
  problem: Problem,
) => Promise<{ readonly adjoint: DeviceArray; readonly base: NdArray }>;

/** Compiles the start. */
export async function compileStart(
  runtime: Runtime,
  { measurement, sampler: { start: { around } } }: SamplingTask,
): Promise<SamplerStart> {
  const program = await compileAdjoint(runtime, measurement);
  const inverse = around === "sense" ? await compileInverse(runtime, measurement) : undefined;
  const { perSigma, floor, iterations } = TIKHONOV.start;
  return async ({ y, inputs, sigma }) => {
    const { adjoint } = await program.run({ y, ...inputs });
    const images: Readonly<Record<Start["around"], () => NdArray | Promise<NdArray>>> = {
      zero: () => zeros(adjoint.shape),
      "zero-filled": () => adjoint.read(),
      sense: async () => {
        const weight = perSigma * sigma + floor;
        return await inverse!(await adjoint.read(), { inputs, weight, iterations });
      },
      given: () => inputs.start,
    };
    return { adjoint, base: await images[around]() };
  };
}
