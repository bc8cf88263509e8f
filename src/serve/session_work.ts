/** The reconstruction of a session, as the session sees it: how much is under way, and its end. @module */
import type { Acquisition } from "../mrd/values.ts";
import type { OpenWork, Work, WorkEvent, WorkRequest } from "./types.ts";

/** Bytes of samples that may be on their way to the reconstruction. */
const WINDOW_BYTES = 64 * 2 ** 20;

/** What happens while it goes on. */
export interface WorkListener {
  onImage(bytes: Uint8Array): void;
  onLog(event: WorkEvent & { readonly kind: "log" }): void;
  /** It cannot go on. */
  onFailed(event: WorkEvent & { readonly kind: "failed" }): void;
  /** Other bytes are held than before. */
  onHeld(): void;
}

export class SessionWork {
  readonly #listener: WorkListener;
  readonly #work: Work;
  #inFlight = 0;
  #held = 0;
  #failures: number | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(openWork: OpenWork, request: WorkRequest, listener: WorkListener) {
    this.#listener = listener;
    this.#work = openWork(request, (event) => this.#onEvent(event));
  }

  /** Bytes that are held or on their way. */
  get held(): number {
    return this.#aborted === undefined ? this.#inFlight + this.#held : 0;
  }

  /** Hands over a line; waits while too much is under way. Throws the reason when it is aborted. */
  async push(acquisition: Acquisition): Promise<void> {
    this.#inFlight += acquisition.samples.byteLength;
    this.#listener.onHeld();
    if (this.#aborted !== undefined) throw this.#aborted.reason;
    this.#work.push(acquisition);
    await this.#until(() => this.#inFlight <= WINDOW_BYTES);
  }

  /** Waits for the last image; gives the number of slices that failed. */
  async finish(): Promise<number> {
    if (this.#aborted === undefined) this.#work.finish();
    await this.#until(() => this.#failures !== undefined);
    return this.#failures!;
  }

  /** Stops it; whoever waits for it is thrown the reason. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#work.abort();
    this.#wake?.();
  }

  #onEvent(event: WorkEvent): void {
    if (this.#aborted !== undefined) return;
    switch (event.kind) {
      case "image":
        this.#listener.onImage(event.bytes);
        break;
      case "log":
        this.#listener.onLog(event);
        break;
      case "taken":
        this.#inFlight -= event.bytes;
        this.#held = event.held;
        this.#listener.onHeld();
        break;
      case "done":
        this.#failures = event.failures;
        break;
      case "failed":
        this.#listener.onFailed(event);
    }
    this.#wake?.();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (this.#aborted === undefined && !holds()) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#aborted !== undefined) throw this.#aborted.reason;
  }
}
