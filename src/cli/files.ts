/** Files and texts as all commands read and write them. @module */
import { basename, dirname, join } from "node:path";
import { InputError, UsageError } from "../errors.ts";
import { createFilesWhole, createFolderWhole, writeFileWhole } from "../io/atomic.ts";
import { escapedJson } from "../quoted.ts";
import { readBytes, reason } from "../host.ts";
import { isOwnName, MANIFEST, requireNoForeign } from "../io/manifest.ts";
import { outputGuard, takeFolder } from "./output_guard.ts";

export const jsonLine = (value: unknown): string => `${escapedJson(value)}\n`;

/**
 * A name from outside (of an input, of a model) as the name of a folder of results.
 * @throws {UsageError} for a name that is none, or a path
 */
export function folderName(name: string, from: string): string {
  if (name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name)) return name;
  throw new UsageError(
    `Cannot name the folder of the results after ${from}: a name is required, found '${name}'`,
    { hint: "Name it with --output" },
  );
}

/** Lines as a text that ends with the last of them. */
export const textOf = (lines: readonly string[]): string =>
  lines.map((line) => `${line}\n`).join("");

/** The bytes of a file. @throws {InputError} also for a pipe, and for more than a model can hold */
export async function readInput(path: string, kind: string): Promise<Uint8Array<ArrayBuffer>> {
  return await readBytes(path).catch((cause) => {
    throw new InputError(`Cannot read ${kind} ${path}: ${reason(cause)}`, { cause });
  });
}

export async function writeText(path: string, text: string): Promise<void> {
  await writeFileWhole(path, new TextEncoder().encode(text));
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, `${escapedJson(value, 2)}\n`);
}

/**
 * `createFolderWhole` beside other runs, which removes what killed ones left and on failure leaves no
 * empty parents behind.
 */
export async function inFreshFolder<T>(
  folder: string,
  build: (partial: string) => Promise<T>,
): Promise<T> {
  const missing = await missingFolders(dirname(folder));
  try {
    return await createFolderWhole(folder, build, { guard: outputGuard });
  } catch (error) {
    // Another run may have put something there: only what is empty goes.
    for (const parent of missing) await Deno.remove(parent).catch(() => {});
    throw error;
  }
}

/** A folder and those above it which do not exist, the innermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  // What may not be looked at exists.
  const missing = await Deno.stat(folder).then(() => false, ({ name }) => name === "NotFound");
  return missing ? [folder, ...await missingFolders(dirname(folder))] : [];
}

/**
 * Adds to a folder that keeps what earlier runs wrote (a comparison, a training), one run at a time.
 * @param own names of what such runs write in it; other files are refused
 */
export async function inKeptFolder<T>(
  folder: string,
  own: readonly string[],
  build: () => Promise<T>,
): Promise<T> {
  const missing = await missingFolders(folder);
  await Deno.mkdir(folder, { recursive: true }).catch((cause) => {
    throw new InputError(`Cannot write the folder ${folder}: ${reason(cause)}`, { cause });
  });
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  requireNoForeign(folder, names.filter((name) => !own.includes(name) && !isOwnName(name)));
  const release = await takeFolder(folder);
  try {
    return await build();
  } finally {
    const left = await Array.fromAsync(Deno.readDir(folder));
    if (left.every(({ name }) => name === MANIFEST)) await Deno.remove(join(folder, MANIFEST));
    release();
    for (const path of missing) await Deno.remove(path).catch(() => {});
  }
}

/**
 * An output file, and files beside it whose names begin alike, in the same way.
 * @param write writes it to the path it is given
 */
export async function asFreshFile<T>(
  path: string,
  write: (partial: string) => Promise<T>,
): Promise<T> {
  const within = (partial: string) => write(join(partial, basename(path)));
  return await createFilesWhole(path, within, { guard: outputGuard });
}
