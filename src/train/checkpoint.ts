/** Training runs on disk: everything that a resumed run needs to go on bit for bit. @module */
import { InputError } from "../errors.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import { decodeSafetensors, encodeSafetensors } from "../nn/safetensors.ts";
import type { TrainingState } from "./trainer.ts";

/** Version of the format. */
const FORMAT = "larmor.checkpoint/1";
const VECTORS = ["weights", "mean", "square", "average"] as const;

/** A measurement during training. */
export interface HistoryEntry {
  /** Steps done. */
  readonly step: number;
  /** Mean loss since the entry before. */
  readonly loss: number;
  /** PSNR in dB by noise level, when it was measured. */
  readonly psnr?: Readonly<Record<string, number>>;
}

/** A run that can be gone on with. The random numbers of a step follow from seed and step alone. */
export interface Checkpoint {
  /** Weights and moments. */
  readonly state: TrainingState;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** What was measured so far. */
  readonly history: readonly HistoryEntry[];
  /** The settings that must be the same to go on: compared as they are. */
  readonly settings: Readonly<Record<string, unknown>>;
}

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
 * @throws {InputError} when it is none
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
