/**
 * The errors a user can meet, one class per exit code of the command line.
 *
 * A message says what was tried, what is required and what was found, for example
 * `Cannot read k.npy as k-space: complex64 or complex128 is required, found float64`.
 * It has no trailing period. `hint` says what to do next. Both are one line without control characters,
 * whatever text from outside they repeat.
 * @module
 */
import { printable } from "./quoted.ts";

/** An error the user can do something about. `exitCode` is what the command line ends with. */
export abstract class LarmorError extends Error {
  /** Exit code of the command line. */
  abstract readonly exitCode: number;
  /** What to do next, a full sentence without trailing period. */
  readonly hint?: string;

  /**
   * Makes the error.
   * @param message what was tried, what is required, what was found
   * @param options `hint`: what to do next; `cause`: the error behind this one
   */
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (options.hint !== undefined) this.hint = printable(options.hint);
  }
}

/** The call itself is wrong: an unknown option, a value that does not parse. Exit code 2. */
export class UsageError extends LarmorError {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

/** An input that cannot be read, makes no sense, or an output that cannot be written. Exit code 3. */
export class InputError extends LarmorError {
  /** Exit code of the command line. */
  readonly exitCode = 3;
}

/** One slice cannot be read, or holds nothing; the others may be fine. Exit code 3. */
export class SliceError extends InputError {}

/** The requested device is not available. Exit code 4. */
export class DeviceError extends LarmorError {
  /** Exit code of the command line. */
  readonly exitCode = 4;
}

/** An iteration left the numbers it can work with: the result would be no image. Exit code 1. */
export class DivergenceError extends LarmorError {
  /** Exit code of the command line. */
  readonly exitCode = 1;
}
