/**
 * The terminal: the only place that writes to stdout and stderr.
 * @module
 */

/** Where a command writes. stdout carries results, stderr progress, logs and errors. */
export interface Console {
  /** Writes to stdout. */
  out(text: string): void;
  /** Writes to stderr. */
  err(text: string): void;
  /** Whether stderr is a terminal, on which a line can be rewritten. */
  readonly isTerminal: boolean;
  /** Characters that a line of the terminal holds. Default 80. */
  readonly columns?: number | undefined;
}

/** The console of this process. */
export function systemConsole(): Console {
  return {
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
    isTerminal: Deno.stderr.isTerminal(),
    get columns() {
      return terminalColumns();
    },
  };
}

function terminalColumns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined; // no terminal
  }
}

/** Synchronous, as a graph that runs lets nothing else happen. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // The reader has gone (`| head`): there is nobody to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
