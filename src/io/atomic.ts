/**
 * Outputs that are whole or not there: written under a temporary name, then renamed into place.
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { reason } from "./bytes.ts";

/**
 * Writes a file so that a reader sees the old content or the new, never a part.
 * @throws {InputError} when the folder is missing or not writable, or the disk is full; nothing is
 *   left behind
 */
export async function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = partialName(path);
  try {
    await Deno.writeFile(partial, bytes);
    await Deno.rename(partial, path);
  } catch (cause) {
    await removeQuietly(partial);
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/**
 * Builds an output folder under a temporary name beside it and moves it into place when complete.
 * A folder of that name from an earlier run keeps its other files; those of the same name are
 * replaced, each by one rename. When `build` throws (an abort too), nothing is changed.
 *
 * @param folder the output folder; its parents are made
 * @param build writes the files into the folder it is given
 * @returns what `build` returns
 * @throws {InputError} when the folder cannot be made or replaced; errors of `build` pass unchanged
 */
export async function createFolderWhole<T>(
  folder: string,
  build: (partialFolder: string) => Promise<T>,
): Promise<T> {
  const target = await Deno.realPath(folder).catch(() => resolve(folder));
  const partial = partialName(target);
  await attempt(folder, async () => {
    await checkNoFile(target);
    await Deno.mkdir(dirname(target), { recursive: true });
    // In a container an earlier run, killed, may have had the same process id.
    await removeQuietly(partial);
    await Deno.mkdir(partial);
  });
  try {
    const result = await build(partial);
    await attempt(folder, () => moveInto(partial, target));
    return result;
  } finally {
    await removeQuietly(partial);
  }
}

/** The name under which an output is prepared; `.gitignore` knows it. */
function partialName(path: string): string {
  return `${path}.partial-${Deno.pid}`;
}

async function checkNoFile(target: string): Promise<void> {
  const stat = await Deno.stat(target).catch(() => undefined);
  if (stat !== undefined && !stat.isDirectory) {
    throw new Error("a folder is required, found a file of that name");
  }
}

/** Moves a folder into place; into an existing folder entry by entry. */
async function moveInto(source: string, target: string): Promise<void> {
  const stat = await Deno.lstat(target).catch(() => undefined);
  const bothFolders = stat?.isDirectory && (await Deno.lstat(source)).isDirectory;
  if (!bothFolders) return await Deno.rename(source, target);
  for (const entry of [...Deno.readDirSync(source)]) {
    await moveInto(join(source, entry.name), join(target, entry.name));
  }
}

async function attempt(folder: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    throw new InputError(`Cannot write the folder ${folder}: ${reason(cause)}`, { cause });
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch {
    // It was renamed into place, or never made.
  }
}
