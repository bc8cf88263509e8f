/**
 * Files and processes as Deno, Node and Bun all have them (`node:` modules): what `node:fs` lacks or
 * calls by other names.
 * @module
 */
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";

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
  if (!(await stat(path)).isFile()) throw new Error("a regular file is required");
  const { buffer, byteOffset, length } = await readFile(path);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

/** Whether the path is a file. */
export const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Whether the path is a folder. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then((found) => found.isDirectory(), () => false);

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
  return cause.name === "NotCapable" ? `not allowed to Deno (${cause.message})` : cause.message;
}

/** Threads that can run at once. */
export const cores: () => number = availableParallelism;

/** `Promise.try`, which Node 20 lacks: what `act` throws rejects the promise. */
export const promiseTry = <T>(act: () => T | PromiseLike<T>): Promise<T> =>
  new Promise((resolve) => resolve(act()));

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function withResolvers<T>(): Deferred<T> {
  let resolve!: (value: T | PromiseLike<T>) => void, reject!: (reason?: unknown) => void;
  const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
  return { promise, resolve, reject };
}

/** A float16 of its bits (IEEE 754); `DataView.getFloat16` is not in Node 20. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A bfloat16 of its bits: the upper half of a float32. */
export function bfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of((bits & 0xffff) << 16).buffer)[0];
}
