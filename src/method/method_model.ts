/** Which network a method is to run with. @module */
import { UsageError } from "../errors.ts";
import { type ModelChoice, modelPath } from "../nn/mod.ts";
import type { Method } from "./problem.ts";

/**
 * Path of the network of a method: the one that is named, or the one that comes with Larmor.
 * @throws {UsageError} when none is named and none comes with Larmor
 * @throws {InputError} when it is not there
 */
export async function methodModelPath(
  { name, defaultModel }: Pick<Method, "name" | "defaultModel">,
  choice: ModelChoice | undefined,
): Promise<string> {
  const model = choice ?? defaultModel ?? undefined;
  if (model !== undefined) return await modelPath(model);
  throw new UsageError(
    `Cannot reconstruct with ${name}: a trained network is required, found none`,
    { hint: "None comes with Larmor. Train one, or import weights, and name it with --model" },
  );
}
