/** All reconstruction methods by name, and methods of elsewhere. @module */
import { classicalMethods } from "../classical/mod.ts";
import { UsageError } from "../errors.ts";
import type { Method, MethodOptions } from "../method/problem.ts";
import {
  type Sampler,
  samplerMethod,
  samplerMethods,
  type SamplerOf,
  type Settings,
} from "../samplers/mod.ts";
import { didYouMean } from "../suggest.ts";
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
  if (method !== undefined) return method;
  const names = methods.map((m) => m.name);
  throw new UsageError(
    `Cannot reconstruct with method '${name}': one of ${names.join(", ")} is required`,
    didYouMean(name, names),
  );
}

/**
 * The method that is asked for: by name, or one of elsewhere, or a sampler.
 * @throws {UsageError} for a name that no method has, and for something that is no method
 */
export function chosenMethod(
  choice: string | Method | SamplerOf<Settings> = DEFAULT_METHOD,
): Method {
  if (typeof choice === "string") return findMethod(choice);
  if ("prepare" in choice) return choice;
  if ("schedule" in choice) return samplerMethod(choice as Sampler);
  throw new UsageError(
    "Cannot reconstruct with this method: a name, a Method (it has prepare) or a Sampler (made by " +
      "defineSampler) is required",
  );
}

/**
 * The options that a method takes, of those that the user gives.
 * @throws {UsageError} for a model where the method has no network, samples where it draws none, and
 *   a setting that it does not have
 */
export function methodOptions(method: Method, asked: MethodOptions): MethodOptions {
  const { steps, weight, model, samples, settings } = asked;
  if (model !== undefined && method.defaultModel === undefined) {
    throw new UsageError(
      `Cannot use ${
        typeof model === "string" ? `the model ${model}` : "a model"
      }: a method with a ` +
        `network is required, found ${method.name}`,
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
  checkSettings(method, settings);
  return {
    ...(steps === undefined ? {} : { steps }),
    ...(weight === undefined ? {} : { weight }),
    ...(model === undefined ? {} : { model }),
    ...(samples === undefined || !method.samples ? {} : { samples }),
    ...(settings === undefined ? {} : { settings }),
  };
}

function checkSettings(method: Method, settings: MethodOptions["settings"] = {}): void {
  const names = Object.keys(method.settings ?? {});
  for (const name of Object.keys(settings)) {
    if (names.includes(name)) continue;
    const known = names.length > 0 ? `one of ${names.join(", ")}` : "a method with settings";
    throw new UsageError(
      `Cannot set ${name} of ${method.name}: ${known} is required`,
      didYouMean(name, names),
    );
  }
}
