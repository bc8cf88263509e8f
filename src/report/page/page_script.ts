/**
 * The script of the page: the modules of client/ without their types, as one text. The page is one
 * file, so its script can import nothing.
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { basename } from "node:path";

const IMPORT = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORT = /^export ((?:async )?function|class|const) (\w+)/gm;

/** Each module becomes a function that gives its exports, after the modules that it imports. */
export function pageScript(): string {
  const written = new Map<string, string>();
  write(new URL("./client/main.ts", import.meta.url), written);
  return `"use strict";\n${[...written.values()].join("")}`;
}

function write(url: URL, written: Map<string, string>): void {
  if (written.has(url.href)) return;
  const code = stripTypeScriptTypes(Deno.readTextFileSync(url));
  const exports = [...code.matchAll(EXPORT)].map(([, , name]) => name);
  for (const [, , path] of code.matchAll(IMPORT)) write(new URL(path, url), written);
  const body = code
    .replace(IMPORT, (_, names, path) => `const {${names}} = ${moduleName(path)};`)
    .replace(EXPORT, "$1 $2")
    .replace(/\s*\n/g, "\n");
  const result = `return { ${exports.join(", ")} };`;
  written.set(url.href, `const ${moduleName(url.pathname)} = (() => {\n${body}${result}\n})();\n`);
}

const moduleName = (path: string) => `${basename(path).replace(/\.[jt]s$/, "")}_module`;
