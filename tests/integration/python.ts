/** Debian's Python, whose packages judge what we write. */
import { exists } from "../tools.ts";

/** Debian's interpreter: the only one that sees Debian's packages. */
export const PYTHON = "/usr/bin/python3";

/** Undefined when Debian's Python has the module, else what is missing. */
export function needsModule(name: string): string | undefined {
  if (!exists(PYTHON)) return PYTHON;
  const { code } = new Deno.Command(PYTHON, { args: ["-c", `import ${name}`], stderr: "null" })
    .outputSync();
  return code === 0 ? undefined : `python3-${name}`;
}
