/**
 * Files, processes, workers and compression as Deno, Node and Bun all have them (`node:` modules).
 * What the library needs of its surroundings is here alone; `web/host.ts` gives the same names to a
 * page in a browser.
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { isAbsolute, relative, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parentPort, Worker } from "node:worker_threads";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { MOST_BYTES } from "./limits.ts";

export * from "./portable.ts";

/** A file that is open for reading at any offset. */
export interface OpenFile extends Disposable {
  /** Size in bytes when it was opened. */
  readonly size: number;
  /** Reads into `bytes` from an offset; returns how many bytes there were, 0 at the end. */
  read(bytes: Uint8Array, offset: number): number;
}

/** Opens a file for reading. The caller disposes of it, once or more often. */
export function openFile(path: string): OpenFile {
  // A pipe would wait for a writer, and a device may never end.
  if (!statSync(path).isFile()) throw new Error("a regular file is required");
  const file = openSync(path, "r");
  let open = true;
  return {
    size: fstatSync(file).size,
    read: (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset),
    [Symbol.dispose]() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

/** The bytes of a file. */
export async function readBytes(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error("a regular file is required");
  if (found.size > MOST_BYTES) {
    throw new Error(`at most ${MOST_BYTES} bytes are possible, found ${found.size}`);
  }
  const { buffer, byteOffset, length } = await readFile(path);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

/** What a path is. */
export interface PathFacts {
  readonly kind: "file" | "folder" | "other";
  /** Bytes of a file. */
  readonly size: number;
}

/** What a path is; throws where there is nothing. */
export function pathFacts(path: string): PathFacts {
  const found = statSync(path);
  const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  return { kind, size: found.size };
}

/** Whether the path is a file. A path that the system refuses (links in a circle, NUL) is none. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether the path is a folder. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then((found) => found.isDirectory(), () => false);

/** Whether there is anything at the path. */
export const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** Names of the folders in a folder; none where it is not there. */
export async function foldersIn(path: string): Promise<string[]> {
  const found = await readdir(path, { withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Folder of the models that come with Larmor, beside mod.ts. */
export const MODELS_FOLDER: string = fileURLToPath(new URL("../models/", import.meta.url))
  .replace(/[/\\]$/, "");

/** A path from the root. */
export const absolutePath = (path: string): string => resolve(path);

/** The path of a file inside a folder, links followed; undefined where there is none. */
export function fileInside(folder: string, location: string): string | undefined {
  const leaves = (path: string) =>
    path === "" || path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
  const path = resolve(folder, location);
  if (isAbsolute(location) || leaves(relative(folder, path)) || !isFile(path)) return undefined;
  const real = realpathSync(path);
  return leaves(relative(realpathSync(folder), real)) ? undefined : real;
}

/** Removes a file, or a folder with what is in it, if it is there. */
export const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** How the names of outputs end that are being prepared. */
const PARTIAL = /\.partial-\d+(-[0-9a-f]+)?$/;

/**
 * A new name under which an output is prepared; `.gitignore` knows it. In containers that share a
 * folder several processes have the same number.
 */
export const partialName = (path: string): string =>
  `${path}.partial-${process.pid}-${randomBytes(4).toString("hex")}`;

/** Whether a name was made by `partialName`, for this output or for any. */
export const isPartialName = (name: string, output?: string): boolean =>
  PARTIAL.test(name) && (output === undefined || name.replace(PARTIAL, "") === output);

/** Why the system refused a path, in words a user knows. */
export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as { code?: string };
  if (code === "ENOENT") return "no such file or folder";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ELOOP") return "links that refer to each other";
  if (code === "ENAMETOOLONG") return "the path is too long";
  return cause.name === "NotCapable" ? `not allowed to Deno (${cause.message})` : cause.message;
}

/** Threads that can run at once. */
export const cores: () => number = availableParallelism;

/** A SHA-256 that is computed piece by piece. */
export interface Sha256 {
  update(piece: Uint8Array | string): Sha256;
  /** The hash in hexadecimal. */
  digest(): string;
}

/** Begins a SHA-256. */
export function sha256(): Sha256 {
  const hash = createHash("sha256");
  const result: Sha256 = {
    update(piece) {
      hash.update(piece);
      return result;
    },
    digest: () => hash.digest("hex"),
  };
  return result;
}

/** The gzip of bytes. */
export const gzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes);

/** How {@link gunzip} ends. */
export interface GunzipOptions {
  /** Most bytes of the result; a RangeError where it has more. */
  readonly limit?: number;
  /** Whether the bytes are only the beginning of a file; the result is what they hold. */
  readonly partial?: boolean;
}

/** Decompresses gzip. */
export function gunzip(
  bytes: Uint8Array,
  { limit, partial = false }: GunzipOptions = {},
): Uint8Array<ArrayBuffer> {
  try {
    // Not the Buffer itself, whose slice() does not copy.
    const { buffer, byteOffset, byteLength } = gunzipSync(bytes, {
      ...(partial ? { finishFlush: constants.Z_SYNC_FLUSH } : {}),
      ...(limit === undefined ? {} : { maxOutputLength: limit }),
    });
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ERR_BUFFER_TOO_LARGE") throw cause;
    throw new RangeError(`more than ${limit} bytes`, { cause });
  }
}

/** A worker thread, as its parent sees it. */
export interface HostWorker {
  /** Settles when it runs. */
  readonly ready: Promise<void>;
  /** Called with each message of the worker. */
  onMessage(message: unknown): void;
  /** Called when the worker failed. */
  onError(error: Error): void;
  send(message: unknown): void;
  /** Whether it keeps the process alive; it does until this is called with false. */
  keepProcess(keep: boolean): void;
  stop(): void;
}

/** Starts a worker, which gets nothing of the surroundings. */
export function startWorker(url: URL): HostWorker {
  const worker = new Worker(url, { env: {} });
  const result: HostWorker = {
    ready: new Promise((resolve) => worker.once("online", resolve)),
    onMessage: () => {},
    onError: () => {},
    send: (message) => worker.postMessage(message),
    keepProcess: (keep) => keep ? worker.ref() : worker.unref(),
    stop: () => void worker.terminate(),
  };
  worker.on("message", (message) => result.onMessage(message));
  worker.on("error", (error) => result.onError(error as Error));
  return result;
}

/** In a worker: answers each message; `reply` hands the listed memory over rather than copying it. */
export function serveParent<Q, A>(
  answer: (message: Q, reply: (message: A, moved: ArrayBuffer[]) => void) => void,
): void {
  parentPort?.on(
    "message",
    (message: Q) => answer(message, (result, moved) => parentPort!.postMessage(result, moved)),
  );
}

/** Lets other work go on, such as that of a signal. */
export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
