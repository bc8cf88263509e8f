/** Finds models: by name in `models/` of the project, or by path. @module */
import { InputError, UsageError } from "../errors.ts";
import { foldersIn, isThere, MODELS_FOLDER } from "../host.ts";
import type { ModelDescription } from "./model_yaml.ts";

/** Which model was used, for reports. */
export interface ModelReference {
  /** Name in model.yaml. */
  readonly name: string;
  /** SHA-256 of the network's file, in hex. */
  readonly sha256: string;
}

/** The reference of a model for reports. */
export function modelReference({ name, sha256 }: ModelDescription): ModelReference {
  return { name, sha256 };
}

/**
 * Finds a model. A text without slashes is a name in `models/` first, a path else.
 * @param request a name such as `prior-brain`, a folder, or an ONNX file with model.yaml beside it
 * @returns a path that exists
 * @throws {InputError} when there is none
 * @throws {UsageError} when it is no text
 */
export async function modelPath(request: unknown): Promise<string> {
  if (typeof request !== "string") {
    throw new UsageError(
      "Cannot use a denoiser as the weights of this method: a name of models/ or a path is required",
    );
  }
  if (/^[\w.-]+$/.test(request) && !/^\.+$/.test(request)) {
    const shipped = `${MODELS_FOLDER}/${request}`;
    if (await isThere(`${shipped}/model.yaml`)) return shipped;
  }
  if (request !== "" && await isThere(request)) return request;
  const names = await shippedModels();
  throw new InputError(
    `Cannot find the model '${request}': a name of models/ (${names.join(", ") || "none there"}) ` +
      "or a path is required",
    { hint: "Give a folder with model.yaml, or an ONNX file with model.yaml beside it" },
  );
}

/** Names of the models that come with Larmor, sorted; `recipes` holds scripts. */
async function shippedModels(): Promise<string[]> {
  // An installation without its models has none.
  return (await foldersIn(MODELS_FOLDER)).filter((name) => name !== "recipes").sort();
}
