/**
 * The worker in which HDF5 is read: its messages, its queue of requests, the files it has open.
 *
 * libhdf5 can loop without end on a damaged file (for example when the sizes in its global heap are
 * wrong), and after a trap of its WebAssembly its heap cannot be trusted. So one worker, started on
 * first use and shared by all files, does the reading, each request within a time limit. A worker
 * that exceeds it is stopped. An idle worker does not keep the process alive.
 * @module
 */
import { InputError } from "../../errors.ts";
import { type HostWorker, startWorker, withResolvers } from "../../host.ts";
import type { NdArray } from "../../ndarray.ts";
import { checkFile } from "../bytes.ts";
import type { MrdDescription, RecordBatch, RecordKind } from "../mrd/hdf5_records.ts";
import type { SliceBox } from "../kspace_array.ts";
import type { KspaceDescription, StoredFacts } from "./kspace_dataset.ts";

export type Hdf5Layout = "fastmri" | "matlab";

export type OpenRequest =
  | { readonly kind: "open"; readonly path: string; readonly layout?: Hdf5Layout }
  | { readonly kind: "openMrd"; readonly path: string; readonly group?: string };

/** A request that reads from a file. */
export type ReadRequest =
  | {
    readonly kind: "readBox";
    readonly start: readonly number[];
    readonly count: readonly number[];
  }
  | { readonly kind: "facts" } & SliceBox
  | {
    readonly kind: "readReference";
    readonly slice: number;
    /** Of the images that the file holds. */
    readonly shape: readonly number[];
  }
  | {
    readonly kind: "readMrd";
    readonly records: RecordKind;
    /** Which records; ascending ones that follow each other are read together. */
    readonly indices: Uint32Array;
    readonly headersOnly: boolean;
  };

/** A request; open files are named by the handle that the worker gave. */
export type Hdf5Request =
  | OpenRequest
  | ((ReadRequest | { readonly kind: "close" }) & { readonly handle: number });

/** The answer to each kind of request. */
export interface Hdf5Results {
  readonly open: {
    readonly handle: number;
    readonly description: KspaceDescription;
  };
  readonly readBox: { readonly values: Float32Array };
  readonly facts: StoredFacts;
  /** The magnitude image `[rows, columns]` that the file holds. */
  readonly readReference: NdArray;
  /** What an ISMRMRD file holds; null when it is of another kind. */
  readonly openMrd: { readonly handle: number; readonly description: MrdDescription } | null;
  readonly readMrd: RecordBatch;
  readonly close: null;
}

/** An answer: the result, or the error. */
export type Hdf5Answer =
  | { readonly result: Hdf5Results[keyof Hdf5Results] }
  | {
    readonly error: { readonly name: string; readonly message: string; readonly hint?: string };
    /** Whether the library can do no more. */
    readonly fatal: boolean;
  };

/** Milliseconds for any request: opening takes some 10 ms, on a slow network disk a second. */
export const TIME_LIMIT = 60_000;

let engine: HostWorker | undefined;
/** The end of the queue of requests: the worker answers one at a time. */
let queue: Promise<unknown> = Promise.resolve();

type Opened<R extends OpenRequest> = NonNullable<Hdf5Results[R["kind"]]>;

/** A file that is open in the worker; after that was replaced, it opens again when next read. */
export class WorkerFile<R extends OpenRequest> implements Disposable {
  readonly description: Opened<R>["description"];
  readonly #request: R;
  readonly #timeLimit: number;
  /** A handle is only good in the engine that gave it; undefined once the file is closed. */
  #open: { readonly handle: number; readonly engine: HostWorker | undefined } | undefined;

  private constructor(request: R, timeLimit: number, opened: Opened<R>) {
    const { handle, description } = opened;
    this.description = description;
    this.#request = request;
    this.#timeLimit = timeLimit;
    this.#open = { handle, engine };
  }

  /** Opens a file, which the caller disposes of; gives undefined when it holds something else. */
  static async open<R extends OpenRequest>(
    request: R,
    timeLimit: number,
  ): Promise<WorkerFile<R> | undefined> {
    checkFile(request.path);
    const opened = await ask(request.path, request, timeLimit) as Opened<R> | null;
    return opened === null ? undefined : new WorkerFile(request, timeLimit, opened);
  }

  /** @param extraTime milliseconds beside the time limit of the file */
  async read<Q extends ReadRequest>(request: Q, extraTime = 0): Promise<Hdf5Results[Q["kind"]]> {
    const { path } = this.#request;
    if (this.#open === undefined) throw new Error(`Cannot read ${path}: it is closed`);
    if (this.#open.engine !== engine) {
      const { handle } = await ask(path, this.#request, this.#timeLimit) as Opened<R>;
      this.#open = { handle, engine };
    }
    const { handle } = this.#open;
    const answer = await ask(path, { ...request, handle }, this.#timeLimit + extraTime);
    return answer as Hdf5Results[Q["kind"]];
  }

  [Symbol.dispose](): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || open.engine !== engine) return;
    ask(this.#request.path, { kind: "close", handle: open.handle }, this.#timeLimit)
      .catch(() => {});
  }
}

/** Asks the worker after it has answered all earlier requests. */
function ask(path: string, request: Hdf5Request, timeLimit: number): Promise<unknown> {
  const answer = queue.then(() => askNow(path, request, timeLimit));
  queue = answer.catch(() => {});
  return answer;
}

async function askNow(path: string, request: Hdf5Request, timeLimit: number): Promise<unknown> {
  const worker = engine ??= startWorker(new URL("./worker.ts", import.meta.url));
  worker.keepProcess(true);
  try {
    // Compiling it does not count against a request.
    await worker.ready;
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
    worker.keepProcess(false);
  }
}

function stop(): void {
  engine?.stop();
  engine = undefined;
}

/** The worker gave no answer. */
class WorkerFailure extends Error {}

function answerOf(
  worker: HostWorker,
  request: Hdf5Request,
  timeLimit: number,
): Promise<Hdf5Answer> {
  const { promise, resolve, reject } = withResolvers<Hdf5Answer>();
  const failed = (error: Error) =>
    reject(new WorkerFailure(`the library failed: ${error.message}`));
  const late = () => reject(new WorkerFailure(`no end within ${Math.round(timeLimit / 1000)} s`));
  const timer = setTimeout(late, timeLimit);
  worker.onMessage = (message) => resolve(message as Hdf5Answer);
  worker.onError = failed;
  worker.send(request);
  return promise.finally(() => clearTimeout(timer));
}

/** An error of the worker as one of ours. */
function rebuilt({ name, message, hint }: { name: string; message: string; hint?: string }): Error {
  if (name === "InputError") return new InputError(message, { hint });
  return name === "RangeError" ? new RangeError(message) : new Error(message);
}
