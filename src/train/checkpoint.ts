/** Checkpoints: what a resumed training run needs to continue bit for bit. @module */
import { InputError } from "../errors.ts";
import { readBytes } from "../host.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import { decodeSafetensors, encodeSafetensors } from "../nn/safetensors.ts";
import type { TrainingState } from "./trainer.ts";

/** Version of the format. */
const FORMAT = "larmor.checkpoint/1";
const FILE = "checkpoint.safetensors";
const VECTORS = ["weights", "mean", "square", "average"] as const;

/** A measurement during training. */
export interface HistoryEntry {
  /** Steps done. */
  readonly step: number;
  /** Mean loss since the entry before. */
  readonly loss: number;
  /** PSNR in dB by noise level or acceleration, where there are validation volumes. */
  readonly psnr?: Readonly<Record<string, number>>;
}

/** Where a run stands. */
export interface Progress {
  /** Weights and moments. */
  readonly state: TrainingState;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Measurements so far. */
  readonly history: readonly HistoryEntry[];
}

/** A run that can be resumed. The random numbers of a step follow from seed and step alone. */
export interface Checkpoint extends Progress {
  /** The settings that must be the same to resume. */
  readonly settings: RunSettings;
}

/** Settings that must not change when a run is resumed: values that JSON can hold. */
export type RunSettings = Readonly<Record<string, unknown>>;

/** Writes a checkpoint (safetensors). */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { state, seconds, history, settings } = checkpoint;
  const tensors = Object.fromEntries(
    VECTORS.map((name): [string, NdArray] => [name, ndarray(state[name], [state[name].length])]),
  );
  const metadata = {
    format: FORMAT,
    run: JSON.stringify({ step: state.step, seconds, history, settings }),
  };
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Reads a checkpoint.
 * @param name of the file, for messages
 * @throws {InputError} when the bytes are not a checkpoint
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  if (metadata.format !== FORMAT || VECTORS.some((key) => tensors[key] === undefined)) {
    throw new InputError(
      `Cannot resume from ${name}: format ${FORMAT} is required, found ${
        metadata.format ?? "none"
      }`,
    );
  }
  const { step, seconds, history, settings } = JSON.parse(metadata.run);
  const vectors = Object.fromEntries(VECTORS.map((key) => [key, tensors[key].data]));
  return { state: { step, ...vectors } as TrainingState, seconds, history, settings };
}

/**
 * Reads the checkpoint in a model's folder.
 * @throws {InputError} when there is none
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const path = `${folder}/${FILE}`;
  const bytes = await readBytes(path).catch((cause) => {
    throw new InputError(`Cannot resume: ${path} is required, found none`, {
      cause,
      hint: "Begin a run without resume",
    });
  });
  return decodeCheckpoint(bytes, path);
}

/** Writes the checkpoint into a model's folder; the old one stays until the new one is complete. */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileWhole(`${folder}/${FILE}`, encodeCheckpoint(checkpoint));
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
