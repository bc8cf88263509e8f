/** What the methods that are trained networks share. @module */
import type { Runtime } from "../graph/mod.ts";
import type { Method, SamplingGeometry, Solver } from "../method/problem.ts";
import { methodModelPath } from "../method/method_model.ts";
import type { ModelChoice, ModelReference, Parameters } from "../nn/mod.ts";

/** A network with its weights. */
export interface NetworkWeights<C> {
  readonly config: C;
  readonly parameters: Parameters;
  readonly model?: ModelReference;
}

/** How a network becomes a method. */
interface NetworkParts<C> {
  /** Reads a model folder. */
  load(path: string): Promise<NetworkWeights<C>>;
  /** Compiles the network for a geometry. */
  prepare(r: Runtime, g: SamplingGeometry, weights: NetworkWeights<C>): Promise<Solver>;
  /** Whether networks of these sizes work without coil maps. Default: none of them. */
  isWithoutMaps?(config: C): boolean;
}

/** The method that a network is, with weights from a model folder. */
export function networkMethod<C>(
  about:
    & Omit<Method, "prepare" | "fixedSteps" | "needsMaps" | "withModel">
    & { readonly defaultModel: string | null },
  { load, prepare, isWithoutMaps }: NetworkParts<C>,
): Method {
  const weightsOf = async (model?: ModelChoice) => await load(await methodModelPath(about, model));
  const method: Method = {
    ...about,
    needsMaps: true,
    fixedSteps: true,
    prepare: async (runtime, geometry, { model } = {}) =>
      await prepare(runtime, geometry, await weightsOf(model)),
  };
  if (isWithoutMaps === undefined) return method;
  const withoutMaps: Method = { ...method, needsMaps: false };
  return {
    ...method,
    withModel: async (model) =>
      model !== undefined && isWithoutMaps((await weightsOf(model)).config) ? withoutMaps : method,
  };
}
