/** Which files a cohort has: from CSV files, patterns and paths. @module */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, parse as pathOf, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { InputError, UsageError } from "../errors.ts";
import { isFile, reason } from "../host.ts";
import { cflStem } from "../io/cfl.ts";
import type { NamedFile } from "./plan.ts";

/** The column with the paths, and the one with names of one's own. */
const INPUT = "input", NAME = "name";

/**
 * The files that words name: a CSV file lists them, a pattern such as `scans/*.h5` finds them.
 * @param options names of options that a CSV file may have as columns, for each file its own
 * @throws {InputError} when a CSV file cannot be read, or a pattern finds nothing
 */
export function namedFiles(words: readonly string[], options: readonly string[]): NamedFile[] {
  const found = words.flatMap((word) =>
    /\.csv$/i.test(word) ? manifestFiles(word, options) : filesOf(word)
  );
  const names = new Set<string>();
  return found.map((file) => {
    const name = distinctName(file, names);
    names.add(name);
    return { ...file, name };
  });
}

function filesOf(word: string): NamedFile[] {
  const isThere = isFile(word) || isFile(`${cflStem(word)}.cfl`);
  const paths = isThere || !/[*?[{]/.test(word) ? [word] : globSync(word).sort();
  if (paths.length === 0) {
    throw new InputError(
      `Cannot find ${word}: a pattern of files is required, found none that fits`,
    );
  }
  return paths.map((path) => ({ name: "", path: resolve(path), options: {}, columns: {} }));
}

/** Rows of a CSV file; paths are relative to its folder. */
function manifestFiles(path: string, options: readonly string[]): NamedFile[] {
  const fail = (required: string, cause?: unknown) => {
    throw new InputError(`Cannot read the manifest ${path}: ${required}`, { cause });
  };
  let rows: Record<string, string>[] = [];
  try {
    const text = readFileSync(path, "utf8");
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    fail(reason(cause), cause);
  }
  if (rows.length === 0) fail("a head and a row for each file are required, found none");
  if (!(INPUT in rows[0])) {
    fail(`a column '${INPUT}' with paths is required, found ${Object.keys(rows[0]).join(", ")}`);
  }
  return rows.map(({ [INPUT]: input, [NAME]: name = "", ...columns }, row) => {
    if (input === "") fail(`a path is required in each row, found none in row ${row + 1}`);
    const given = Object.entries(columns).filter(([, text]) => text !== "");
    const isOption = ([column]: [string, string]) => options.includes(column);
    return {
      name,
      path: resolve(dirname(path), input),
      options: Object.fromEntries(given.filter(isOption)),
      columns: Object.fromEntries(Object.entries(columns).filter((entry) => !isOption(entry))),
    };
  });
}

/** A name for the results of a file: that of the manifest, of the file, or with its folder before it. */
function distinctName({ name, path }: NamedFile, taken: ReadonlySet<string>): string {
  const stem = pathOf(basename(path).replace(/\.gz$/i, "")).name;
  const fits = (text: string) => text !== "" && !/^\.|[/\\\0]/.test(text);
  if (name !== "") {
    if (fits(name) && !taken.has(name)) return name;
    throw new UsageError(
      `Cannot name results '${name}': different names without slashes are required`,
    );
  }
  const own = fits(stem) ? stem : "file";
  const candidates = [own, `${basename(dirname(path))}-${own}`];
  const free = candidates.find((candidate) => fits(candidate) && !taken.has(candidate));
  if (free !== undefined) return free;
  for (let number = 2;; number++) {
    if (!taken.has(`${own}-${number}`)) return `${own}-${number}`;
  }
}
