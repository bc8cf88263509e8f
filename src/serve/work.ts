/**
 * The reconstruction of one session as the rest of the server sees it, wherever it runs.
 * @module
 */
import type { Acquisition } from "../mrd/values.ts";
import type { RecipeOptions, Severity } from "./types.ts";

/** What is to be done. */
export interface WorkRequest {
  /** How to reconstruct. */
  readonly options: RecipeOptions;
  /** The XML header. */
  readonly xml: string;
  /** Bytes of samples that may be held. */
  readonly memoryBytes: number;
}

/** What the work tells. */
export type WorkEvent =
  /** An MRD image message, ready to be sent. */
  | { readonly kind: "image"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Something for the client and the log. */
  | { readonly kind: "log"; readonly severity: Severity; readonly text: string }
  /** So many bytes of samples make room for others. */
  | { readonly kind: "taken"; readonly bytes: number }
  /** Everything is done, after `finish`. */
  | { readonly kind: "done"; readonly images: number; readonly failures: number }
  /** It cannot go on; nothing follows. */
  | { readonly kind: "failed"; readonly message: string; readonly hint?: string };

/** Work under way. Its events come until `done` or `failed`, or until it is aborted. */
export interface Work {
  /** Adds an acquisition; its arrays are handed over. */
  push(acquisition: Acquisition): void;
  /** Says that there are no more. */
  finish(): void;
  /** Drops everything. */
  abort(): void;
}

/** Starts work. */
export type OpenWork = (request: WorkRequest, onEvent: (event: WorkEvent) => void) => Work;
