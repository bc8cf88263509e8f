/** The worker's side of `BatchSource`. @module */
import { parentPort } from "node:worker_threads";
import type { SliceSources } from "./volumes.ts";

/** Settings that all workers have. */
export interface BatchSettings extends SliceSources {
  readonly batch: number;
  /** Pixels of each side. */
  readonly crop: number;
  readonly seed: number;
}

/** Arrays of a batch by name. */
export type BatchArrays = Readonly<Record<string, Float32Array>>;

/** A batch, or an error message. */
export type BatchAnswer =
  | { readonly step: number; readonly arrays: BatchArrays }
  | { readonly step: number; readonly error: string; readonly input: boolean };

/** Answers requests, one after the other. `start` is called with the settings that come first. */
export function serveBatches<S>(
  start: (settings: S) => (step: number) => Promise<BatchArrays>,
): void {
  let make: ((step: number) => Promise<BatchArrays>) | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  parentPort!.on("message", (data: S | { readonly step: number }) => {
    if (make === undefined) make = start(data as S);
    else {
      const { step } = data as { readonly step: number };
      queue = queue.then(() => answer(make!, step));
    }
  });
}

async function answer(make: (step: number) => Promise<BatchArrays>, step: number): Promise<void> {
  try {
    const arrays = await make(step);
    const buffers = Object.values(arrays).map(({ buffer }) => buffer as ArrayBuffer);
    parentPort!.postMessage({ step, arrays }, buffers);
  } catch (error) {
    const { message, name } = error as Error;
    parentPort!.postMessage({ step, error: message, input: name === "InputError" });
  }
}
