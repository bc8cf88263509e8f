/**
 * What all commands share: arguments, signals, errors and exit codes. The only place that touches
 * `Deno.args` and `Deno.exit`.
 * @module
 */
import { DeviceError, InputError, LarmorError, UsageError } from "../errors.ts";
import { type Console, systemConsole } from "./render/console.ts";

/** What a command is given beside its arguments. */
export interface CommandContext {
  /** Where it writes. */
  readonly console: Console;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

/** A command: takes arguments, returns its exit code or throws. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>;

/** What went wrong, as a user is told. */
export interface Failure {
  /** Exit code. */
  readonly code: number;
  /** What was tried, required and found. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
}

/** Exit code of a command that was interrupted: 128 + SIGINT. */
const INTERRUPTED = 130;
/** Exit code of an error that is ours. */
const BUG = 1;

/** Why work stopped: the user interrupted. */
export class Interrupted extends Error {
  /** @param signal name of the signal */
  constructor(signal: string) {
    super(`Interrupted by ${signal}`);
    this.name = "Interrupted";
  }
}

/**
 * Runs a command in this process and ends it with the command's exit code. The first interrupt lets
 * the command clean up; a second one ends it at once.
 */
export async function runCommand(command: Command): Promise<never> {
  const console = systemConsole();
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    listen(name, () => {
      if (controller.signal.aborted) Deno.exit(INTERRUPTED);
      controller.abort(new Interrupted(name));
    });
  }
  Deno.exit(await guarded(command, Deno.args, { console, signal: controller.signal }));
}

/** Runs a command and turns what it throws into a message on stderr and an exit code. */
export async function guarded(
  command: Command,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  try {
    return await command(args, context);
  } catch (error) {
    const failure = describeFailure(error);
    reportFailure(context.console, failure, error, args.includes("--verbose"));
    return failure.code;
  }
}

/** What an error means to the user. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof LarmorError) {
    const { exitCode, message, hint } = error;
    return { code: exitCode, message, ...(hint === undefined ? {} : { hint }) };
  }
  if (error instanceof Interrupted) return { code: INTERRUPTED, message: error.message };
  if (error instanceof RangeError && /allocation failed/i.test(error.message)) {
    return {
      code: new InputError("").exitCode,
      message: `Cannot hold the data in memory: ${error.message}`,
      hint:
        "Run with --dry-run to see what is needed; --slices takes a part, --compress fewer coils",
    };
  }
  return {
    code: BUG,
    message: `Internal error, a bug in Larmor: ${error instanceof Error ? error.message : error}`,
    hint: "Please report it, with what --verbose prints",
  };
}

/** Says what went wrong on stderr; the stack of a bug only where it was asked for. */
export function reportFailure(
  console: Console,
  { code, message, hint }: Failure,
  error: unknown,
  verbose: boolean,
): void {
  console.err(`larmor: ${message}\n${hint === undefined ? "" : `  ${hint}\n`}`);
  if (code === BUG && (verbose || Deno.env.get("LARMOR_DEBUG"))) {
    console.err(`${error instanceof Error ? error.stack : error}\n`);
  }
}

/** Whether the rest of the inputs would fail in the same way, so that going on makes no sense. */
export function isFatal(error: unknown): boolean {
  return error instanceof DeviceError || error instanceof Interrupted;
}

/** The exit code of several failures: an input's fault before a bug before usage. */
export function combinedCode(codes: readonly number[]): number {
  const order = [INTERRUPTED, new DeviceError("").exitCode, new InputError("").exitCode, BUG];
  return order.find((code) => codes.includes(code)) ??
    (codes.length > 0 ? new UsageError("").exitCode : 0);
}

function listen(name: Deno.Signal, act: () => void): void {
  try {
    Deno.addSignalListener(name, act);
  } catch {
    // Windows has no SIGTERM.
  }
}
