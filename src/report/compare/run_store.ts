/** The folder of a comparison: its files and its finished runs, each complete or absent. @module */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { remove } from "../../host.ts";
import { createFilesWhole, createFolderWhole, writeFileWhole } from "../../io/atomic.ts";
import { readNpy, writeNpy } from "../../io/numpy/npy.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { escapedJson } from "../../quoted.ts";
import type { ComparisonRun } from "../comparison.ts";

/** Everything that the result of a run depends on, as JSON. */
export type RunSettings = Readonly<Record<string, unknown>>;

/** Hexadecimal digits of a key's hash: no two runs of a comparison meet by chance. */
const DIGITS = 10;

/** A name for the folder of a run: words for a person, and a hash of all settings. */
export function runKey(words: readonly string[], settings: RunSettings): string {
  const hash = createHash("sha256").update(JSON.stringify(settings)).digest("hex");
  const name = words.map((word) => word.replace(/[^\w.]+/g, "_")).join("-");
  return `${name.slice(0, 100)}-${hash.slice(0, DIGITS)}`;
}

/** What a comparison shows beside its runs. */
const RESULTS = [
  ...["compare.json", "compare.csv", "report.html"] as const,
  ...["figure.svg", "figure.png"] as const,
] as const;
type Results = Partial<Record<typeof RESULTS[number], string | Uint8Array>>;

/** What the folder of a comparison holds. */
export const STORED: readonly string[] = [...RESULTS, "runs", "reference"];

export class RunStore {
  readonly folder: string;

  /** @param folder need not exist */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** A run that was finished before with the same settings, or undefined. */
  async load(key: string, settings: RunSettings): Promise<ComparisonRun | undefined> {
    try {
      const text = await Deno.readTextFile(join(this.folder, "runs", key, "row.json"));
      const { settings: before, run } = JSON.parse(text);
      if (JSON.stringify(before) !== JSON.stringify(settings)) return undefined;
      for (const path of Object.values<string>(run.files)) await Deno.stat(join(this.folder, path));
      return run;
    } catch {
      return undefined; // not there, or damaged: it is run again
    }
  }

  /**
   * Writes a finished run.
   * @param recon magnitude `[S, H, W]`
   * @param maps standard deviation of its posterior samples, half-width of its error bars, and what was added
   * @returns the run with the paths of its files
   */
  async save(
    run: ComparisonRun,
    settings: RunSettings,
    recon: NdArray,
    maps: Readonly<Partial<Record<"std" | "error90" | "added" | "flagged", NdArray>>> = {},
  ): Promise<ComparisonRun> {
    const path = `runs/${run.key}`;
    const arrays = Object.entries({ recon, ...maps }).filter(([, array]) => array !== undefined);
    const files = Object.fromEntries(arrays.map(([name]) => [name, `${path}/${name}.npy`]));
    const finished = { ...run, files };
    await createFolderWhole(join(this.folder, path), async (partial) => {
      for (const [name, array] of arrays) await writeNpy(join(partial, `${name}.npy`), array);
      await writeFileWhole(join(partial, "row.json"), json({ settings, run: finished }));
    });
    return finished;
  }

  /** Writes the results together. Those of an earlier comparison that are not given are removed. */
  async writeResults(contents: Results): Promise<void> {
    const first = await this.#placeOf(RESULTS[0]);
    for (const name of RESULTS) {
      if (contents[name] === undefined) await remove(join(this.folder, name));
    }
    await createFilesWhole(first, async (partial) => {
      for (const [name, content] of Object.entries(contents)) {
        if (content !== undefined) await writeFile(join(partial, name), content);
      }
    });
  }

  async writeArray(path: string, array: NdArray): Promise<void> {
    await writeNpy(await this.#placeOf(path), array);
  }

  /** Reads an array; undefined where there is none. */
  readArray(path: string | null | undefined): NdArray | undefined {
    if (path === null || path === undefined) return undefined;
    const { data, shape } = readNpy(join(this.folder, path));
    return ndarray(data, shape);
  }

  async has(path: string): Promise<boolean> {
    return await Deno.stat(join(this.folder, path)).then(() => true, () => false);
  }

  /** The whole path of a file, in a folder that exists. */
  async #placeOf(path: string): Promise<string> {
    const place = join(this.folder, path), folder = dirname(place);
    try {
      await Deno.mkdir(folder, { recursive: true });
    } catch (cause) {
      const { message } = cause as Error;
      throw new InputError(`Cannot write the folder ${folder}: ${message}`, { cause });
    }
    return place;
  }
}

/** JSON as it is written to files. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${escapedJson(value, 2)}\n`);
}
