/** Batches for the trainer, made ahead of time in a worker: both of its sides. @module */
import { parentPort, Worker } from "node:worker_threads";
import { InputError } from "../errors.ts";
import { type Deferred, withResolvers } from "../host.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import type { SliceSources } from "./volumes.ts";

/** Batches that are made in advance. */
const AHEAD = 3;

/** Settings that all workers have. */
export interface BatchSettings extends SliceSources {
  readonly batch: number;
  /** Pixels of each side. */
  readonly crop: number;
  readonly seed: number;
}

type BatchArrays = Readonly<Record<string, Float32Array>>;

/** A batch, or an error message; `input` marks an `InputError`. */
type BatchAnswer =
  & { readonly step: number }
  & (
    | { readonly arrays: BatchArrays }
    | { readonly error: string; readonly input: boolean }
  );

/** Arrays of a batch by name. */
export type Batch<N extends string> = Readonly<Record<N, NdArray>>;

/** A source of batches by step. */
export class BatchSource<N extends string> implements Disposable {
  readonly #worker: Worker;
  readonly #shapes: (step: number) => Readonly<Record<N, readonly number[]>>;
  readonly #waiting = new Map<number, Deferred<Batch<N>>>();

  /**
   * Starts the worker.
   * @param worker its module, which calls `serveBatches`
   * @param shapes of the arrays of a step by name
   */
  constructor(
    worker: URL,
    settings: BatchSettings,
    shapes: (step: number) => Readonly<Record<N, readonly number[]>>,
  ) {
    this.#shapes = shapes;
    this.#worker = new Worker(worker, { env: {} });
    this.#worker.on("message", (answer: BatchAnswer) => this.#take(answer));
    this.#worker.on("error", (cause: Error) => {
      for (const { reject } of this.#waiting.values()) reject(cause);
    });
    this.#worker.postMessage(settings);
  }

  /** The batch of a step; the next ones are requested too. */
  async get(step: number): Promise<Batch<N>> {
    for (let next = step; next <= step + AHEAD; next++) this.#request(next);
    const batch = await this.#waiting.get(step)!.promise;
    this.#waiting.delete(step);
    return batch;
  }

  /** The batches of the first steps. */
  async first(count: number): Promise<Batch<N>[]> {
    const batches: Batch<N>[] = [];
    for (let step = 0; step < count; step++) batches.push(await this.get(step));
    return batches;
  }

  #request(step: number): void {
    if (this.#waiting.has(step)) return;
    const waiting = withResolvers<Batch<N>>();
    waiting.promise.catch(() => {}); // reported where it is awaited
    this.#waiting.set(step, waiting);
    this.#worker.postMessage({ step });
  }

  #take(answer: BatchAnswer): void {
    const waiting = this.#waiting.get(answer.step);
    if ("error" in answer) {
      const { error, input } = answer;
      return waiting?.reject(input ? new InputError(error) : new Error(error));
    }
    const shapes = Object.entries<readonly number[]>(this.#shapes(answer.step));
    const arrays = shapes.map(([name, shape]) => [name, ndarray(answer.arrays[name], shape)]);
    waiting?.resolve(Object.fromEntries(arrays));
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/**
 * The worker's side: answers requests, one after the other.
 * @param start called with the settings, which come first
 */
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
