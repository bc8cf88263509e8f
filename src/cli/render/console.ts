/** The terminal: the only place that writes to stdout and stderr. @module */
import { terminalText } from "../../quoted.ts";
import type { Warning } from "../../warning.ts";

/** Where a command writes: results to stdout; progress, logs and errors to stderr. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** Whether stderr is a terminal, on which a line can be rewritten. */
  readonly isTerminal: boolean;
  readonly columns?: number;
}

export function systemConsole(): Console {
  return {
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
    isTerminal: Deno.stderr.isTerminal(),
    get columns() {
      return Deno.stderr.isTerminal() ? Deno.consoleSize().columns : undefined;
    },
  };
}

export function warn(console: Console, path: string, { message, hint }: Warning): void {
  console.err(`warning: ${path}: ${message}${hint === undefined ? "" : ` (${hint})`}\n`);
}

/** Synchronous: while a graph runs nothing else does. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(terminalText(text));
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // The reader has ended (`| head`): the rest is not wanted.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
