/** Which runs a comparison consists of: masks, methods, and sweeps over R or steps. @module */
import { InputError, UsageError } from "../../errors.ts";
import { methodModelPath } from "../../method/method_model.ts";
import type { Method, MethodOptions } from "../../method/problem.ts";
import { parseMaskSpec } from "../../mri/sampling/masks.ts";
import type { OutsideImage } from "./outside_image.ts";
import { type ModelReference, modelReference, readModelFolder } from "../../nn/mod.ts";

/** A method as it is to be run, under the name that it has in tables. */
export interface Variant {
  readonly name: string;
  readonly method: Method;
  readonly options: MethodOptions;
  /** An image that was made elsewhere, in place of a run of the method. */
  readonly image?: OutsideImage;
}

/** A method that was asked for, with what was asked of it alone. */
export interface MethodChoice {
  readonly name: string;
  readonly method: Method;
  readonly options?: MethodOptions;
}

/**
 * The variants of methods. Steps and weight are for methods that have them, samples and the prior for
 * posterior samplers; what is asked of one method alone comes before them.
 * @param options `sweep`: numbers of steps in place of `steps`; each makes a variant
 */
export function variantsOf(
  choices: readonly MethodChoice[],
  { sweep, steps, weight, samples, model }: MethodOptions & { readonly sweep?: readonly number[] },
): Variant[] {
  return choices.flatMap(({ name, method, options: own = {} }) => {
    const options: MethodOptions = {
      steps: method.fixedSteps ? undefined : steps,
      weight: method.weightRole === undefined ? undefined : weight,
      samples: method.samples ? samples : undefined,
      model: method.samples ? model : undefined,
      ...own,
    };
    if (sweep === undefined || method.fixedSteps || own.steps !== undefined) {
      return [{ name, method, options }];
    }
    return sweep.map((swept) => ({ name, method, options: { ...options, steps: swept } }));
  });
}

/**
 * The mask with each acceleration in turn; the rest of its specification stays.
 * @throws {UsageError} when the mask has no R, or it cannot have one of these
 */
export function sweptMasks(mask: string, accelerations: readonly number[]): string[] {
  const spec = parseMaskSpec(mask);
  if (!("acceleration" in spec)) {
    throw new UsageError(
      `Cannot sweep R of mask ${mask}: a mask with R, such as equispaced:R=4,acs=24, is required`,
    );
  }
  return accelerations.map((acceleration) => {
    const swept = mask.replace(/([:,])R=[^,]*/, `$1R=${acceleration}`);
    parseMaskSpec(swept);
    return swept;
  });
}

/** The network that a variant would use; null for a method without one. */
export async function variantModel(
  { method, options, image }: Variant,
): Promise<ModelReference | null> {
  if (image !== undefined || method.defaultModel === undefined) return null;
  const path = await methodModelPath(method, options.model);
  return modelReference((await readModelFolder(path)).description);
}

/** Checks that the slices of an input can be held in memory: bytes needed, and free if known. */
export function requireMemory(
  { path, slices, needed, free = Infinity }: {
    readonly path: string;
    readonly slices: number;
    readonly needed: number;
    readonly free: number | undefined;
  },
): void {
  if (needed <= free) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new InputError(
    `Cannot compare ${slices} slices of ${path}: about ${gigabytes(needed)} of memory are ` +
      `required to keep them prepared for all methods, found ${gigabytes(free)} free`,
    { hint: "Take fewer with --slices A:B" },
  );
}
