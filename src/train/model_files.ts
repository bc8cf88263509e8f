/** Writes model folders of reconstruction networks: weights as safetensors, and model.yaml. @module */
import { mkdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { writeFileWhole } from "../io/atomic.ts";
import { encodeSafetensors, MODEL_SCHEMA, type ModelKind, type Parameters } from "../nn/mod.ts";

const FILE = "model.safetensors";

/** A model to be written. */
export interface WeightsModel {
  readonly kind: ModelKind;
  /** Sizes of the network. */
  readonly architecture: Readonly<Record<string, unknown>>;
  readonly parameters: Parameters;
  /** How they were trained. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** Name of a model: the last part of its folder's path. */
export function modelName(output: string): string {
  return output.replace(/\/+$/, "").split("/").at(-1)!;
}

/** Writes weights and model.yaml. */
export async function writeWeights(output: string, model: WeightsModel): Promise<void> {
  const { kind, architecture, parameters, training } = model;
  const bytes = encodeSafetensors({ tensors: parameters, metadata: { format: "pt" } });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const yaml = stringify({
    schema: MODEL_SCHEMA,
    name: modelName(output),
    kind,
    network: { file: FILE, sha256 },
    architecture,
    fourier: "centred, orthonormal",
    training,
  });
  await mkdir(output, { recursive: true });
  await writeFileWhole(`${output}/${FILE}`, bytes);
  await writeFileWhole(`${output}/model.yaml`, new TextEncoder().encode(yaml));
}
