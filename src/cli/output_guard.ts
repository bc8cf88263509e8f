/**
 * What keeps runs that write into the same place apart, and removes what killed ones left: locks of
 * the system, which end with their process.
 * @module
 */
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { isPartialName, reason, remove } from "../host.ts";
import { hasManifest, MANIFEST } from "../io/manifest.ts";
import type { OutputGuard } from "../io/atomic.ts";

/** Longest time that another run needs to move its results into place. */
const WAIT_SECONDS = 10;
const POLL_MILLISECONDS = 20;
/** What a process of another machine left is kept this long: its locks may not be seen here. */
const FOREIGN_HOURS = 24;

/** The guard of all commands. Where a file system has no locks, nothing is removed. */
export const outputGuard: OutputGuard = { exclusive, sweep: sweepBeside, hold };

/** Folders that this process has locked: only there something may be removed. */
const locked = new Set<string>();

async function exclusive<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const lock = await lockOf(folder, { read: true }, WAIT_SECONDS);
  if (lock === undefined) return await act();
  locked.add(folder);
  try {
    return await act();
  } finally {
    locked.delete(folder);
    lock.close();
  }
}

/** A file or folder that is locked for this process; undefined where that is not possible. */
async function lockOf(
  path: string,
  options: Deno.OpenOptions,
  seconds = 0,
): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, options).catch(() => undefined);
  if (file === undefined) return undefined;
  const end = performance.now() + 1000 * seconds;
  const attempt = () => file.tryLock(true).catch(() => undefined);
  let found = await attempt();
  while (found === false && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    found = await attempt();
  }
  if (found) return file;
  file.close();
  return undefined;
}

/** The name of this machine; empty where it may not be known. */
function machine(): string {
  try {
    return hostname();
  } catch {
    return "";
  }
}

async function hold(folder: string): Promise<() => void> {
  const path = join(folder, MANIFEST);
  await Deno.writeTextFile(path, machine());
  const lock = await lockOf(path, { read: true, write: true });
  let held = true;
  return () => {
    if (held) lock?.close();
    held = false;
  };
}

/**
 * Removes the partial folders of dead processes beside an output. One that is complete becomes the
 * output where there is none: its process ended between two renames.
 */
async function sweepBeside(output: string): Promise<void> {
  const folder = dirname(output);
  if (!locked.has(folder)) return;
  for await (const { name } of Deno.readDir(folder)) {
    if (!isPartialName(name, basename(output))) continue;
    const path = join(folder, name);
    if (!await isAbandoned(path)) continue;
    const missing = await Deno.lstat(output).then(() => false, () => true);
    if (missing && await hasManifest(path)) await Deno.rename(path, output).catch(() => {});
    else await remove(path).catch(() => {});
  }
}

/** Whether the process that made a partial folder or file is gone. */
async function isAbandoned(path: string): Promise<boolean> {
  const mark = join(path, MANIFEST);
  const text = await Deno.readTextFile(mark).catch(() => undefined);
  const isOld = await ageOf(path) >= FOREIGN_HOURS;
  if (text === undefined) return isOld || await isEmptyFolder(path);
  const lock = await lockOf(mark, { read: true, write: true });
  lock?.close();
  return lock !== undefined && (isOld || text === machine() || await hasManifest(path));
}

async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).length === 0;
  } catch {
    return false; // a file
  }
}

/**
 * Takes a folder that one run at a time may add to (a comparison, a training), and removes the
 * partial files of dead processes in it.
 * @returns what gives it back
 * @throws {InputError} when another run has it
 */
export async function takeFolder(folder: string): Promise<() => void> {
  const { file, found } = await markedFolder(folder);
  if (found !== false) return () => file.close();
  file.close();
  throw new InputError(
    `Cannot write the folder ${folder}: one run at a time is required, found another that ` +
      "writes into it",
    { hint: "Wait for its end, or name another folder with --output" },
  );
}

/**
 * Uses a folder that several runs may add to until the process ends. The first removes the partial
 * files of dead processes in it.
 */
export async function shareFolder(folder: string): Promise<void> {
  const { file } = await markedFolder(folder);
  await file.tryLock(false).catch(() => {});
}

/** A folder's mark, locked if no other process has it (undefined: there are no locks), and swept. */
async function markedFolder(folder: string) {
  const path = join(folder, MANIFEST);
  const file = await Deno.open(path, { read: true, write: true, create: true }).catch((cause) => {
    throw new InputError(`Cannot write the folder ${folder}: ${reason(cause)}`, { cause });
  });
  const found = await file.tryLock(true).catch(() => undefined);
  if (found) {
    const before = await Deno.readTextFile(path);
    await sweepWithin(folder, before === machine() ? 0 : FOREIGN_HOURS);
    await Deno.writeTextFile(path, machine());
  }
  return { file, found };
}

/** Removes what is partial and so old in a folder, and in its folders. */
async function sweepWithin(folder: string, hours: number): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!isPartialName(name)) {
      if (isDirectory) await sweepWithin(path, hours);
    } else if (await ageOf(path) >= hours) await remove(path).catch(() => {});
  }
}

/** Hours since a file or folder was changed. */
async function ageOf(path: string): Promise<number> {
  const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
  return mtime === null ? 0 : Math.max(0, (Date.now() - mtime.getTime()) / 3.6e6);
}
