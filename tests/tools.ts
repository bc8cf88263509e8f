/**
 * Tools and data that some tests need besides Larmor itself. Where one is absent the test is
 * skipped and says so; in CI it fails instead.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Real k-space and volumes, beside the repository; not part of it. */
export const DATA: string = `${ROOT}/../shared/data`;

/** Whether a missing tool is a failure. */
const STRICT = Deno.env.get("CI") === "true";

/** Whether a command can be found on the PATH. */
export function hasCommand(name: string): boolean {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.some((folder) => exists(`${folder}/${name}`));
}

/** Whether a file or folder is there. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Declares a test that needs something from outside; `missing` says what, or is undefined. */
export function testWith(
  missing: string | undefined,
  name: string,
  body: () => void | Promise<void>,
): void {
  const skip = missing !== undefined && !STRICT;
  Deno.test({
    name: skip ? `${name} (skipped: ${missing} is absent)` : name,
    ignore: skip,
    fn: () => {
      if (missing !== undefined) throw new Error(`${missing} is required in CI`);
      return body();
    },
  });
}

/** Undefined when the command is there, else its name. */
export function needsCommand(name: string): string | undefined {
  return hasCommand(name) ? undefined : name;
}

/** Undefined when the data file is there, else its path. */
export function needsData(path: string): string | undefined {
  return exists(`${DATA}/${path}`) ? undefined : `../shared/data/${path}`;
}

/** Runs a command and gives its stdout; throws with stderr when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    ...options,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${text(stderr)}`);
  }
  return text(stdout);
}
