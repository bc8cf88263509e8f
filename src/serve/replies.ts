/** What a session sends to its client: images, and the lines of its log as texts. @module */
import { LarmorError } from "../errors.ts";
import { encodeMessage, type MrdMessage } from "../io/mrd/messages.ts";
import { type ByteOutput, Outbox } from "./outbox.ts";
import type { Log, Severity } from "./types.ts";

/** Bytes that may wait for a client to read them. */
const OUTBOX_BYTES = 512 * 2 ** 20;
/** Most lines of the log that a client is sent: a bad stream makes one for each acquisition. */
const MAX_TEXTS = 50;

export interface ReplyOptions {
  /** The server's log. */
  readonly log: Log;
  /** As in a pipe: no texts are sent. */
  readonly pipe?: boolean;
  /** Whether the client has sent anything; before that it is sent nothing. */
  readonly started: () => boolean;
  readonly onBroken: (reason: unknown) => void;
  readonly onWaiting: () => void;
}

export class Replies {
  /** Whether texts end with a NUL, as those of the client do. */
  terminated = false;
  readonly outbox: Outbox;
  readonly #options: ReplyOptions;
  #texts = 0;

  constructor(output: ByteOutput, options: ReplyOptions) {
    this.#options = options;
    this.outbox = new Outbox(output, OUTBOX_BYTES, options);
  }

  send(message: MrdMessage): void {
    this.outbox.send(encodeMessage(message));
  }

  /** Sends the client a line; it ends as lines of a log do, which some clients do not add. */
  tell(severity: Severity, text: string): void {
    if (this.#options.pipe) return;
    this.send({ kind: "text", text: `${severity} ${text}\n`, terminated: this.terminated });
  }

  /** Writes a line to the log and to the client. */
  say(severity: Severity, text: string): void {
    this.#options.log(severity, text);
    if (!this.#options.started() || this.#texts > MAX_TEXTS) return;
    const isLast = this.#texts++ === MAX_TEXTS && severity !== "ERR";
    if (isLast) this.tell("WRN", "Further messages are only in the server's log");
    else this.tell(severity, text);
  }
}

/** An error as the client is told of it. */
export function refusal(error: unknown): string {
  if (!(error instanceof LarmorError)) return "Internal error of the server; see its log";
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}
