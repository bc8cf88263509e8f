/** Batches for the trainer, made ahead of time in a worker. @module */
import { type Deferred, withResolvers } from "../host.ts";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import type { BatchAnswer, BatchSettings } from "./batch_worker.ts";

/** Batches that are made in advance. */
const AHEAD = 3;

/** A worker, its settings, and the shapes of the arrays that it makes. */
export interface BatchRecipe<N extends string> {
  /** The worker's module, which calls `serveBatches`. */
  readonly worker: URL;
  readonly settings: BatchSettings;
  /** Shapes of the arrays of a step by name. */
  shapes(step: number): Readonly<Record<N, readonly number[]>>;
}

/** Arrays of a batch by name. */
export type Batch<N extends string> = Readonly<Record<N, NdArray>>;

/** A source of batches by step. */
export class BatchSource<N extends string> implements Disposable {
  readonly #worker: Worker;
  readonly #shapes: BatchRecipe<N>["shapes"];
  readonly #waiting = new Map<number, Deferred<Batch<N>>>();

  constructor({ worker, settings, shapes }: BatchRecipe<N>) {
    this.#shapes = shapes;
    this.#worker = new Worker(worker);
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
    const arrays = shapes.map(([name, shape]) =>
      [name, ndarray(answer.arrays[name], shape)] as const
    );
    waiting?.resolve(Object.fromEntries(arrays) as Record<N, NdArray>);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
