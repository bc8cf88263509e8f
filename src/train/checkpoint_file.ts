/** Checkpoints of training runs on disk. @module */
import { initialState } from "./trainer.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { InputError } from "../errors.ts";
import { readBytes } from "../host.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { flatten, initialParameters, type Parameters, type ParameterSpec } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import type { Progress } from "./loop.ts";

const FILE = "checkpoint.safetensors";
/** Stream of the first weights below the seed of a run. */
const WEIGHTS_STREAM = 1;

/** What must not change when a run is resumed: plain values. */
export type RunSettings = Readonly<Record<string, unknown>>;

/**
 * Reads the checkpoint of a model's folder.
 * @throws {InputError} when there is none
 */
export async function readCheckpoint(output: string): Promise<Checkpoint> {
  const path = `${output}/${FILE}`;
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (cause) {
    throw new InputError(`Cannot resume: ${path} is required, found none`, {
      cause,
      hint: "Leave --resume out to begin a run",
    });
  }
  return decodeCheckpoint(bytes, path);
}

/** Writes the checkpoint of a model's folder: the old one stays until the new one is whole. */
export async function saveCheckpoint(
  output: string,
  progress: Progress,
  settings: object,
): Promise<void> {
  const checkpoint = { ...progress, settings: { ...settings } };
  await writeFileWhole(`${output}/${FILE}`, encodeCheckpoint(checkpoint));
}

/**
 * Checks that a run goes on as it began.
 * @throws {InputError} when a setting differs, naming it
 */
export function requireSame(before: RunSettings, now: object): void {
  for (const [key, value] of Object.entries(now)) {
    const [old, present] = [before[key], value].map((v) => JSON.stringify(v));
    if (old === present) continue;
    throw new InputError(
      `Cannot resume: ${key} ${old} of the checkpoint is required, found ${present}`,
      { hint: "Run with the same data and options, or leave --resume out to begin again" },
    );
  }
}

/** A run before its first step, with random weights unless some are given. */
export function newRun(
  specs: readonly ParameterSpec[],
  seed: number,
  parameters: Parameters = initialParameters(specs, new Rng(seed, WEIGHTS_STREAM)),
): Progress {
  return { state: initialState(flatten(specs, parameters)), seconds: 0, history: [] };
}
