/**
 * Workers that reconstruct. onnxruntime lets nothing else happen in its thread, so the thread that
 * talks to clients must not be one of them; and a worker that breaks takes only its own sessions
 * with it.
 * @module
 */
import type { Device, DeviceRequest } from "../graph/mod.ts";
import { DeviceError } from "../errors.ts";
import type { OpenWork, Work, WorkEvent } from "./work.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker_messages.ts";

/** A worker and the sessions it serves. */
interface Crew {
  readonly worker: Worker;
  readonly sessions: Map<number, (event: WorkEvent) => void>;
  readonly device: Promise<Device>;
}

/**
 * A fixed number of workers; sessions go to the one with the fewest.
 *
 * A process that ends with an exit code does not dispose of its pool: onnxruntime's library is taken
 * down by the exit, and a worker that is being ended at that moment crashes in it (exit code 139).
 */
export class WorkPool implements Disposable {
  readonly #device: DeviceRequest;
  readonly #crews: Crew[];
  #next = 0;

  private constructor(count: number, device: DeviceRequest) {
    this.#device = device;
    this.#crews = Array.from({ length: count }, (_, i) => this.#hire(i));
  }

  /**
   * Starts the workers and has each open the device.
   * @throws {DeviceError} when the device is not there
   */
  static async open(count: number, device: DeviceRequest): Promise<WorkPool> {
    const pool = new WorkPool(count, device);
    await Promise.all(pool.#crews.map(({ device }) => device));
    return pool;
  }

  /** The device that reconstructions run on. */
  device(): Promise<Device> {
    return this.#crews[0].device;
  }

  /** Starts work on the worker with the fewest sessions. */
  readonly openWork: OpenWork = (request, onEvent) => {
    const number = this.#next++;
    const crew = this.#crews.reduce((a, b) => b.sessions.size < a.sessions.size ? b : a);
    const send = (message: WorkerRequest, transfer: Transferable[] = []) =>
      crew.worker.postMessage(message, transfer);
    crew.sessions.set(number, onEvent);
    send({ session: number, kind: "open", request });
    const work: Work = {
      push({ header, trajectory, samples }) {
        const acquisition = { header, trajectory, samples };
        const buffers = [trajectory.buffer, samples.buffer] as ArrayBuffer[];
        send({ session: number, kind: "acquisition", acquisition }, buffers);
      },
      finish: () => send({ session: number, kind: "finish" }),
      abort: () => {
        if (crew.sessions.delete(number)) send({ session: number, kind: "abort" });
      },
    };
    return work;
  };

  /** Ends all workers. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#crews) worker.terminate();
  }

  #hire(index: number): Crew {
    const worker = new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });
    const sessions: Crew["sessions"] = new Map();
    const opened = Promise.withResolvers<Device>();
    opened.promise.catch(() => {}); // whoever waits for it is told
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data.kind === "ready") return opened.resolve(data.device);
      if (data.kind === "absent") {
        const { message, hint } = data;
        return opened.reject(new DeviceError(message, hint === undefined ? {} : { hint }));
      }
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
    worker.postMessage({ kind: "start", device: this.#device } satisfies WorkerRequest);
    return { worker, sessions, device: opened.promise };
  }

  /** A worker broke: its sessions fail, others go on, and a new one takes its place. */
  #replace(index: number, reason: string): void {
    const { worker, sessions } = this.#crews[index];
    worker.terminate();
    this.#crews[index] = this.#hire(index);
    const event = { kind: "failed", message: `The reconstruction broke down: ${reason}` } as const;
    for (const onEvent of [...sessions.values()]) onEvent(event);
    sessions.clear();
  }
}
