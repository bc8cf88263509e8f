/**
 * Lessons: Markdown whose code runs, followed by what it prints. The code of a lesson is one module; each
 * ```ts block is followed by a ```text block with its output.
 *
 *     deno task lessons [NUMBER ...]      # runs them and writes outputs, pictures, notebooks
 *     deno task lessons none              # writes the notebooks from the text
 * @module
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import project from "../../deno.json" with { type: "json" };

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const LESSONS_FOLDER = join(ROOT, "docs/lessons");

/** Text, or a block of code with its output. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string; readonly output: string };

/** Names of the lessons' files, in order. */
export const lessonNames = async (): Promise<string[]> =>
  (await readdir(LESSONS_FOLDER)).filter((name) => /^\d.*\.md$/.test(name)).toSorted();

export const readLesson = async (name: string): Promise<Part[]> =>
  partsOf(await readFile(join(LESSONS_FOLDER, name), "utf8"));

/** The parts of a lesson, in order. */
export function partsOf(markdown: string): Part[] {
  const block = /^```ts\n([^]*?)^```\n(?:\n```text\n([^]*?)^```\n)?/gm;
  const parts: Part[] = [];
  let end = 0;
  for (const { index, 0: whole, 1: code, 2: output = "" } of markdown.matchAll(block)) {
    parts.push({ kind: "text", text: markdown.slice(end, index) });
    parts.push({ kind: "code", text: code, output });
    end = index + whole.length;
  }
  return [...parts, { kind: "text", text: markdown.slice(end) }];
}

/** The lesson as Markdown, with these outputs in place of its own. */
export function lessonText(parts: readonly Part[], outputs: readonly string[]): string {
  const left = [...outputs];
  return parts.map((part) => {
    if (part.kind === "text") return part.text;
    const output = left.shift()!;
    const printed = output === "" ? "" : `\n\`\`\`text\n${output}\`\`\`\n`;
    return `\`\`\`ts\n${part.text}\`\`\`\n${printed}`;
  }).join("");
}

const BETWEEN = "%%%% next block %%%%";

/**
 * Runs the code of a lesson as a process of its own, in a folder where it finds `images/`.
 * @returns what each block printed
 */
export async function runLesson(parts: readonly Part[], folder: string): Promise<string[]> {
  const blocks = parts.filter(({ kind }) => kind === "code").map(({ text }) => text);
  const code = blocks.join(`console.log(${JSON.stringify(BETWEEN)});\n`);
  await mkdir(join(folder, "images"), { recursive: true });
  const script = join(folder, `.lesson-${process.pid}.ts`);
  await writeFile(script, located(code));
  try {
    const args = [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      "--config",
      join(ROOT, "deno.json"),
      script,
    ];
    const env = { ...process.env, NO_COLOR: "1" };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
    return stdout.split(`${BETWEEN}\n`);
  } finally {
    await rm(script);
  }
}

/** The code with public entries and files of the repository by their place. */
const located = (code: string) =>
  code
    .replaceAll(/"@larmor\/larmor(\/\w+)?"/g, (_, room = "") => {
      const path = project.exports[`.${room}` as keyof typeof project.exports];
      return JSON.stringify(pathToFileURL(join(ROOT, path)).href);
    })
    .replaceAll(/(["'`])\.\.\/\.\.\//g, `$1${ROOT}/`);

/** The lesson as a notebook for Deno's Jupyter kernel. */
export function notebookText(parts: readonly Part[]): string {
  const lines = (text: string) => text.trimEnd().split(/(?<=\n)/);
  const cells = parts.filter(({ text }) => text.trim() !== "").map((part, i) => ({
    ...{ cell_type: part.kind === "text" ? "markdown" : "code", id: `cell-${i}`, metadata: {} },
    ...(part.kind === "code" && { execution_count: null, outputs: outputsOf(part.output) }),
    source: lines(part.text.trim()),
  }));
  const metadata = {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/x.typescript" },
  };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, undefined, 1)}\n`;
}

const outputsOf = (text: string) =>
  text === "" ? [] : [{ output_type: "stream", name: "stdout", text: text.split(/(?<=\n)/) }];

/** Path of the notebook of a lesson. */
export const notebookPath = (name: string) => join(LESSONS_FOLDER, name.replace(/\.md$/, ".ipynb"));

/** Runs lessons and writes their outputs and pictures into the repository. */
async function writeLessons(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const parts = await readLesson(name);
    const text = lessonText(parts, await runLesson(parts, LESSONS_FOLDER));
    await writeFile(join(LESSONS_FOLDER, name), text);
  }
}

/** Writes the notebook of each lesson. */
async function writeNotebooks(): Promise<void> {
  for (const name of await lessonNames()) {
    await writeFile(notebookPath(name), notebookText(await readLesson(name)));
  }
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  const names = await lessonNames();
  await writeLessons(names.filter((name) => asked.length === 0 || asked.includes(name[0])));
  await writeNotebooks();
}
