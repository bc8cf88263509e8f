/**
 * `src/host.ts` for a worker of a page: the library's files are those that the page was given, and
 * what it writes stays in memory. The import map of the bundle puts it in the place of `src/host.ts`.
 * @module
 */
import { sha256 as newHash } from "@noble/hashes/sha2.js";
// @ts-types="@types/pako"
import { constants, gzip as pack, Inflate } from "pako";
import type { GunzipOptions, HostWorker, OpenFile, PathFacts, Sha256 } from "../../host.ts";

export * from "../../portable.ts";
export type { GunzipOptions, HostWorker, OpenFile, PathFacts, Sha256 };

/** Reads at once; browsers have it in workers, the library of types does not. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** Files by their paths: those of the user by their names, models below `models/`, and outputs. */
const files = new Map<string, Blob>();
/** Workers that read the same files. */
const workers = new Set<Worker>();

/** Gives the library a file, here and in its workers. */
export function giveFile(path: string, content: Blob): void {
  files.set(path, content);
  for (const worker of workers) worker.postMessage({ given: [[path, content]] });
}

/** All files, the newest of each path. */
export const givenFiles = (): ReadonlyMap<string, Blob> => files;

function found(path: string): Blob {
  const file = files.get(path);
  if (file === undefined) throw new Error("no such file or folder");
  return file;
}

/** Bytes that are read at once where few are asked for: a call of the browser costs 0.1 ms. */
const BLOCK = 1 << 20;

/** See `src/host.ts`; reads at once, which a browser allows in workers only. */
export function openFile(path: string): OpenFile {
  const file = found(path);
  let block: Uint8Array = new Uint8Array(), start = 0;
  const load = (from: number, length: number) =>
    new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(from, from + length)));
  return {
    size: file.size,
    read(bytes, offset) {
      if (bytes.length > BLOCK / 2) {
        const part = load(offset, bytes.length);
        bytes.set(part);
        return part.length;
      }
      if (offset < start || offset + bytes.length > start + block.length) {
        [block, start] = [load(offset, BLOCK), offset];
      }
      const part = block.subarray(offset - start, offset - start + bytes.length);
      bytes.set(part);
      return part.length;
    },
    [Symbol.dispose]() {},
  };
}

/** See `src/host.ts`. */
export async function readBytes(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await found(`${path}`).arrayBuffer());
}

const isFolderPath = (path: string) =>
  [...files.keys()].some((name) => name.startsWith(`${path}/`));

/** See `src/host.ts`. */
export function pathFacts(path: string): PathFacts {
  if (files.has(path)) return { kind: "file", size: found(path).size };
  if (isFolderPath(path)) return { kind: "folder", size: 0 };
  throw new Error("no such file or folder");
}

/** See `src/host.ts`. */
export const isFile = (path: string): boolean => files.has(path);
/** See `src/host.ts`. */
export const isFolder = (path: string): Promise<boolean> => Promise.resolve(isFolderPath(path));
/** See `src/host.ts`. */
export const isThere = (path: string): Promise<boolean> =>
  Promise.resolve(isFile(path) || isFolderPath(path));

/** See `src/host.ts`. */
export function foldersIn(path: string): Promise<string[]> {
  const below = [...files.keys()].filter((name) => name.startsWith(`${path}/`));
  const names = below.map((name) => name.slice(path.length + 1).split("/"));
  return Promise.resolve([...new Set(names.filter((n) => n.length > 1).map(([first]) => first))]);
}

/** See `src/host.ts`; also the folder of the page that holds them. */
export const MODELS_FOLDER = "models";

/** See `src/host.ts`. */
export const absolutePath = (path: string): string => path.replace(/^\/*/, "/");

/** See `src/host.ts`. */
export function fileInside(folder: string, location: string): string | undefined {
  const path = `${folder}/${location}`;
  return !location.split("/").includes("..") && isFile(path) ? path : undefined;
}

/** See `src/host.ts`. */
export function remove(path: string): Promise<void> {
  for (const name of files.keys()) {
    if (name === path || name.startsWith(`${path}/`)) files.delete(name);
  }
  return Promise.resolve();
}

/** See `src/host.ts`: nothing is prepared under another name. */
export const partialName = (path: string): string => path;
/** See `src/host.ts`. */
export const isPartialName = (_name: string, _output?: string): boolean => false;

/** See `src/host.ts`. */
export const reason = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

/** See `src/host.ts`. */
export const cores = (): number => navigator.hardwareConcurrency;

/** See `src/host.ts`. */
export function sha256(): Sha256 {
  const hash = newHash.create();
  const result: Sha256 = {
    update(piece) {
      hash.update(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
      return result;
    },
    digest: () => [...hash.digest()].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
  return result;
}

/** See `src/host.ts`. */
export const gzip = (bytes: Uint8Array): Uint8Array => pack(bytes);

/** See `src/host.ts`. */
export function gunzip(
  bytes: Uint8Array,
  { limit = Infinity, partial = false }: GunzipOptions = {},
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate();
  stream.onData = (chunk) => {
    const piece = chunk as Uint8Array;
    length += piece.length;
    if (length > limit) throw new RangeError(`more than ${limit} bytes`);
    pieces.push(piece);
  };
  let ended = false;
  stream.onEnd = () => {
    ended = true;
  };
  stream.push(bytes, partial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH);
  if (stream.err !== 0) throw new Error(stream.msg || "damaged data");
  if (!partial && !ended) throw new Error("unexpected end of file");
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What passes between this host and its workers. */
type HostMessage = { readonly given: readonly (readonly [string, Blob])[] } | {
  readonly message: unknown;
};

/** See `src/host.ts`. The worker gets the files that there are, and those that come later. */
export function startWorker(url: URL): HostWorker {
  const worker = new Worker(url, { type: "module" });
  workers.add(worker);
  let online = () => {};
  const result: HostWorker = {
    ready: new Promise((resolve) => online = resolve),
    onMessage: () => {},
    onError: () => {},
    send: (message) => worker.postMessage({ message }),
    keepProcess: () => {},
    stop() {
      workers.delete(worker);
      worker.terminate();
    },
  };
  worker.onmessage = ({ data }) => "online" in data ? online() : result.onMessage(data.message);
  worker.onerror = (event) => {
    online();
    result.onError(new Error(event.message));
  };
  worker.postMessage({ given: [...files] });
  return result;
}

/** The part of a worker's own scope that is used. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HostMessage>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** See `src/host.ts`. */
export function serveParent<Q, A>(
  answer: (message: Q, reply: (message: A, moved: ArrayBuffer[]) => void) => void,
): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    if ("given" in data) { for (const [path, content] of data.given) giveFile(path, content); }
    else answer(data.message as Q, (message, moved) => scope.postMessage({ message }, moved));
  };
  scope.postMessage({ online: true });
}

/** See `src/host.ts`. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
