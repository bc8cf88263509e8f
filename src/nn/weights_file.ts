/** Weights of networks whose graph is built for each geometry: reading and checking them. @module */
import { InputError } from "../errors.ts";
import { readModelFolder } from "./model_folder.ts";
import { type ModelReference, modelReference } from "./model_path.ts";
import type { ModelDescription, ModelKind } from "./model_yaml.ts";
import { constantScope, type Parameters, type ParameterSpec } from "./parameters.ts";
import { decodeSafetensors } from "./safetensors.ts";

/** Weights as they were found. */
export interface WeightsFile {
  /** Every tensor of the file. */
  readonly tensors: Parameters;
  /** What model.yaml says. */
  readonly description: ModelDescription;
  /** Which model it is. */
  readonly model: ModelReference;
  /** Path of the file, for messages. */
  readonly file: string;
}

/**
 * Reads the weights of a model folder.
 * @throws {InputError} when the model is of another kind or cannot be read
 */
export async function readWeights(path: string, kind: ModelKind): Promise<WeightsFile> {
  const { description, bytes, path: folder } = await readModelFolder(path);
  if (description.kind !== kind) {
    throw new InputError(
      `Cannot use the model ${path}: kind ${kind} is required, found ${description.kind}`,
    );
  }
  const file = `${folder}/${description.file}`;
  const { tensors } = decodeSafetensors(bytes, file);
  return { tensors, description, model: modelReference(description), file };
}

/**
 * Just the parameters that a network asks for.
 * @param file for messages
 * @throws {InputError} when one is missing or has another shape
 */
export function checkedParameters(
  specs: readonly ParameterSpec[],
  parameters: Parameters,
  file: string,
): Parameters {
  const scope = constantScope(parameters);
  return Object.fromEntries(
    specs.map(({ name, shape, init }) => {
      try {
        scope.parameter(name, shape, init);
      } catch (cause) {
        throw new InputError(`Cannot use the weights ${file}: ${(cause as Error).message}`, {
          cause,
        });
      }
      return [name, parameters[name]];
    }),
  );
}
