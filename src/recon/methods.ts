/** All reconstruction methods by name. @module */
import { classicalMethods } from "../classical/mod.ts";
import { UsageError } from "../errors.ts";
import type { Method, MethodOptions } from "../method/problem.ts";
import { samplerMethods } from "../samplers/mod.ts";
import { unrolledMethods } from "../unrolled/mod.ts";

/** Every method, in the order that `--help` lists them. */
export const methods: readonly Method[] = [
  ...classicalMethods,
  ...samplerMethods,
  ...unrolledMethods,
];

/** The method that is used when none is named. */
export const DEFAULT_METHOD = "pnp-admm";

/**
 * The method of a name.
 * @throws {UsageError} for a name that no method has
 */
export function findMethod(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method === undefined) {
    throw new UsageError(
      `Cannot reconstruct with method '${name}': one of ` +
        `${methods.map((m) => m.name).join(", ")} is required`,
    );
  }
  return method;
}

/**
 * What a method is told of what the user asks for.
 * @throws {UsageError} for a model where the method has no network, or samples where it draws none
 */
export function methodOptions(method: Method, asked: MethodOptions): MethodOptions {
  const { steps, weight, model, samples } = asked;
  if (model !== undefined && method.defaultModel === undefined) {
    throw new UsageError(
      `Cannot use the model ${model}: a method with a network is required, found ${method.name}`,
    );
  }
  if (samples !== undefined && samples > 1 && !method.samples) {
    throw new UsageError(
      `Cannot draw ${samples} samples: a method that draws posterior samples is required, found ` +
        method.name,
      {
        hint: `Methods that do: ${methods.filter((m) => m.samples).map((m) => m.name).join(", ")}`,
      },
    );
  }
  return {
    ...(steps === undefined ? {} : { steps }),
    ...(weight === undefined ? {} : { weight }),
    ...(model === undefined ? {} : { model }),
    ...(samples === undefined || !method.samples ? {} : { samples }),
  };
}
