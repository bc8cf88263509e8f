/** Options of the benchmarks. @module */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/**
 * Parses the command line of a benchmark. `--help` prints the comment at the head of its file; what
 * cannot be parsed ends with exit code 2.
 * @param url of the benchmark, `import.meta.url`
 */
export function benchOptions<T extends ParseArgsOptionsConfig>(url: string, options: T) {
  if (Deno.args.includes("--help")) {
    const comment = /\/\*\*\n([^]*?) \*\//.exec(Deno.readTextFileSync(new URL(url)))![1];
    say(comment.replace(/^ \* ?/gm, "").trimEnd());
    Deno.exit(0);
  }
  try {
    return parseArgs({ args: Deno.args, options }).values;
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}; --help shows the options`);
    Deno.exit(2);
  }
}

/** Prints a line. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}
