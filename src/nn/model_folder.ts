/** Models as folders: `model.yaml`, the network or its weights, and a card. @module */
import { InputError } from "../errors.ts";
import { isFile, pathFacts, promiseTry, readBytes, reason, sha256 as newSha256 } from "../host.ts";
import { type ModelReference, modelReference } from "./model_path.ts";
import { type ModelDescription, type ModelKind, parseModelYaml } from "./model_yaml.ts";
import { constantScope, type Parameters, type ParameterSpec, tensorsOf } from "./parameters.ts";
import { decodeSafetensors } from "./safetensors.ts";

/** A model's files, read and checked. */
export interface ModelFolder {
  /** The folder. */
  readonly path: string;
  /** Content of model.yaml. */
  readonly description: ModelDescription;
  /** The network's file. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a model's folder.
 * @param path the folder, or a file in it
 * @throws {InputError} when a file is missing or malformed, or does not have the checksum in model.yaml
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const { kind } = await promiseTry(() => pathFacts(path)).catch((cause) => {
    throw new InputError(`Cannot read the model ${path}: ${reason(cause)}`, { cause });
  });
  const isFolder = kind === "folder";
  const folder = isFolder ? path : path.replace(/\/?[^/]*$/, "") || ".";
  const read = (file: string, hint?: string) =>
    readBytes(file).catch((cause) => {
      const found = isFile(file) ? `${file}: ${reason(cause)}` : `${file} is required, found none`;
      throw new InputError(`Cannot read the model ${path}: ${found}`, { cause, hint });
    });
  const yamlPath = `${folder}/model.yaml`;
  const yaml = await read(yamlPath, "docs/models.md describes it");
  const description = parseModelYaml(new TextDecoder().decode(yaml), yamlPath);
  const asked = isFolder ? description.file : path.slice(path.lastIndexOf("/") + 1);
  if (asked !== description.file && asked !== "model.yaml") {
    throw new InputError(
      `Cannot use the model ${path}: ${yamlPath} must be written for ${asked}, ` +
        `found ${description.file}`,
      { hint: "Keep each model in a folder of its own" },
    );
  }
  const bytes = await read(`${folder}/${description.file}`);
  const sha256 = newSha256().update(bytes).digest();
  if (sha256 !== description.sha256) {
    throw new InputError(
      `Cannot use the model ${path}: the sha256 of ${description.file} must be ` +
        `${description.sha256}, found ${sha256}`,
      { hint: "Fetch the file again, or correct model.yaml if the network was changed on purpose" },
    );
  }
  return { path: folder, description, bytes };
}

/** The weights of a model. */
export interface WeightsFile {
  /** Every tensor of the file. */
  readonly tensors: Parameters;
  /** Content of model.yaml. */
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
  try {
    tensorsOf(specs, scope);
  } catch (cause) {
    throw new InputError(`Cannot use the weights ${file}: ${reason(cause)}`, { cause });
  }
  return Object.fromEntries(specs.map(({ name }) => [name, parameters[name]]));
}
