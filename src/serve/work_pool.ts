/**
 * Workers that reconstruct. onnxruntime blocks its thread, so the thread that talks to clients must
 * not be one of them; and a worker that breaks ends only its own sessions.
 * @module
 */
import { DeviceError } from "../errors.ts";
import type { Device } from "../graph/mod.ts";
import type { OpenWork, Processor, WorkerAnswer, WorkerRequest, WorkEvent } from "./types.ts";

interface PoolWorker {
  readonly worker: Worker;
  readonly sessions: Map<number, (event: WorkEvent) => void>;
  readonly device: Promise<Device>;
}

/**
 * A fixed number of workers; sessions go to the one with the fewest.
 *
 * A process that ends with an exit code does not dispose of its pool: onnxruntime's library is
 * taken down by the exit, and a worker that is being ended at that moment crashes in it (exit code
 * 139).
 */
export class WorkPool implements Disposable {
  readonly #processor: Processor;
  readonly #workers: PoolWorker[];
  #next = 0;

  private constructor(count: number, processor: Processor) {
    this.#processor = processor;
    this.#workers = Array.from({ length: count }, (_, i) => this.#start(i));
  }

  /** Starts the workers and has each open the device; DeviceError: it is not there. */
  static async open(count: number, processor: Processor): Promise<WorkPool> {
    const pool = new WorkPool(count, processor);
    await Promise.all(pool.#workers.map(({ device }) => device));
    return pool;
  }

  device(): Promise<Device> {
    return this.#workers[0].device;
  }

  /** Starts work on the worker with the fewest sessions. */
  readonly openWork: OpenWork = (request, onEvent) => {
    const number = this.#next++;
    const chosen = this.#workers.reduce((a, b) => b.sessions.size < a.sessions.size ? b : a);
    const send = (message: WorkerRequest, transfer: Transferable[] = []) =>
      chosen.worker.postMessage(message, transfer);
    chosen.sessions.set(number, onEvent);
    send({ session: number, kind: "open", request });
    return {
      push({ header, trajectory, samples }) {
        const acquisition = { header, trajectory, samples };
        const buffers = [trajectory.buffer, samples.buffer] as ArrayBuffer[];
        send({ session: number, kind: "acquisition", acquisition }, buffers);
      },
      finish: () => send({ session: number, kind: "finish" }),
      abort: () => {
        if (chosen.sessions.delete(number)) send({ session: number, kind: "abort" });
      },
    };
  };

  [Symbol.dispose](): void {
    for (const { worker } of this.#workers) worker.terminate();
  }

  #start(index: number): PoolWorker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });
    const sessions: PoolWorker["sessions"] = new Map();
    const opened = Promise.withResolvers<Device>();
    opened.promise.catch(() => {}); // reported to whoever waits for it
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data.kind === "ready") return opened.resolve(data.device);
      if (data.kind === "absent") return opened.reject(new DeviceError(data.message, data));
      const onEvent = sessions.get(data.session);
      const { kind } = data.event;
      if (kind === "done" || kind === "failed") sessions.delete(data.session);
      onEvent?.(data.event);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      opened.reject(new Error(event.message));
      this.#replace(index, event.message);
    };
    worker.postMessage({ kind: "start", ...this.#processor } satisfies WorkerRequest);
    return { worker, sessions, device: opened.promise };
  }

  /** Replaces a worker that broke; its sessions fail, all others go on. */
  #replace(index: number, reason: string): void {
    const { worker, sessions } = this.#workers[index];
    worker.terminate();
    this.#workers[index] = this.#start(index);
    const event = { kind: "failed", message: `The reconstruction broke down: ${reason}` } as const;
    for (const onEvent of [...sessions.values()]) onEvent(event);
    sessions.clear();
  }
}
