/** Which code made a result: version, commit, and what it runs on. @module */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { VERSION } from "./version.ts";

/** The code that made a result, and what it ran on. */
export interface Software {
  /** Version of Larmor. */
  readonly version: string;
  /** Commit of the repository it ran from, or from which its package was built; null if unknown. */
  readonly commit: string | null;
  /** `deno`, `node` or `bun` with its version. */
  readonly runtime: string;
  /** Operating system and processor, as `linux x64`. */
  readonly platform: string;
}

/** The code that is running. */
export async function software(): Promise<Software> {
  const { versions } = process as { versions: Readonly<Record<string, string | undefined>> };
  const name = ["deno", "bun", "node"].find((name) => versions[name] !== undefined)!;
  return {
    version: VERSION,
    commit: await currentCommit() ?? null,
    runtime: `${name} ${versions[name]}`,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** The commit of the repository this file lies in, or that of the npm package; undefined without. */
export async function currentCommit(): Promise<string | undefined> {
  const read = async (path: string) =>
    (await readFile(new URL(`../${path}`, import.meta.url), "utf8")).trim();
  try {
    const head = await read(".git/HEAD");
    return head.startsWith("ref: ") ? await read(`.git/${head.slice(5)}`) : head;
  } catch {
    // A package, or a repository whose references are packed.
    return await read("package.json").then((text) => JSON.parse(text).gitHead).catch(() =>
      undefined
    );
  }
}
