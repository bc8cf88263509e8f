#!/usr/bin/env node
/**
 * `larmor`, as it is installed: starts a command under Deno from where the user stands, with the
 * permissions of that command and no others, for the files that its command line names. Runs under Deno
 * and Node.
 * @module
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { COMMANDS } from "./commands.ts";
import { ENTRY, ROOT, runFlags } from "./deno_flags.ts";
import { narrowed } from "./launch_permissions.ts";

/** The program and its first arguments that run Deno: this one, that of npm, or the one on PATH. */
function denoCommand(): string[] {
  if ("Deno" in globalThis) return [process.execPath];
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("deno/package.json"));
    return [process.execPath, join(folder, "bin.cjs")];
  } catch {
    return ["deno"];
  }
}

/** Where the user stands: see `larmor.ts`. */
function folderOfUser(): string {
  const from = process.env.INIT_CWD;
  return from !== undefined && resolve(process.cwd()) === resolve(ROOT) ? from : process.cwd();
}

/** Runs a command line of `larmor` and ends with its exit code. */
function launch(args: readonly string[]): void {
  const command = COMMANDS[args[0]] ?? COMMANDS.recon;
  const permissions = narrowed(command, args.slice(1), { folder: folderOfUser(), root: ROOT });
  const [program, ...first] = denoCommand();
  const child = spawn(
    program,
    [...first, ...runFlags(), ...(command.flags ?? []), ...permissions, ENTRY, ...args],
    {
      stdio: "inherit",
      env: { ...process.env, LARMOR_PROGRAM: "larmor", DENO_NO_UPDATE_CHECK: "1" },
    },
  );
  child.on("error", (cause) => {
    process.stderr.write(
      `larmor: Cannot start Deno: ${cause.message}\n  Install it with npm install deno\n`,
    );
    process.exit(1);
  });
  // A terminal sends Ctrl-C to both; the command decides how it ends.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal!]));
}

launch(process.argv.slice(2));
