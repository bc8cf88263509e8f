/**
 * What the parts of the streaming server tell each other.
 * @module
 */
import type { MessageLimits } from "../io/mrd/messages.ts";
import type { ReconstructOptions } from "../recon/types.ts";

/** How a session's slices are reconstructed; plain data, which a worker can be sent. */
export type RecipeOptions = Omit<
  ReconstructOptions,
  "device" | "slices" | "onProgress" | "signal"
>;

/** A named way to reconstruct. */
export interface Recipe {
  /** What a client calls it. */
  readonly name: string;
  /** Options of the reconstruction; null: take the data (and save them), send nothing back. */
  readonly options: RecipeOptions | null;
  /** Changes that the client asked for and that it may not make, or that mean nothing. */
  readonly ignored: readonly string[];
}

/** The recipes that clients may ask for. */
export interface RecipeBook {
  /**
   * The recipe of a name, with values that the client changes.
   * @param name as the client wrote it; undefined when it named none
   * @param changes options and their values as texts
   * @throws {LarmorError} for a name that is not in the book, or a change that makes no sense
   */
  choose(name: string | undefined, changes: Readonly<Record<string, string>>): Recipe;
}

/** How much a client may take. */
export interface ServeLimits {
  /** Bytes of one message. */
  readonly message: MessageLimits;
  /** Acquisitions of a session. */
  readonly acquisitions: number;
  /** Bytes of samples that a session may hold before they are reconstructed. */
  readonly memoryBytes: number;
  /** Seconds in which nothing arrives, or in which the client takes nothing. */
  readonly idleSeconds: number;
}

/** How serious a line of the log is; FIRE goes by the first three letters. */
export type Severity = "DBG" | "INF" | "WRN" | "ERR";

/** Where a line of the log goes. */
export type Log = (severity: Severity, text: string) => void;

/** Longest line that the log repeats of what a client wrote. */
const MAX_QUOTE = 200;

/** A text of a client as a log may repeat it: short, and without control characters. */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return plain.length > MAX_QUOTE ? `${plain.slice(0, MAX_QUOTE)}...` : plain;
}
