/** Outputs that are complete or absent: written under a temporary name, then renamed. @module */
import { lstat, mkdir, open, readdir, realpath, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { partialName, reason, remove } from "../host.ts";

/** Writes a file so that a reader sees either the old or the new content, never a part. */
export async function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = partialName(path);
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (cause) {
    await removeQuietly(partial);
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/**
 * The same with content that is made piece by piece.
 * @throws {InputError} when it cannot be written; what `pieces` throws goes through
 */
export async function writePiecesWhole(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const partial = partialName(path);
  const fail = (cause: unknown) => {
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  };
  const file = await open(partial, "w").catch(fail);
  try {
    for await (const piece of pieces) await file.appendFile(piece).catch(fail);
    await file.close();
    await rename(partial, path).catch(fail);
  } catch (error) {
    await file.close().catch(() => {});
    await removeQuietly(partial);
    throw error;
  }
}

/**
 * Builds an output folder under a temporary name beside it and moves it into place when complete.
 * A folder of that name from an earlier run keeps its other files; those of the same name are
 * replaced, each by one rename. When `build` throws (an abort too), nothing is changed.
 * @param folder the output folder; its parents are made
 * @param build writes the files into the folder it is given
 */
export async function createFolderWhole<T>(
  folder: string,
  build: (partialFolder: string) => Promise<T>,
): Promise<T> {
  const target = await realpath(folder).catch(() => resolve(folder));
  const partial = partialName(target);
  await attempt(folder, async () => {
    const found = await stat(target).catch(() => undefined);
    if (found?.isDirectory() === false) {
      throw new Error("a folder is required, found a file of that name");
    }
    await mkdir(dirname(target), { recursive: true });
    // In a container an earlier run, killed, may have had the same process id.
    await removeQuietly(partial);
    await mkdir(partial);
  });
  try {
    const result = await build(partial);
    await attempt(folder, () => moveInto(partial, target));
    return result;
  } finally {
    await removeQuietly(partial);
  }
}

/** Moves a folder into place; into an existing folder entry by entry. */
async function moveInto(source: string, target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined);
  const bothFolders = found?.isDirectory() && (await lstat(source)).isDirectory();
  if (!bothFolders) return await rename(source, target);
  for (const name of await readdir(source)) await moveInto(join(source, name), join(target, name));
}

async function attempt(folder: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    throw new InputError(`Cannot write the folder ${folder}: ${reason(cause)}`, { cause });
  }
}

/** Removes what was not renamed into place. */
const removeQuietly = (path: string): Promise<void> => remove(path).catch(() => {});
