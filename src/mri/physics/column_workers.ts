/** Workers that decompose columns; see column_basis.ts. @module */
import { Worker } from "node:worker_threads";
import { cores } from "../../host.ts";
import type { ColumnBasis, ColumnTask } from "./column_basis.ts";

/** More workers than this are not worth their memory. */
const MAX_WORKERS = 8;

/** Message to a worker. */
export interface ColumnRequest extends ColumnTask {
  readonly column: number;
}

export interface ColumnAnswer extends ColumnBasis {
  readonly column: number;
}

export class ColumnWorkers implements Disposable {
  readonly #workers: Worker[];

  constructor(count = Math.min(cores(), MAX_WORKERS)) {
    const url = new URL("./column_basis_worker.ts", import.meta.url);
    this.#workers = Array.from({ length: count }, () => new Worker(url));
  }

  /** Decomposes columns 0 to `count - 1`, each given to the next worker that is free. */
  decompose(
    count: number,
    task: (column: number) => ColumnTask,
    place: (column: number, basis: ColumnBasis) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let next = 0, done = 0;
      const feed = (worker: Worker) => {
        if (signal?.aborted) return reject(signal.reason);
        if (next === count) return;
        worker.postMessage({ ...task(next), column: next } satisfies ColumnRequest);
        next++;
      };
      for (const worker of this.#workers) {
        worker.on("message", (answer: ColumnAnswer) => {
          place(answer.column, answer);
          if (++done === count) resolve();
          else feed(worker);
        });
        worker.on("error", (cause: Error) => {
          reject(new Error(`Cannot decompose a column: ${cause.message}`, { cause }));
        });
        feed(worker);
      }
    });
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}
