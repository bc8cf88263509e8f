/** One solution of a problem, and the problem again with coil maps that fit it better. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Problem, RunControl, SamplingGeometry, Solver } from "../method/problem.ts";
import { compileMapUpdate, type UpdateMaps } from "../mri/calibration/map_update.ts";
import { meanOf, type NdArray } from "../ndarray.ts";
import { once } from "../once.ts";

/** The image, and the samples whose mean it is where the method draws samples. */
export async function solved(
  solver: Solver,
  problem: Problem,
  control: RunControl,
): Promise<{ image: NdArray; samples?: NdArray }> {
  if (solver.sample === undefined) return { image: await solver.solve(problem, control) };
  const samples = await solver.sample(problem, control);
  return { image: meanOf(samples), samples };
}

/** Updates of coil maps, compiled once for each sampling. */
export class MapUpdates {
  readonly #compiled = new Map<string, Promise<UpdateMaps>>();

  /** @param runtime must outlive it */
  constructor(private readonly runtime: Runtime) {}

  /** The problem with coil maps that fit its data and an image better. */
  async updated(
    { y, inputs, sigma }: Problem,
    image: NdArray,
    { key, geometry }: { readonly key: string; readonly geometry: SamplingGeometry },
  ): Promise<Problem> {
    const update = await once(
      this.#compiled,
      key,
      () => compileMapUpdate(this.runtime, geometry),
    );
    const maps = await update({ y, maps: inputs.maps, sigma }, image);
    return { y, inputs: { ...inputs, maps }, sigma };
  }
}
