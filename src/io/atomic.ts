/** Outputs that are complete or absent: written under a temporary name, then renamed. @module */
import { mkdir, open, readdir, realpath, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { partialName, reason, remove } from "../host.ts";
import { MANIFEST, requireReplaceable, writeManifest } from "./manifest.ts";

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

/** What keeps several processes that write into one place apart; the command line has one. */
export interface OutputGuard {
  /** Runs `act` while no other process of this machine does the same for this folder. */
  exclusive<T>(folder: string, act: () => Promise<T>): Promise<T>;
  /** Removes what processes that are gone left beside an output; called within `exclusive`. */
  sweep(output: string): Promise<void>;
  /** Shows that a partial folder is in use until the result is called or the process ends. */
  hold(partial: string): Promise<() => void>;
}

/** Ends of what this process does in a folder, one after the other. */
const turns = new Map<string, Promise<unknown>>();

/** Keeps the outputs of one process apart. */
const UNGUARDED: OutputGuard = {
  async exclusive(folder, act) {
    const turn = (turns.get(folder) ?? Promise.resolve()).then(act);
    const end = turn.catch(() => {});
    turns.set(folder, end);
    try {
      return await turn;
    } finally {
      if (turns.get(folder) === end) turns.delete(folder);
    }
  },
  sweep: () => Promise.resolve(),
  hold: () => Promise.resolve(() => {}),
};

/**
 * Builds an output folder under a temporary name beside it and moves it into place when complete.
 * It replaces the folder of an earlier run as a whole: nothing of that run stays. When `build`
 * throws (an abort too), nothing is changed.
 * @param folder the output folder; its parents are made
 * @param build writes the files into the folder it is given
 * @param options `guard`: see {@link OutputGuard}; `manifest`: whether the folder gets the list of its
 *   files by which a later run knows it (default: true). A folder without is never replaced
 * @throws {InputError} when it cannot be written, or holds files that no earlier run wrote
 */
export async function createFolderWhole<T>(
  folder: string,
  build: (partialFolder: string) => Promise<T>,
  { guard = UNGUARDED, manifest = true }: { guard?: OutputGuard; manifest?: boolean } = {},
): Promise<T> {
  const target = await realpath(folder).catch(() => resolve(folder));
  return await inPartialFolder(`the folder ${folder}`, target, build, {
    guard,
    check: () => requireReplaceable(target),
    place: async (partial) => {
      if (manifest) await writeManifest(partial);
      await replaceFolder(partial, target);
    },
  });
}

/**
 * Builds one or a few files in a temporary folder and moves them into a folder when all are complete.
 * Files of the same names are replaced, others stay.
 * @param path the output; the names of other files that `build` writes begin with its name
 * @param build writes the files into the folder it is given
 */
export async function createFilesWhole<T>(
  path: string,
  build: (partialFolder: string) => Promise<T>,
  { guard = UNGUARDED }: { guard?: OutputGuard } = {},
): Promise<T> {
  await attempt(path, () => readdir(dirname(path)));
  return await inPartialFolder(path, resolve(path), build, {
    guard,
    check: async () => {
      if ((await stat(path).catch(() => undefined))?.isDirectory()) {
        throw new Error("a file name is required, found a folder of that name");
      }
    },
    place: async (partial) => {
      for (const name of await readdir(partial)) {
        if (name !== MANIFEST) await rename(join(partial, name), join(dirname(path), name));
      }
    },
  });
}

/** How a partial folder begins and ends. */
interface Placement {
  readonly guard: OutputGuard;
  /** Throws where nothing may be written; called before anything is built, and again before `place`. */
  check(): Promise<void>;
  place(partial: string): Promise<void>;
}

async function inPartialFolder<T>(
  asked: string,
  target: string,
  build: (partial: string) => Promise<T>,
  { guard, check, place }: Placement,
): Promise<T> {
  const partial = partialName(target), parent = dirname(target);
  const release = await attempt(asked, async () => {
    await mkdir(parent, { recursive: true });
    return await guard.exclusive(parent, async () => {
      await check();
      await guard.sweep(target);
      await mkdir(partial);
      return await guard.hold(partial);
    });
  });
  try {
    const result = await build(partial);
    await attempt(asked, () =>
      guard.exclusive(parent, async () => {
        await check();
        // Windows does not rename a folder of which a file is open.
        release();
        await place(partial);
      }));
    return result;
  } finally {
    release();
    await removeQuietly(partial);
  }
}

/** Another process may put its folder there between the two renames. */
const REPLACEMENTS = 10;

/** Puts a folder in the place of another one, which is there as a whole until then. */
async function replaceFolder(partial: string, target: string): Promise<void> {
  for (let left = REPLACEMENTS;; left--) {
    const old = partialName(target);
    const replaced = await rename(target, old).then(() => true, (cause) => {
      if (cause.code === "ENOENT") return false;
      throw cause;
    });
    try {
      await rename(partial, target);
    } catch (cause) {
      if (replaced) await rename(old, target).catch(() => removeQuietly(old));
      if (left === 0) throw cause;
      continue;
    }
    if (replaced) await removeQuietly(old);
    return;
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/** Removes what was not renamed into place. */
const removeQuietly = (path: string): Promise<void> => remove(path).catch(() => {});
