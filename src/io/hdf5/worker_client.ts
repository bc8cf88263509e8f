/**
 * The worker in which HDF5 is read, and the queue of what it is asked.
 *
 * libhdf5 can loop without end on a damaged file (a global heap whose sizes are wrong does it), and
 * after a trap of its WebAssembly its heap cannot be trusted. So one worker, started on first use
 * and shared by all files, does the reading, each request within a time limit. A worker that exceeds
 * it is stopped, and files that were open in it open again by themselves when next read. An idle
 * worker does not keep the process alive.
 * @module
 */
import { withResolvers } from "../../host.ts";
import { Worker } from "node:worker_threads";
import { InputError } from "../../errors.ts";
import type { Hdf5Answer, Hdf5Request, Hdf5Results } from "./worker_messages.ts";

/** Milliseconds for any request: opening takes some 10 ms, on a slow network disk a second. */
export const TIME_LIMIT = 60_000;

/** The worker. */
interface Engine {
  readonly worker: Worker;
  /** Settles when the worker runs: compiling it does not count against a request. */
  readonly ready: Promise<unknown>;
}

let engine: Engine | undefined;
/** The end of the queue of requests: the worker answers one at a time. */
let queue: Promise<unknown> = Promise.resolve();

/** Which worker runs now; a handle is only good in the worker that gave it. */
export function currentEngine(): object | undefined {
  return engine;
}

/**
 * Asks the worker when it has answered what was asked before.
 * @param path of the file, for messages
 * @throws {InputError} when the file is at fault, or no answer comes in time
 */
export function ask<R extends Hdf5Request>(
  path: string,
  request: R,
  timeLimit: number,
): Promise<Hdf5Results[R["kind"]]> {
  const answer = queue.then(() => askNow(path, request, timeLimit));
  queue = answer.catch(() => {});
  return answer as Promise<Hdf5Results[R["kind"]]>;
}

async function askNow(path: string, request: Hdf5Request, timeLimit: number): Promise<unknown> {
  engine ??= start();
  const { worker, ready } = engine;
  worker.ref();
  try {
    await ready;
    const answer = await answerOf(worker, request, timeLimit);
    if ("result" in answer) return answer.result;
    if (answer.fatal) stop();
    throw rebuilt(answer.error);
  } catch (cause) {
    if (!(cause instanceof WorkerFailure)) throw cause;
    stop();
    throw new InputError(`Cannot read ${path} as HDF5: ${cause.message}`, {
      hint: "It is damaged, or its disk does not respond; copy or download it again",
    });
  } finally {
    worker.unref();
  }
}

function start(): Engine {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  return { worker, ready: new Promise((resolve) => worker.once("online", resolve)) };
}

function stop(): void {
  engine?.worker.terminate();
  engine = undefined;
}

/** The worker gave no answer. */
class WorkerFailure extends Error {}

function answerOf(worker: Worker, request: Hdf5Request, timeLimit: number): Promise<Hdf5Answer> {
  const { promise, resolve, reject } = withResolvers<Hdf5Answer>();
  const failed = (error: Error) =>
    reject(new WorkerFailure(`the library failed: ${error.message}`));
  const late = () => reject(new WorkerFailure(`no end within ${Math.round(timeLimit / 1000)} s`));
  const timer = setTimeout(late, timeLimit);
  worker.once("message", resolve);
  worker.once("error", failed);
  worker.postMessage(request);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.off("message", resolve);
    worker.off("error", failed);
  });
}

/** An error of the worker as one of ours. */
function rebuilt({ name, message, hint }: { name: string; message: string; hint?: string }): Error {
  if (name === "InputError") return new InputError(message, { hint });
  return name === "RangeError" ? new RangeError(message) : new Error(message);
}
