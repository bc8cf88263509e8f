/**
 * Which files of a folder Larmor wrote: a later run may replace these, and no others.
 * @module
 */
import { lstat, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { InputError } from "../errors.ts";
import { isPartialName } from "../host.ts";

/** The file that lists the files of its folder. While the folder is made it says who makes it. */
export const MANIFEST = ".larmor";
/** Its first line. */
const TITLE = "Files of a run of Larmor, which a later run may replace:";

/** What desktops leave in a folder that was looked at. */
const LEFT_BY_DESKTOPS: readonly string[] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/** How many of the files that are in the way are named. */
const NAMED = 3;

/** Whether a name in an output folder is that of a manifest, of a partial file or of a desktop. */
export const isOwnName = (name: string): boolean =>
  name === MANIFEST || isPartialName(name) || LEFT_BY_DESKTOPS.includes(name);

/** Lists the files of a folder in it. */
export async function writeManifest(folder: string): Promise<void> {
  const lines = [TITLE, ...(await filesIn(folder)).sort()];
  await writeFile(join(folder, MANIFEST), lines.map((line) => `${line}\n`).join(""));
}

/** Files that a folder holds and that no run wrote, by their paths in it. */
export async function foreignFiles(folder: string): Promise<string[]> {
  const listed = new Set(await readManifest(folder));
  return (await filesIn(folder)).filter((path) => !listed.has(path)).sort();
}

/**
 * Whether a run may put its folder there: nothing, an empty folder, or one that holds files of an
 * earlier run alone.
 * @throws {InputError} otherwise
 */
export async function requireReplaceable(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    throw new InputError(
      `Cannot write the folder ${folder}: a folder is required, found a file of that name`,
    );
  }
  const within = relative(folder, process.cwd());
  if (within === "" || (!within.startsWith("..") && within !== process.cwd())) {
    throw new InputError(
      `Cannot write the folder ${folder}: a folder of its own is required, found the one where the ` +
        "command runs",
      { hint: "Name a folder in it; it need not exist" },
    );
  }
  if (found.dev !== (await stat(dirname(folder))).dev) {
    throw new InputError(
      `Cannot write the folder ${folder}: a folder that can be replaced is required, found the ` +
        "place where a file system is mounted",
      { hint: "Name a folder in it; it need not exist" },
    );
  }
  requireNoForeign(folder, await foreignFiles(folder));
}

/** @throws {InputError} when there are any */
export function requireNoForeign(folder: string, files: readonly string[]): void {
  if (files.length === 0) return;
  const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : "";
  throw new InputError(
    `Cannot write the folder ${folder}: an empty one or the results of an earlier run are ` +
      `required, found other files: ${files.slice(0, NAMED).join(", ")}${more}`,
    { hint: "Name another folder with --output, or move these files away" },
  );
}

/** Whether a folder is complete: the list of its files is written last. */
export async function hasManifest(folder: string): Promise<boolean> {
  return (await readManifest(folder)).length > 0;
}

async function readManifest(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => "");
  const [title, ...paths] = text.split("\n");
  return title === TITLE ? [...paths, MANIFEST] : [];
}

/** Paths of the files of a folder and of the folders in it. Links are files. */
async function filesIn(folder: string, within = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, within), { withFileTypes: true })) {
    const path = within === "" ? entry.name : `${within}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...await filesIn(folder, path));
    else if (!LEFT_BY_DESKTOPS.includes(entry.name)) paths.push(path);
  }
  return paths;
}
