/** What the parts of the streaming server pass to each other. @module */
import type { Device, DeviceRequest } from "../graph/mod.ts";
import type { MessageLimits } from "../io/mrd/messages.ts";
import type { Acquisition } from "../mrd/values.ts";
import type { AssemblerOptions } from "../mri/raw/assembler.ts";
import type { ReconstructOptions } from "../recon/types.ts";

/** How a session's slices are reconstructed: plain data, which can be sent to a worker. */
export type RecipeOptions =
  & Omit<ReconstructOptions, "device" | "slices" | "onProgress" | "signal">
  & Pick<AssemblerOptions, "fourierSign">;

/** How images go back, and what becomes of images that come in. */
export interface OutputOptions {
  /** `int16`: 0 to 4095, with whole numbers for the window. */
  readonly pixels: "float32" | "int16";
  /** `copied`: with flags, `user_int` and `user_float` of the first line of the image. */
  readonly header: "plain" | "copied";
  /** Images of the client: sent back as they came, or left out. */
  readonly images: "dropped" | "returned";
}

export const PLAIN_OUTPUT: OutputOptions = {
  pixels: "float32",
  header: "plain",
  images: "dropped",
};

/** A named way to reconstruct. */
export interface Recipe {
  readonly name: string;
  /** Options of the reconstruction; null: take the data (and save them), send nothing back. */
  readonly options: RecipeOptions | null;
  readonly output: OutputOptions;
  /** Parameters of the client that it may not change or that do not exist. */
  readonly ignored: readonly string[];
}

/** The recipes that clients may ask for. */
export interface RecipeBook {
  /** The recipe of a name, with values that the client changes; LarmorError: not allowed. */
  choose(name: string | undefined, changes: Readonly<Record<string, string>>): Recipe;
}

/** How much a client may use. */
export interface ServeLimits {
  readonly message: MessageLimits;
  readonly acquisitions: number;
  /** Bytes of samples, k-space and images that all sessions together may hold. */
  readonly memoryBytes: number;
  /** Bytes of a session that may wait for their turn before the server reads no further. */
  readonly queueBytes: number;
  /** Seconds in which the client must finish a message, or read one. */
  readonly idleSeconds: number;
  /** Seconds that the reconstruction of an image (slice or volume) may take. */
  readonly imageSeconds: number;
  /** Seconds that a session may take. */
  readonly sessionSeconds: number;
}

/** How serious a line of the log is; FIRE reads the first three letters. */
export type Severity = "DBG" | "INF" | "WRN" | "ERR";

export type Log = (severity: Severity, text: string) => void;

/** Limits of the reconstruction of a session. */
export type WorkLimits = Pick<ServeLimits, "memoryBytes" | "queueBytes" | "imageSeconds">;

/** What is to be reconstructed for a session. */
export interface WorkRequest extends WorkLimits {
  readonly options: RecipeOptions;
  readonly output: OutputOptions;
  readonly xml: string;
}

/** What the reconstruction of a session reports. */
export type WorkEvent =
  /** An MRD image message, ready to be sent. */
  | { readonly kind: "image"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A line for the client and the log. */
  | { readonly kind: "log"; readonly severity: Severity; readonly text: string }
  /** So many bytes of samples were taken: others may follow. `held`: bytes that it holds now. */
  | { readonly kind: "taken"; readonly bytes: number; readonly held: number }
  /** Everything is done, after `finish`. */
  | { readonly kind: "done"; readonly images: number; readonly failures: number }
  /** It cannot go on; nothing follows. */
  | { readonly kind: "failed"; readonly message: string; readonly hint?: string };

/** A reconstruction under way. Its events come until `done` or `failed`, or until it is aborted. */
export interface Work {
  /** Adds an acquisition; its arrays are handed over. */
  push(acquisition: Acquisition): void;
  finish(): void;
  abort(): void;
}

export type OpenWork = (request: WorkRequest, onEvent: (event: WorkEvent) => void) => Work;

/** What a worker computes on. */
export interface Processor {
  readonly device: DeviceRequest;
  /** Threads of the processor for one graph. Default: all cores. */
  readonly threads?: number;
}

export type WorkerRequest =
  | ({ readonly kind: "start" } & Processor)
  | { readonly kind: "open"; readonly session: number; readonly request: WorkRequest }
  | { readonly kind: "acquisition"; readonly session: number; readonly acquisition: Acquisition }
  | { readonly kind: "finish" | "abort"; readonly session: number };

export type WorkerAnswer =
  | { readonly kind: "ready"; readonly device: Device }
  | { readonly kind: "absent"; readonly message: string; readonly hint?: string }
  | { readonly kind: "event"; readonly session: number; readonly event: WorkEvent };
