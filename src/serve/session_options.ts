/** What a session is given, and what it gives. @module */
import type { ByteInput } from "../io/mrd/byte_reader.ts";
import type { Memory } from "./memory.ts";
import type { ByteOutput } from "./outbox.ts";
import type { Log, OpenWork, RecipeBook, ServeLimits } from "./types.ts";

/** A connection. */
export type Duplex = ByteInput & ByteOutput;

export interface SessionOptions {
  readonly recipes: RecipeBook;
  readonly limits: ServeLimits;
  readonly openWork: OpenWork;
  /** The server's log; the client is sent the same lines as TEXT. */
  readonly log: Log;
  /** The memory that all sessions share. Default: one of its own. */
  readonly memory?: Memory;
  /** What arrives is saved: after a refusal the client is heard to its end all the same. */
  readonly saved?: boolean;
  /** As in a pipe: the header is sent back before the images, and no texts are sent. */
  readonly pipe?: boolean;
}

/** How a session ended; `failures` are slices that could not be reconstructed. */
export interface SessionResult {
  readonly error?: unknown;
  readonly acquisitions: number;
  readonly images: number;
  readonly failures: number;
}
