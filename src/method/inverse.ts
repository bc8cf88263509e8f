/**
 * (A^H A + weight)^-1 b outside of larger graphs: a few steps of conjugate gradients as a graph, which runs
 * until all are done. Unrolled into one graph, all of them take longer to compile than to run.
 * @module
 */
import type { Runtime } from "../graph/mod.ts";
import { type CgState, cgStep } from "../mri/physics/cg.ts";
import { regularised } from "../mri/physics/operator.ts";
import { asBatch, type NdArray, onlyOf, partOf, SCALAR, scalar, stack, zeros } from "../ndarray.ts";
import { compileLoop, inputsOf, runLoop } from "./loop.ts";
import type { Measurement } from "./measurement.ts";
import type { Problem } from "./problem.ts";

/** Steps in one graph: 8 coils of 256 x 256 took as long with 5 of them, and a quarter longer with one. */
const UNROLLED = 3;

/** Compiles A^H y, of samples y and the arrays of the operator; the images stay on the device. */
export const compileAdjoint = (runtime: Runtime, { y, inputs, operator }: Measurement) =>
  runtime.build<string, "adjoint", "adjoint">(
    { y, ...inputs },
    ({ y, ...arrays }) => ({ adjoint: operator(arrays, 1).adjoint(y) }),
    { keep: ["adjoint"] },
  );

/** What is solved for. */
export interface InverseTask {
  /** Arrays of the operator. */
  readonly inputs: Problem["inputs"];
  /** Tikhonov weight, above 0. */
  readonly weight: number;
  /** Steps of conjugate gradients from zero, a multiple of 3. */
  readonly iterations: number;
}

/** (A^H A + weight)^-1 b for each of the images b `[N, 2 S, H, W]`, by itself. */
export type Inverse = (b: NdArray, task: InverseTask) => Promise<NdArray>;

/** Compiles the steps: once for all that ask for those of the same measurement. */
export async function compileInverse(
  runtime: Runtime,
  { image, sets = 1, inputs, operator }: Measurement,
): Promise<Inverse> {
  const size = [1, 2 * sets, ...image];
  const { x, r, p, ...given } = inputsOf({ x: size, r: size, p: size, ...inputs, weight: SCALAR });
  const before = { x, r, p };
  const apply = regularised(operator(given, 1), given.weight);
  let after: CgState = before;
  for (let i = 0; i < UNROLLED; i++) after = cgStep(apply, after);
  const program = await compileLoop(runtime, { ...given, ...before }, before, { ...after });
  return async (b, { inputs, weight, iterations }) => {
    if (iterations % UNROLLED !== 0) {
      throw new RangeError(`A multiple of ${UNROLLED} steps is required, found ${iterations}`);
    }
    const calls = Array.from(
      { length: iterations / UNROLLED },
      (_, i) => ({ program, step: (i + 1) * UNROLLED, sigma: 0 }),
    );
    const loop = { method: "conjugate gradients", steps: iterations, calls };
    const fixed = { ...inputs, weight: scalar(weight) };
    return await eachOf(b, (r) => {
      const state = { x: zeros(size), r, p: r };
      return runLoop({ ...loop, fixed, state, scale: Number.MAX_VALUE });
    });
  };
}

/** P x = (A^H A + weight)^-1 A^H A x, the part of images `[N, 2 S, H, W]` that the data determine. */
export async function compileSeen(runtime: Runtime, measurement: Measurement): Promise<Inverse> {
  const { image: size, sets = 1, inputs, operator } = measurement;
  const normal = await runtime.build<string, "seen">(
    { x: [1, 2 * sets, ...size], ...inputs },
    ({ x, ...arrays }) => ({ seen: operator(arrays, 1).normal(x) }),
  );
  const inverse = await compileInverse(runtime, measurement);
  return async (images, task) => {
    const seen = await eachOf(images, async (x) => (await normal.run({ x, ...task.inputs })).seen);
    return await inverse(seen, task);
  };
}

/** What a function makes of each array along the first axis, given and made as a batch of one. */
export async function eachOf(
  arrays: NdArray,
  apply: (array: NdArray) => Promise<NdArray>,
): Promise<NdArray> {
  const made: NdArray[] = [];
  for (let n = 0; n < arrays.shape[0]; n++) {
    made.push(onlyOf(await apply(asBatch(partOf(arrays, n)))));
  }
  return stack(made);
}
