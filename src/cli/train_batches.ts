/** Batches for the trainer, made ahead of time in a worker. @module */
import { InputError } from "../errors.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import type { BatchAnswer, BatchSettings } from "./train_worker.ts";

/** Batches that are under way or wait to be used. */
const AHEAD = 3;

/** One batch of denoising. */
export interface Batch {
  /** Images `[N, 2, H, W]`. */
  readonly clean: NdArray;
  /** Standard normal noise of the same shape. */
  readonly noise: NdArray;
  /** Noise levels `[N, 1, 1, 1]`. */
  readonly sigma: NdArray;
}

/** A source of batches by step. */
export class BatchSource implements Disposable {
  readonly #worker: Worker;
  readonly #settings: BatchSettings;
  readonly #waiting = new Map<number, PromiseWithResolvers<Batch>>();

  /** Starts the worker. */
  constructor(settings: BatchSettings) {
    this.#settings = settings;
    this.#worker = new Worker(new URL("./train_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<BatchAnswer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message));
    };
    this.#worker.postMessage(settings);
  }

  /** The batch of a step; the following ones are begun. */
  async get(step: number): Promise<Batch> {
    for (let next = step; next <= step + AHEAD; next++) this.#request(next);
    const batch = await this.#waiting.get(step)!.promise;
    this.#waiting.delete(step);
    return batch;
  }

  #request(step: number): void {
    if (this.#waiting.has(step)) return;
    const waiting = Promise.withResolvers<Batch>();
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
    const { batch, crop } = this.#settings;
    const shape = [batch, 2, crop, crop];
    waiting?.resolve({
      clean: ndarray(answer.clean, shape),
      noise: ndarray(answer.noise, shape),
      sigma: ndarray(answer.sigma, [batch, 1, 1, 1]),
    });
  }

  /** Ends the worker. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
