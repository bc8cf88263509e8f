/**
 * Writes the JSON schemas of what commands write, from the types and their documentation.
 *
 *     deno task schemas [FOLDER]      # default: docs/schemas/
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";
import ts from "typescript";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The type of each file that has a schema. */
export const SCHEMAS: Readonly<Record<string, { readonly path: string; readonly type: string }>> = {
  "recon.json": { path: "src/recon/report.ts", type: "ReconReport" },
  "compare.json": { path: "src/report/comparison.ts", type: "Comparison" },
  "restore.json": { path: "src/recon/restoration/report.ts", type: "RestoreReport" },
};

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/** The schema of a file, as text. */
export function schemaText(name: string): string {
  const { path, type } = SCHEMAS[name];
  const file = join(ROOT, path);
  const program = ts.createProgram([file], compilerOptions);
  const settings = { path: file, type, tsProgram: program, skipTypeCheck: true, expose: "none" };
  const schema = createGenerator({ ...settings, expose: "none" }).createSchema(type);
  const title = `${name} of Larmor`;
  return `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`;
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, "docs/schemas");
  await mkdir(folder, { recursive: true });
  for (const name of Object.keys(SCHEMAS)) await writeFile(join(folder, name), schemaText(name));
}
