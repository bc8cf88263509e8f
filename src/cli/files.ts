/** Files and texts as all commands read and write them. @module */
import { dirname } from "node:path";
import { InputError } from "../errors.ts";
import { createFolderWhole, writeFileWhole } from "../io/atomic.ts";
import { escapedJson } from "../quoted.ts";

export const jsonLine = (value: unknown): string => `${escapedJson(value)}\n`;

/** Lines as a text that ends with the last of them. */
export const textOf = (lines: readonly string[]): string =>
  lines.map((line) => `${line}\n`).join("");

export async function readInput(path: string, kind: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(path).catch((cause) => {
    throw new InputError(`Cannot read ${kind} ${path}: ${cause.message}`, { cause });
  });
}

export async function writeText(path: string, text: string): Promise<void> {
  await writeFileWhole(path, new TextEncoder().encode(text));
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, `${escapedJson(value, 2)}\n`);
}

/** `createFolderWhole`, which on failure also leaves no empty parents behind. */
export async function inFreshFolder<T>(
  folder: string,
  build: (partial: string) => Promise<T>,
): Promise<T> {
  const missing: string[] = [];
  const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
  for (let parent = dirname(folder); !await exists(parent); parent = dirname(parent)) {
    missing.push(parent);
  }
  try {
    return await createFolderWhole(folder, build);
  } catch (error) {
    // Another run may have put something there: only what is empty goes.
    for (const parent of missing) await Deno.remove(parent).catch(() => {});
    throw error;
  }
}
