/** All reconstruction methods by name, methods of elsewhere, and the options that they take. @module */
import { classicalMethods } from "../classical/mod.ts";
import { UsageError } from "../errors.ts";
import { untrainedMethods } from "../generators/mod.ts";
import type { Method, MethodOptions } from "../method/problem.ts";
import { type Sampler, samplerMethod, samplerMethods } from "../samplers/mod.ts";
import { requireKnown } from "../suggest.ts";
import { unrolledMethods } from "../unrolled/mod.ts";
import type { ReconstructOptions } from "./types.ts";

/** Every method, in the order that `--help` lists them. */
export const methods: readonly Method[] = [
  ...classicalMethods,
  ...samplerMethods,
  ...unrolledMethods,
  ...untrainedMethods,
];

/** The method that is used when none is named. */
export const DEFAULT_METHOD = "pnp-admm";

/**
 * The method of a name.
 * @throws {UsageError} for a name that no method has
 */
export function findMethod(name: string): Method {
  requireKnown(name, methods.map((m) => m.name), `Cannot reconstruct with method '${name}'`);
  return methods.find((method) => method.name === name)!;
}

/** The method that is asked for: by name, or one of elsewhere, or a sampler. */
export function chosenMethod(choice: ReconstructOptions["method"] = DEFAULT_METHOD): Method {
  if (typeof choice === "string") return findMethod(choice);
  if ("prepare" in choice) return choice;
  if ("schedule" in choice) return samplerMethod(choice as Sampler);
  throw new UsageError(
    "Cannot reconstruct with this method: a name, a Method (it has prepare) or a Sampler (made by " +
      "defineSampler) is required",
  );
}

/** The method that is asked for with the model that it is asked for with: what it needs may depend on it. */
export async function methodOfModel(
  { method, model }: Pick<ReconstructOptions, "method" | "model">,
): Promise<Method> {
  const chosen = chosenMethod(method);
  return await chosen.withModel?.(model) ?? chosen;
}

/** The options that a method takes, of those that the user gives. */
export function methodOptions(method: Method, asked: MethodOptions): MethodOptions {
  const { steps, weight, model, samples, settings } = asked;
  if (model !== undefined && method.defaultModel === undefined) {
    const name = typeof model === "string" ? `the model ${model}` : "a model";
    throw new UsageError(
      `Cannot use ${name}: a method with a network is required, found ${method.name}`,
    );
  }
  if (samples !== undefined && samples > 1 && !method.samples) {
    const able = methods.filter((m) => m.samples).map((m) => m.name);
    throw new UsageError(
      `Cannot draw ${samples} samples: a method that draws posterior samples is required, found ` +
        method.name,
      { hint: `Methods that do: ${able.join(", ")}` },
    );
  }
  if (steps !== undefined && method.fixedSteps) {
    throw new UsageError(
      `Cannot take ${steps} steps: ${method.name} has a fixed number of them`,
      { hint: "Leave out --steps" },
    );
  }
  if (weight !== undefined && method.weightRole === undefined) {
    throw new UsageError(
      `Cannot weigh the prior of ${method.name}: a method with a weight is required`,
      { hint: "Leave out --weight; recon --help lists what it multiplies" },
    );
  }
  const known = Object.keys(method.settings ?? {});
  for (const name of Object.keys(settings ?? {})) {
    requireKnown(name, known, `Cannot set ${name} of ${method.name}`, "a method with settings");
  }
  return { steps, weight, model, samples: method.samples ? samples : undefined, settings };
}

/** Every option; a name that is missing here does not compile. */
const OPTIONS: Readonly<Record<keyof ReconstructOptions, true>> = {
  method: true,
  settings: true,
  mask: true,
  device: true,
  steps: true,
  weight: true,
  model: true,
  samples: true,
  seed: true,
  firstSlice: true,
  keepSamples: true,
  keepMaps: true,
  slices: true,
  maps: true,
  calibration: true,
  mapSets: true,
  updateMaps: true,
  compress: true,
  whiten: true,
  audit: true,
  errorBars: true,
  added: true,
  onProgress: true,
  signal: true,
};

/** @throws {UsageError} for an option that {@link ReconstructOptions} does not have */
export function checkOptions(options: ReconstructOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    requireKnown(name, Object.keys(OPTIONS), `Cannot reconstruct with the option '${name}'`);
  }
}
