/** What the methods that are trained networks share. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { methodModelPath } from "../method/method_model.ts";
import type { ModelReference, Parameters } from "../nn/mod.ts";

/** A network with its weights. */
export interface NetworkWeights<C> {
  readonly config: C;
  readonly parameters: Parameters;
  readonly model?: ModelReference;
}

/** The method that a network is, with weights from a model folder. */
export function networkMethod<C>(
  about: Omit<Method, "prepare" | "fixedSteps"> & { readonly defaultModel: string | null },
  load: (path: string) => Promise<NetworkWeights<C>>,
  prepare: (r: Runtime, g: SamplingGeometry, weights: NetworkWeights<C>) => Promise<Solver>,
): Method {
  return {
    ...about,
    fixedSteps: true,
    prepare: async (runtime, geometry, { model } = {}) =>
      await prepare(runtime, geometry, await load(await methodModelPath(about, model))),
  };
}
