/** Debian's Python, whose packages judge what we write. */
import { join } from "node:path";
import { exists, ROOT } from "../tools.ts";

/** Debian's interpreter: the only one that sees Debian's packages. */
export const PYTHON = "/usr/bin/python3";

/** Undefined when Debian's Python has the module, else what is missing. */
export function needsModule(name: string): string | undefined {
  if (!exists(PYTHON)) return PYTHON;
  const { code } = new Deno.Command(PYTHON, { args: ["-c", `import ${name}`], stderr: "null" })
    .outputSync();
  return code === 0 ? undefined : `python3-${name}`;
}

/** The interpreter of the virtual environment that CI makes, with packages of PyPI. */
export const VENV_PYTHON = join(ROOT, ".venv/bin/python");

/** Undefined when the virtual environment has the module, else what is missing. */
export function needsPypi(module: string): string | undefined {
  const missing = `.venv with ${module} (python3 -m venv .venv; .venv/bin/pip install ${module})`;
  if (!exists(VENV_PYTHON)) return missing;
  const { code } = new Deno.Command(VENV_PYTHON, {
    args: ["-c", `import ${module}`],
    stderr: "null",
  })
    .outputSync();
  return code === 0 ? undefined : missing;
}
