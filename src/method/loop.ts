/**
 * The loop of all methods that iterate: the outputs of a graph are fed back to it as its variables. The
 * loop reports progress, stops when the signal says so, and stops a run that diverges. Fixed arrays are
 * bound to the programs once, and the variables stay on the device until the end.
 * @module
 */
import { DivergenceError } from "../errors.ts";
import {
  abs,
  add,
  type DeviceArray,
  input,
  mul,
  type Program,
  type ProgramInput,
  reduceMax,
  reduceSum,
  type Runtime,
  type Shape,
  type Tensor,
  topological,
} from "../graph/mod.ts";
import { type NdArray, onlyOf, scalar } from "../ndarray.ts";
import type { RunControl, Solver } from "./problem.ts";

export type Arrays = Readonly<Record<string, ProgramInput>>;

/** A graph that changes the variables of a loop. */
export type LoopProgram = Program<string, string, string>;

/** Largest magnitude of an iterate, relative to that of its start, its noise and bright tissue (1). */
const MAX_GROWTH = 1e2;

/** Names of outputs differ from those of the inputs that they are fed back to. */
export const next = (variable: string): string => `${variable}${NEXT}`;
const NEXT = "Next";

/** Largest magnitude in x; NaN where x is not finite. */
export function largest(x: Tensor): Tensor {
  return add(reduceMax(abs(x)), mul(reduceSum(x), 0));
}

/**
 * Compiles a graph that changes variables. It takes only the inputs that its results depend on.
 * @param inputs all inputs that there are
 * @param before the variables as they come in
 * @param after the variables after the step; those that are left out do not change
 */
export async function compileLoop(
  runtime: Runtime,
  inputs: Readonly<Record<string, Tensor>>,
  before: Readonly<Record<string, Tensor>>,
  after: Readonly<Record<string, Tensor | undefined>>,
): Promise<LoopProgram> {
  const changed = Object.entries(after).flatMap(([name, value]) =>
    value === undefined || value === before[name] ? [] : [[next(name), value] as const]
  );
  const check = largest(after.x ?? before.x);
  const outputs: Record<string, Tensor> = { ...Object.fromEntries(changed), check };
  const reached = new Set(topological(Object.values(outputs)));
  const used = Object.entries(inputs).filter(([, tensor]) => reached.has(tensor));
  const keep = changed.map(([name]) => name);
  return await runtime.compile(Object.fromEntries(used), outputs, { keep });
}

export function inputsOf(shapes: Readonly<Record<string, Shape>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]),
  );
}

/** One run of a graph within a loop. */
export interface LoopCall {
  readonly program: LoopProgram;
  /** Arrays of this call alone, such as noise. */
  readonly feeds?: () => Arrays;
  /** Number of the step that it ends, from 1. */
  readonly step: number;
  /** Noise level of the iterate; that of the data for methods without such levels. */
  readonly sigma: number;
}

/** A loop that is ready to run. */
export interface Loop {
  readonly method: string;
  /** Steps in all, for messages. */
  readonly steps: number;
  /** Arrays that no call changes. */
  readonly fixed: Arrays;
  /** The variables at first, or none where the first call makes them; one of them is `x`. */
  readonly state: Arrays;
  /** Largest magnitude of x at first. Default: that after the first call. */
  readonly scale?: number;
  readonly calls: readonly LoopCall[];
}

/**
 * Runs a loop.
 * @returns x at the end
 * @throws {DivergenceError} when x is not finite, or a hundred times larger than images are
 */
export async function runLoop(
  { method, steps, fixed, state: first, scale: given, calls }: Loop,
  { onProgress, signal }: RunControl = {},
): Promise<NdArray> {
  const bound = new Map<LoopProgram, LoopProgram & Disposable>();
  const state: Record<string, ProgramInput> = { ...first };
  let scale = given ?? Infinity;
  try {
    for (const [i, { program, feeds, step, sigma }] of calls.entries()) {
      signal?.throwIfAborted();
      if (!bound.has(program)) {
        const taken = Object.entries(fixed).filter(([name]) => name in program.inputShapes);
        bound.set(program, await program.bind(Object.fromEntries(taken)));
      }
      const results: Arrays = await bound.get(program)!.run({ ...state, ...feeds?.() });
      const [found] = (results.check as NdArray).data;
      const at = `step ${step} of ${steps}, sigma ${sigma.toPrecision(3)}`;
      requireSensible(found, MAX_GROWTH * Math.max(1, sigma, scale), method, at);
      if (scale === Infinity) scale = found;
      for (const [name, array] of Object.entries(results)) {
        if (name === "check") continue;
        const variable = name.slice(0, -NEXT.length);
        if (variable in state) release(state[variable]);
        state[variable] = array;
      }
      onProgress?.((i + 1) / calls.length);
    }
    const { x } = state;
    return isKept(x) ? await x.read() : x;
  } finally {
    for (const program of bound.values()) program[Symbol.dispose]();
    Object.values(state).forEach(release);
  }
}

const isKept = (array: ProgramInput): array is DeviceArray => !("data" in array);

function release(array: ProgramInput): void {
  if (isKept(array)) array[Symbol.dispose]();
}

/** As few parts of at most `most` as there can be, of nearly equal sizes, the larger first. */
export function evenParts(total: number, most: number): number[] {
  const count = Math.ceil(total / most);
  return Array.from({ length: count }, (_, i) => Math.floor((total + count - 1 - i) / count));
}

/** Largest magnitude of an array on the host. */
export function largestOf({ data }: NdArray): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function requireSensible(found: number, limit: number, method: string, at: string): void {
  if (found <= limit) return;
  const value = Number.isFinite(found) ? found.toExponential(1) : "NaN or infinity";
  throw new DivergenceError(
    `${method} diverged at ${at}: an image within ${limit.toPrecision(2)} is required ` +
      `(bright tissue is about 1), found ${value}`,
    { hint: "Try a --weight nearer to 1, or more --steps" },
  );
}

/**
 * The solver of a method that is one graph, which makes the image `[1, 2 S, H, W]` of its inputs: of `y`,
 * `sigma` and the operator's arrays.
 */
export async function singleSolver(
  runtime: Runtime,
  { method, inputs, image }: {
    readonly method: string;
    readonly inputs: Readonly<Record<string, Shape>>;
    image(tensors: Readonly<Record<string, Tensor>>): Tensor;
  },
  about: Pick<Solver, "nfe" | "steps" | "model"> = { nfe: 0, steps: 1 },
): Promise<Solver> {
  const program = await runtime.build<string, "image" | "check">(inputs, (tensors) => {
    const x = image(tensors);
    return { image: x, check: largest(x) };
  }, { inParts: true });
  return {
    ...about,
    async solve({ y, inputs, sigma }, { onProgress, signal } = {}) {
      signal?.throwIfAborted();
      const { image, check } = await program.run({ y, ...inputs, sigma: scalar(sigma) });
      requireSensible(check.data[0], Infinity, method, `sigma ${sigma.toPrecision(3)}`);
      onProgress?.(1);
      return onlyOf(image);
    },
  };
}
