/** Checkpoints: what a resumed training run needs to continue bit for bit. @module */
import { InputError } from "../errors.ts";
import { readBytes } from "../host.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { ndarray } from "../ndarray.ts";
import { decodeSafetensors, encodeSafetensors } from "../nn/safetensors.ts";
import { STATE_VECTORS } from "./optimizer.ts";
import type { TrainingState } from "./trainer.ts";

/** Version of the format. */
const FORMAT = "larmor.checkpoint/1";
const FILE = "checkpoint.safetensors";

/** A measurement during training. */
export interface HistoryEntry {
  /** Steps done. */
  readonly step: number;
  /** Mean loss since the entry before. */
  readonly loss: number;
  /** PSNR in dB by noise level or acceleration, where there are validation volumes. */
  readonly psnr?: Readonly<Record<string, number>>;
}

/** Where a run stands: weights and moments, seconds of training and measurements so far. */
export interface Progress {
  readonly state: TrainingState;
  readonly seconds: number;
  readonly history: readonly HistoryEntry[];
}

/** A run that can be resumed. The random numbers of a step follow from seed and step alone. */
export type Checkpoint = Progress & { readonly settings: RunSettings };

/** Settings that must not change when a run is resumed: values that JSON can hold. */
export type RunSettings = Readonly<Record<string, unknown>>;

/**
 * Reads the checkpoint in a model's folder.
 * @throws {InputError} when there is none
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const path = `${folder}/${FILE}`;
  const bytes = await readBytes(path).catch((cause) => {
    const hint = "Begin a run without resume";
    throw new InputError(`Cannot resume: ${path} is required, found none`, { cause, hint });
  });
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  if (metadata.format !== FORMAT || STATE_VECTORS.some((key) => tensors[key] === undefined)) {
    const found = metadata.format ?? "none";
    throw new InputError(
      `Cannot resume from ${path}: format ${FORMAT} is required, found ${found}`,
    );
  }
  const { step, seconds, history, settings } = JSON.parse(metadata.run);
  const vectors = Object.fromEntries(STATE_VECTORS.map((key) => [key, tensors[key].data]));
  return { state: { step, ...vectors } as TrainingState, seconds, history, settings };
}

/** Writes the checkpoint into a model's folder; the old one stays until the new one is complete. */
export async function saveCheckpoint(
  folder: string,
  { state, seconds, history, settings }: Checkpoint,
): Promise<void> {
  const tensors = Object.fromEntries(
    STATE_VECTORS.map((name) => [name, ndarray(state[name], [state[name].length])]),
  );
  const run = JSON.stringify({ step: state.step, seconds, history, settings });
  const bytes = encodeSafetensors({ tensors, metadata: { format: FORMAT, run } });
  await writeFileWhole(`${folder}/${FILE}`, bytes);
}

/**
 * Checks that a run is resumed with the settings it began with.
 * @throws {InputError} when a setting differs, naming it
 */
export function requireSame(before: RunSettings, now: RunSettings): void {
  for (const [key, value] of Object.entries(now)) {
    const [old, present] = [before[key], value].map((v) => JSON.stringify(v));
    if (old === present) continue;
    throw new InputError(
      `Cannot resume: ${key} ${old} of the checkpoint is required, found ${present}`,
      { hint: "Run with the same data and options, or begin a run without resume" },
    );
  }
}
