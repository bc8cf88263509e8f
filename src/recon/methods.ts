/** All reconstruction methods by name. @module */
import { classicalMethods } from "../classical/mod.ts";
import { UsageError } from "../errors.ts";
import type { Method } from "../mri/problem.ts";

/** Every method, in the order that `--help` lists them. */
export const methods: readonly Method[] = [...classicalMethods];

/** The method that is used when none is named. */
export const DEFAULT_METHOD = "wavelet";

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
