/** The last step of every method with coil maps where k-space is partial: see `restorePartial`. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../method/problem.ts";
import { restorePartial } from "../mri/sampling/partial_fourier.ts";
import type { NdArray } from "../ndarray.ts";

/**
 * Compiles a method for a geometry. Where its k-space is partial (partial Fourier or an asymmetric
 * echo), the images and posterior samples that it gives are restored by their phase.
 * @throws as `method.prepare`
 */
export async function preparedSolver(
  runtime: Runtime,
  method: Method,
  geometry: SamplingGeometry,
  options?: MethodOptions,
): Promise<Solver> {
  const solver = await method.prepare(runtime, geometry, options);
  if (geometry.mask.partial === undefined || !method.needsMaps) return solver;
  const restored = async (x: NdArray): Promise<NdArray> => {
    const program = await runtime.build({ x: x.shape }, ({ x }) => ({
      restored: restorePartial(x, geometry.mask),
    }));
    return (await program.run({ x })).restored;
  };
  const { sample } = solver;
  return {
    ...solver,
    solve: async (problem, control) => await restored(await solver.solve(problem, control)),
    sample: sample && (async (problem, control) => await restored(await sample(problem, control))),
  };
}
