/**
 * Writes the pages that follow from the code: commands, operators, references.
 *
 *     deno task docs [FOLDER]      # default: the repository
 * @module
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { commandPages } from "./docs/commands.ts";
import { operatorPage } from "./docs/operators.ts";
import type { Page } from "./docs/page.ts";
import { referencePage } from "./docs/references.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Writes the pages below a folder, in the format of `deno fmt`. */
export async function writePages(folder: string): Promise<Page[]> {
  const pages = [...await commandPages(), operatorPage(), referencePage()];
  const paths = pages.map(({ path }) => join(folder, path));
  for (const [i, { text }] of pages.entries()) {
    await mkdir(dirname(paths[i]), { recursive: true });
    await writeFile(paths[i], text);
  }
  const config = join(ROOT, "deno.json");
  await promisify(execFile)(process.execPath, ["fmt", "--quiet", "--config", config, ...paths]);
  return pages;
}

if (import.meta.main) await writePages(process.argv[2] ?? ROOT);
