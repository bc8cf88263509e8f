/** The graphs of a sampler: its start and its kinds of step. @module */
import {
  mul,
  type Program,
  reduceSum,
  type Runtime,
  type Shape,
  type Tensor,
} from "../../graph/mod.ts";
import { InputError } from "../../errors.ts";
import { leastSquaresImage } from "../../mri/physics/proximal.ts";
import type { Denoiser } from "../../nn/mod.ts";
import type { DataTerm, Move, Sampler, Settings, Start, State, StepInput } from "./contract.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { SpectralForm } from "../../mri/physics/spectrum.ts";
import { SCALAR } from "../../ndarray.ts";

/** A sampler, what it samples, and how. */
export interface SamplingTask {
  /** The sampler. */
  readonly sampler: Sampler;
  /** Its settings. Default: its defaults. */
  readonly settings?: Settings;
  /** What is measured. */
  readonly measurement: Measurement;
  /** The prior. */
  readonly denoise: Denoiser;
  /** Samples that are drawn. */
  readonly samples: number;
  /** Samples that run as one batch at most. Default 4: more would only take memory. */
  readonly batch?: number;
}

/** Kinds of step, compiled for a batch. */
export interface CompiledMoves {
  /** Variables that go from step to step. */
  readonly variables: readonly string[];
  /** Shape of each of them, `[batch, 2, H, W]`. */
  readonly shape: Shape;
  /** Shape of noise of y, `[batch, ...]`. */
  readonly dataShape: Shape;
  /** The compiled steps by name. */
  readonly programs: ReadonlyMap<string, { readonly move: Move; readonly program: Program }>;
}

/** The data as a graph sees them. */
function dataTerm(
  { sampler, measurement }: SamplingTask,
  tensors: Readonly<Record<string, Tensor>>,
  batch: number,
): DataTerm {
  const { lowPass } = measurement;
  const spectral = spectralForm({ sampler, measurement });
  return {
    operator: measurement.operator(tensors, batch),
    y: tensors.y,
    adjoint: tensors.adjoint,
    sigma: tensors.sigmaY,
    lowPass,
    spectrum: spectral?.spectrum(tensors),
  };
}

/**
 * How the eigenbasis of the measurement is found; undefined where the sampler needs none.
 * @throws {InputError} when the measurement has none
 */
export function spectralForm(
  { sampler, measurement }: Pick<SamplingTask, "sampler" | "measurement">,
): SpectralForm | undefined {
  if (sampler.spectral !== true) return undefined;
  const form = measurement.spectral?.();
  if (form !== undefined) return form;
  throw new InputError(
    `Cannot sample with ${sampler.name}: a measurement whose eigenbasis is known is required`,
  );
}

/**
 * Compiles every kind of step. Inputs: the variables, noise `z0`, `z1`, ... and of the samples `e0`,
 * `e1`, ..., `sigma`, `sigmaNext`, `parameter`, the data. Outputs: {@link next} of the variables that
 * the step changes, and `check`, which is finite where they are.
 */
export async function compileMoves(
  runtime: Runtime,
  task: SamplingTask,
  settings: Settings,
  batch: number,
): Promise<CompiledMoves> {
  const { sampler, measurement } = task;
  const shape = [batch, 2, ...measurement.image];
  const dataShape = [batch, ...measurement.y.slice(1)];
  const variables = ["x", ...sampler.variables ?? []];
  const programs = new Map<string, { move: Move; program: Program }>();
  for (const [name, move] of Object.entries(sampler.moves(settings))) {
    const inputs: Record<string, Shape> = {
      ...Object.fromEntries(variables.map((variable) => [variable, shape])),
      ...Object.fromEntries(numbered("z", move.noises).map((name) => [name, shape])),
      ...Object.fromEntries(numbered("e", move.dataNoises).map((name) => [name, dataShape])),
      sigma: SCALAR,
      sigmaNext: SCALAR,
      parameter: SCALAR,
      ...dataShapes(measurement),
      ...spectralForm(task)?.shapes,
      adjoint: [1, ...shape.slice(1)],
    };
    const program = await runtime.build<string, string>(
      inputs,
      (tensors) => outputsOf(variables, tensors, move.step(stepInput(task, tensors, move, batch))),
    );
    programs.set(name, { move, program });
  }
  return { variables, shape, dataShape, programs };
}

/** `z0`, `z1`, ... */
export function numbered(name: string, count = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

function dataShapes({ y, inputs }: Measurement): Record<string, Shape> {
  return { y, ...inputs, sigmaY: SCALAR };
}

function stepInput(
  task: SamplingTask,
  tensors: Readonly<Record<string, Tensor>>,
  { noises, dataNoises }: Move,
  batch: number,
): StepInput {
  const { x, sigma, sigmaNext, parameter } = tensors;
  const { variables = [] } = task.sampler;
  return {
    x,
    state: { x, ...Object.fromEntries(variables.map((name) => [name, tensors[name]])) },
    sigma,
    sigmaNext,
    parameter,
    noise: numbered("z", noises).map((name) => tensors[name]),
    dataNoise: numbered("e", dataNoises).map((name) => tensors[name]),
    data: dataTerm(task, tensors, batch),
    denoise: task.denoise,
  };
}

/** Names of outputs differ from those of the inputs they are fed back to. */
export const next = (variable: string): string => `${variable}Next`;

/** The variables that a step changes, and a sum that is finite where they are. */
function outputsOf(
  variables: readonly string[],
  before: Readonly<Record<string, Tensor>>,
  state: State,
): Record<string, Tensor> {
  const changed = variables.filter((name) => state[name] && state[name] !== before[name]);
  return {
    ...Object.fromEntries(changed.map((name) => [next(name), state[name]])),
    check: reduceSum(state.x),
  };
}

/** Compiles what is done once for a problem: A^H y as `adjoint`, and what x starts around as `base`. */
export function compileStart(runtime: Runtime, task: SamplingTask): Promise<Program> {
  const { measurement, sampler } = task;
  return runtime.build<string, string>(dataShapes(measurement), (tensors) => {
    const adjoint = measurement.operator(tensors, 1).adjoint(tensors.y);
    const data = dataTerm({ ...task, sampler: { ...sampler, spectral: false } }, {
      ...tensors,
      adjoint,
    }, 1);
    return { adjoint, base: startImage(sampler.start, data) };
  });
}

function startImage(start: Start, data: DataTerm): Tensor {
  if (start === "noise") return mul(data.adjoint, 0);
  if (start === "zero-filled") return mul(data.adjoint, 1);
  return leastSquaresImage(data, data.sigma);
}
