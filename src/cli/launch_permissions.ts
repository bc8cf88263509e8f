/**
 * Which files a command line may read and write, as flags of Deno: the folders of what it names, and
 * of what the files that it names do.
 * @module
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { CommandEntry } from "./commands.ts";

/** Where a command line is run. */
interface Place {
  /** The folder that paths are relative to. */
  readonly folder: string;
  /** The folder of Larmor, with its models. */
  readonly root: string;
}

/** A file of options, of a recipe or of an earlier run that is larger is none. */
const MAX_OPTIONS_BYTES = 4 * 2 ** 20;
/** Longer texts are no paths. */
const MAX_PATH = 1000;
/** A file of options may name one that names another. */
const MAX_DEPTH = 3;

/**
 * The permissions of a command, with those for files narrowed to what the arguments name.
 * @param args what follows the name of the command
 */
export function narrowed(
  { permissions, writes, runsWith = [] }: CommandEntry,
  args: readonly string[],
  { folder, root }: Place,
): string[] {
  if (writes === undefined) return [...permissions];
  const words = args.map((arg) => arg.replace(/^--[\w-]+=/, ""));
  const outputs = optionValues(args, writes.option);
  const runs = runsWith.some((name) => optionValues(args, name).length > 0);
  const found = { named: new Set<string>(), outputs, option: writes.option, runsWith, runs };
  for (const word of words) {
    collect(word, folder, found, 0);
    // NAME=FILE, and the model of a method after @ in a list.
    for (const part of word.split(/[,=@]/).slice(1)) collect(part, folder, found, 1);
  }
  if (found.runs) return [...permissions];
  const { named } = found;
  const library = folderOfLibrary();
  const packages = DATA_PACKAGES.flatMap(folderOfPackage);
  const read = [root, ...library.map(({ packages }) => packages), ...packages, ...named];
  const write = outputs.length > 0 ? outputs : [writes.fallback(words)].flat();
  const written = write.flatMap((path) => placesOf(resolve(folder, path), writes.within));
  const flags: Readonly<Record<string, readonly string[]>> = {
    "--allow-read": [...read, ...written],
    "--allow-write": written,
    "--allow-ffi": library.map(({ library }) => library),
  };
  return permissions.flatMap((flag) => {
    if (flag === "--allow-run") return [];
    if (flags[flag] === undefined) return [flag];
    return flags[flag].length === 0 ? [] : [`${flag}=${pathList(flags[flag])}`];
  });
}

/** The values of an option; the last counts. */
function optionValues(args: readonly string[], name: string): string[] {
  const start = `--${name}`;
  return args.flatMap((arg, i) => {
    if (arg.startsWith(`${start}=`)) return [arg.slice(start.length + 1)];
    return arg === start && i + 1 < args.length ? [args[i + 1]] : [];
  });
}

interface Found {
  readonly named: Set<string>;
  readonly outputs: string[];
  readonly option: string;
  readonly runsWith: readonly string[];
  /** Whether one of these was found. */
  runs: boolean;
}

/** Adds what a word names, if it is a path, and what the file there names. */
function collect(word: string, folder: string, found: Found, depth: number): void {
  if (word.length > MAX_PATH || !/^[^-\0]/.test(word)) return;
  const path = resolve(folder, word);
  // A pair of files is named without its ending.
  const candidates = [path, `${path}.cfl`, `${path}.hdr`];
  const there = candidates.filter((each) => existsSync(each));
  // Where there is none the command shall find that out; a list is no path.
  const isSought = there.length === 0 && depth === 0 && !word.includes(",");
  for (const each of isSought ? candidates : there) {
    const isFile = statSync(each, { throwIfNoEntry: false })?.isFile() ?? false;
    // Of a file its folder: the other one of a pair, or the weights of a network, lie there.
    for (const place of real(each)) found.named.add(isFile ? dirname(place) : place);
    if (depth < MAX_DEPTH) collectWithin(each, folder, found, depth + 1);
  }
}

/** Follows a file of options or a folder of such. */
function collectWithin(path: string, folder: string, found: Found, depth: number): void {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file?.isDirectory() && depth === 1) {
    for (const name of readdirSync(path)) {
      if (/\.ya?ml$/.test(name)) collectWithin(join(path, name), folder, found, depth);
    }
  }
  if (!file?.isFile() || !/\.(ya?ml|json)$/i.test(path) || file.size > MAX_OPTIONS_BYTES) return;
  const content = parsed(path);
  const output = content?.[found.option];
  found.runs ||= found.runsWith.some((name) => content?.[name] !== undefined);
  if (typeof output === "string" && found.outputs.length === 0) found.outputs.push(output);
  // An earlier run names its files from where it ran.
  const { provenance } = (content ?? {}) as { provenance?: { folder?: unknown } };
  const before = provenance?.folder;
  for (const text of textsOf(content)) {
    collect(text, folder, found, depth);
    if (typeof before === "string") collect(text, before, found, depth);
  }
}

function parsed(path: string): Record<string, unknown> | undefined {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // the command will say so
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

/** A path as it was given and as the system knows it. */
function real(path: string): string[] {
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}

/**
 * Where an output is prepared: the folder that holds it, or what of it is to be made first.
 * @param within the output is a folder in which files are written, not one that is replaced
 */
function placesOf(output: string, within = false): string[] {
  return real(output).flatMap((path) => {
    let place = within ? path : dirname(path);
    while (!existsSync(dirname(place))) place = dirname(place);
    return real(place);
  });
}

/** Packages that files are read from when a report is drawn. */
const DATA_PACKAGES = ["@resvg/resvg-wasm", "@expo-google-fonts/inter"];

/** The folder of a package; none where it is not installed. */
function folderOfPackage(name: string): string[] {
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve(name)));
    while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) {
      folder = dirname(folder);
    }
    return real(folder);
  } catch {
    return [];
  }
}

/** The folder of onnxruntime, and that of the packages beside it where there is one. */
function folderOfLibrary(): { library: string; packages: string }[] {
  const file = fileURLToPath(import.meta.resolve("onnxruntime-node"));
  return real(dirname(dirname(file))).map((library) => {
    const [before, after] = library.split(/(?<=[/\\]node_modules)[/\\]/);
    return { library, packages: after === undefined ? library : before };
  });
}

/** Paths as Deno takes them: one with a comma cannot be named, but a folder above it can. */
function pathList(paths: readonly string[]): string {
  const nameable = (path: string): string => path.includes(",") ? nameable(dirname(path)) : path;
  return [...new Set(paths.map(nameable))].join(",");
}
