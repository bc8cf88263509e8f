/** What the methods that are trained networks share. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { modelPath, type ModelReference, type Parameters } from "../nn/mod.ts";

/** A network with its weights. */
export interface NetworkWeights<C> {
  readonly config: C;
  readonly parameters: Parameters;
  readonly model?: ModelReference;
}

/** The method that a network is, with weights from a model folder. */
export function networkMethod<C>(
  about: Omit<Method, "prepare" | "fixedSteps"> & { readonly defaultModel: string },
  load: (path: string) => Promise<NetworkWeights<C>>,
  prepare: (r: Runtime, g: SamplingGeometry, weights: NetworkWeights<C>) => Promise<Solver>,
): Method {
  return {
    ...about,
    fixedSteps: true,
    prepare: async (runtime, geometry, { model = about.defaultModel } = {}) =>
      await prepare(runtime, geometry, await load(await modelPath(model))),
  };
}
