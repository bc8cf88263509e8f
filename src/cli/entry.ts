/**
 * The frame of all commands: arguments, signals, errors and exit codes. The only place that touches
 * `Deno.args` and `Deno.exit`.
 * @module
 */
import { DeviceError, InputError, LarmorError, UsageError } from "../errors.ts";
import { type Console, systemConsole } from "./render/console.ts";

/** The surroundings of a command; the signal is aborted when the user interrupts. */
export interface CommandContext {
  readonly console: Console;
  readonly signal: AbortSignal;
  /** When it began, as `performance.now()`: 0 where the process began with it. Default: now. */
  readonly begun?: number;
}

/** A command: takes arguments and returns its exit code; throws the errors of `errors.ts`. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>;

export interface Failure {
  readonly code: number;
  readonly message: string;
  readonly hint?: string;
}

/** Exit code of a command that was interrupted: 128 + SIGINT. */
export const INTERRUPTED = 130;
const BUG = 1;

/** Why work stopped: the user interrupted, by a signal of this name. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(signal: string) {
    super(`Interrupted by ${signal}`);
  }
}

/** Runs a command and exits. The first interrupt lets it clean up; a second one ends it at once. */
export async function runCommand(command: Command): Promise<never> {
  const console = systemConsole();
  const controller = new AbortController();
  // Windows has no SIGTERM.
  for (const name of Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"]) {
    Deno.addSignalListener(name as Deno.Signal, () => {
      if (controller.signal.aborted) Deno.exit(INTERRUPTED);
      controller.abort(new Interrupted(name));
    });
  }
  const context = { console, signal: controller.signal, begun: 0 };
  Deno.exit(await guarded(command, Deno.args, context));
}

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

export function describeFailure(error: unknown): Failure {
  if (error instanceof LarmorError) {
    const { exitCode, message, hint } = error;
    return { code: exitCode, message, hint };
  }
  if (error instanceof Interrupted) return { code: INTERRUPTED, message: error.message };
  if (error instanceof Error && error.name === "NotCapable") {
    return {
      code: new InputError("").exitCode,
      message: `Not allowed to Deno: ${error.message.replace(/, run again.*/, "")}`,
      hint: "larmor allows the files that the command line and the files of options in it name",
    };
  }
  if (error instanceof RangeError && /allocation failed/i.test(error.message)) {
    return {
      code: new InputError("").exitCode,
      message: `Cannot hold the data in memory: ${error.message}`,
      hint: "Run with --dry-run to see the memory required; --slices and --compress lower it",
    };
  }
  return {
    code: BUG,
    message: `Internal error, a bug in Larmor: ${error instanceof Error ? error.message : error}`,
    hint: "Please report it, with what --verbose prints",
  };
}

/** Prints a failure on stderr; the stack of a bug only where it was asked for. */
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
