/** The worker, as the page sees it: one request at a time, which can be cancelled. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Reply, Request } from "../messages.ts";

/** What a request ends with. */
export type Answer<K extends Reply["kind"]> = Extract<Reply, { kind: K }>;

/** A request that the worker refused. */
export class Refused extends Error {
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** A request that was cancelled, by the user or by a newer one. */
export class Cancelled extends Error {}

/** Called while a request is at work. */
export type OnProgress = (what: string, fraction: number) => void;

let worker: Worker | undefined;
let cancelled: (() => void) | undefined;

/** Ends what is at work. The next request starts a new worker. */
export function cancel(): void {
  if (cancelled === undefined) return;
  worker?.terminate();
  worker = undefined;
  cancelled();
}

/**
 * Asks the worker; a request that is at work is cancelled.
 * @throws {Refused} with the message of the worker
 * @throws {Cancelled} when it was cancelled
 */
export function ask<K extends "found" | "done">(
  request: Request,
  onProgress: OnProgress,
): Promise<Answer<K>> {
  cancel();
  const asked = worker ??= new Worker("worker.js", { type: "module" });
  return new Promise<Answer<K>>((resolve, reject) => {
    cancelled = () => reject(new Cancelled("cancelled"));
    asked.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.kind === "progress") onProgress(data.what, data.fraction);
      else if (data.kind === "failed") reject(new Refused(data.message, data.hint));
      else resolve(data as Answer<K>);
    };
    asked.onerror = ({ message }) => {
      worker = undefined;
      reject(new Refused(`The worker ended: ${message || "it could not be loaded"}`));
    };
    asked.postMessage(request);
  }).finally(() => cancelled = undefined);
}
