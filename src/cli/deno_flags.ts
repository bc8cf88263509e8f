/** How commands are started under Deno, from a checkout and from the npm package. @module */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of Larmor. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What is started; the first argument names the command. */
export const ENTRY: string = fileURLToPath(new URL("./larmor.ts", import.meta.url));

/** Arguments of Deno before those of permissions. */
export function runFlags(): string[] {
  // In a checkout Deno reads deno.json; in the npm package it takes what npm installed.
  const config = join(ROOT, "deno.json");
  const project = existsSync(config) ? ["--config", config] : ["--node-modules-dir=manual"];
  return ["run", "--quiet", "--no-prompt", ...project];
}
