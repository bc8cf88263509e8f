/** Writes model folders, with the course of the training as a picture. @module */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import { chartFile, type Curve } from "../chart.ts";
import { remove } from "../host.ts";
import { createFilesWhole } from "../io/atomic.ts";
import { encodeSafetensors, MODEL_SCHEMA, type ModelKind, type Parameters } from "../nn/mod.ts";
import type { HistoryEntry } from "./checkpoint.ts";

/** A model to be written. */
interface ModelFiles {
  readonly kind: ModelKind;
  /** The network as ONNX, or the weights of a network whose graph depends on the geometry. */
  readonly network: Uint8Array | Parameters;
  /** Further keys of model.yaml. */
  readonly content: Readonly<Record<string, unknown>>;
  /** Text of card.md, and the history that its picture shows, with the quantity of its curves. */
  readonly card?: { text: string; history?: readonly HistoryEntry[]; level?: string };
}

/** Name of a model: the last part of its folder's path. */
export function modelName(output: string): string {
  return output.replace(/\/+$/, "").split("/").at(-1)!;
}

/** Files of a model folder that is being trained or is complete. */
export const MODEL_FILES: readonly string[] = [
  ...["model.onnx", "model.safetensors", "model.yaml", "card.md", "training.svg"],
  ...["checkpoint.safetensors", "checkpoint.pt", "history.json"],
];

/**
 * Writes `model.onnx` or `model.safetensors`, `model.yaml`, and with a card `card.md` and
 * `training.svg`; all appear together.
 */
export async function writeModel(
  output: string,
  { kind, network, content, card }: ModelFiles,
  name: string = modelName(output),
): Promise<void> {
  const isOnnx = network instanceof Uint8Array;
  const file = isOnnx ? "model.onnx" : "model.safetensors";
  const bytes = isOnnx
    ? network
    : encodeSafetensors({ tensors: network, metadata: { format: "pt" } });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const names = isOnnx ? { image: "x", noise: "noise", output: "y" } : {};
  const yaml = stringify({
    schema: MODEL_SCHEMA,
    name,
    kind,
    network: { file, sha256, ...names },
    fourier: "centred, orthonormal",
    ...content,
  });
  await mkdir(output, { recursive: true });
  await createFilesWhole(`${output}/model.yaml`, async (partial) => {
    await writeFile(`${partial}/${file}`, bytes);
    await writeFile(`${partial}/model.yaml`, yaml);
    if (card === undefined) return;
    await writeFile(`${partial}/card.md`, card.text);
    if (card.history === undefined || card.level === undefined) return;
    await writeFile(`${partial}/training.svg`, historyChart(card.history, card.level));
  });
  await remove(`${output}/${isOnnx ? "model.safetensors" : "model.onnx"}`);
}

/**
 * Draws loss and PSNR against the step.
 * @param level what the PSNR curves are measured at, e.g. `sigma`; each curve is labelled with its value
 */
export function historyChart(history: readonly HistoryEntry[], level: string): string {
  const x = { label: "training step" };
  const measured = history.flatMap(({ step, psnr }) => psnr ? [{ step, psnr }] : []);
  const levels = Object.keys(measured[0]?.psnr ?? {}).sort((a, b) => Number(a) - Number(b));
  const curves = levels.map((name, mark): Curve => ({
    mark,
    name: `${level} ${name}`,
    points: measured.map(({ step, psnr }) => ({ x: step, y: psnr[name] })),
  }));
  const loss = history.map(({ step, loss }) => ({ x: step, y: loss }));
  return chartFile([
    {
      description: "Training loss against the step",
      x,
      y: { label: "mean training loss (no unit)" },
      curves: [{ mark: 0, points: loss }],
    },
    {
      description: "Validation PSNR against the step",
      x,
      y: { label: "PSNR of validation images (dB)" },
      curves,
    },
  ]);
}
