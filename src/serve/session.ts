/**
 * One conversation with a client: configuration, header, data, and images back. It keeps the order
 * of messages and the limits; the reconstruction runs elsewhere (`Work` in types.ts).
 * @module
 */
import { InputError, LarmorError } from "../errors.ts";
import { type ByteInput, ByteReader } from "../io/mrd/byte_reader.ts";
import { MessageReader } from "../io/mrd/message_reader.ts";
import { encodeMessage, type MrdMessage } from "../io/mrd/messages.ts";
import type { Acquisition } from "../mrd/values.ts";
import { quoted } from "../quoted.ts";
import { extraConfiguration } from "./extra_configuration.ts";
import { type ByteOutput, Outbox } from "./outbox.ts";
import type { Log, OpenWork, RecipeBook, ServeLimits, Severity, Work, WorkEvent } from "./types.ts";

export type Duplex = ByteInput & ByteOutput;

export interface SessionOptions {
  readonly recipes: RecipeBook;
  readonly limits: ServeLimits;
  readonly openWork: OpenWork;
  /** The server's log; the client is sent the same lines as TEXT. */
  readonly log: Log;
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

/** Bytes of samples that may be on their way to the reconstruction. */
const WINDOW_BYTES = 64 * 2 ** 20;
/** Bytes that may wait for a client to read them. */
const OUTBOX_BYTES = 512 * 2 ** 20;
/** Most lines of the log that a client is sent: a bad stream makes one for each acquisition. */
const MAX_TEXTS = 50;
/** Milliseconds between two checks of the time limits. */
const WATCH_INTERVAL = 250;

/** Talks to one client until the end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #bytes: ByteReader;
  readonly #messages: MessageReader;
  readonly #outbox: Outbox;
  #requested: string | undefined;
  #changes: Readonly<Record<string, string>> = {};
  #xml: string | undefined;
  #terminated = false;
  #work: Work | "nothing" | undefined;
  readonly #counts = { acquisitions: 0, images: 0, failures: 0 };
  #texts = 0;
  #inFlight = 0;
  #wake: (() => void) | undefined;
  #ended: "done" | "failed" | undefined;
  #error: unknown;
  #reading = false;
  #heard = performance.now();

  /** @param duplex is neither closed nor half-closed */
  constructor(duplex: Duplex, options: SessionOptions) {
    this.#options = options;
    this.#bytes = new ByteReader({
      read: (target) => duplex.read(target).finally(() => this.#heard = performance.now()),
    });
    this.#messages = new MessageReader(this.#bytes, options.limits.message);
    this.#outbox = new Outbox(duplex, OUTBOX_BYTES, (reason) => this.stop(reason));
  }

  get started(): boolean {
    return this.#bytes.position > 0;
  }

  /** Ends the session after telling the client why. */
  refuse(reason: unknown): void {
    this.#error ??= reason;
    this.#bytes.stop(reason);
    this.#wake?.();
  }

  /** Ends the session without telling the client; {@link run} then gives the reason. */
  stop(reason: unknown): void {
    this.refuse(reason);
    this.#outbox.break(reason);
  }

  /** Runs the session; does not throw. The connection may be closed afterwards. */
  async run(): Promise<SessionResult> {
    const watch = setInterval(() => this.#watch(), WATCH_INTERVAL);
    try {
      await this.#converse();
    } catch (error) {
      this.#error ??= error;
    }
    const told = this.#error;
    if (told !== undefined) {
      if (typeof this.#work === "object") this.#work.abort();
      this.#say("ERR", refusal(told));
    }
    // A client that has sent nothing gets no answer.
    if (this.started) this.#outbox.send(encodeMessage({ kind: "close" }));
    await this.#outbox.flush();
    clearInterval(watch);
    // The client no longer reads: only the log can hold the reason.
    if (this.#error !== told) this.#options.log("ERR", refusal(this.#error));
    return { error: this.#error, ...this.#counts };
  }

  /** Reads until the client has sent everything, and waits for the reconstruction. */
  async #converse(): Promise<void> {
    for (;;) {
      this.#reading = true;
      this.#heard = performance.now();
      const message = await this.#messages.next();
      this.#reading = false;
      if (message === undefined) {
        if (this.#work !== undefined) this.#say("WRN", "The stream ended without CLOSE");
        break;
      }
      if (message.kind === "close") break;
      await this.#take(message);
    }
    // Mistakes in a header are reported even when no data follow.
    if (this.#xml !== undefined) this.#begin();
    if (typeof this.#work !== "object") return;
    this.#work.finish();
    await this.#until(() => this.#ended !== undefined);
  }

  async #take(message: MrdMessage): Promise<void> {
    if ("terminated" in message && message.kind !== "text") this.#terminated = message.terminated;
    switch (message.kind) {
      case "configFile":
        return this.#configure(message.text);
      case "configText":
        return this.#configureText(message.text);
      case "header":
        return this.#header(message.text);
      case "text":
        return this.#text(message.text);
      case "acquisition":
        return await this.#acquisition(message.acquisition);
      case "image":
        return this.#say("WRN", "Images are not taken: raw data are required");
      case "waveform": // saved with --save, not used by a reconstruction
      case "close":
        return;
    }
  }

  #configure(name: string): void {
    if (this.#work !== undefined) {
      const required = "it is required before the data, found one after";
      throw new InputError(`Cannot change the configuration: ${required}`);
    }
    this.#requested = name.trim() || undefined;
  }

  /** A configuration as text: JSON as after the header, or the name of a recipe. */
  #configureText(text: string): void {
    const extra = extraConfiguration(text);
    if (extra === undefined) return this.#configure(text);
    this.#configure(extra.name ?? "");
    this.#changes = extra.changes;
  }

  #header(xml: string): void {
    if (this.#xml !== undefined) {
      throw new InputError("Cannot take a second header: one is required");
    }
    this.#xml = xml;
    if (!this.#options.pipe) return;
    this.#outbox.send(encodeMessage({ kind: "header", text: xml, terminated: false }));
  }

  /** Between header and data a text may be configuration in JSON; any other goes to the log. */
  #text(text: string): void {
    const mayConfigure = this.#xml !== undefined && this.#work === undefined;
    const extra = mayConfigure ? extraConfiguration(text) : undefined;
    if (extra === undefined) return this.#options.log("INF", `Client: ${quoted(text)}`);
    this.#requested = extra.name ?? this.#requested;
    this.#changes = { ...this.#changes, ...extra.changes };
  }

  async #acquisition(acquisition: Acquisition): Promise<void> {
    if (this.#xml === undefined) {
      throw new InputError("Cannot take an acquisition: a header is required before it");
    }
    this.#begin();
    const { acquisitions } = this.#options.limits;
    if (++this.#counts.acquisitions > acquisitions) {
      throw new InputError(`Cannot take more acquisitions: at most ${acquisitions} are required`);
    }
    if (typeof this.#work !== "object") return;
    this.#inFlight += acquisition.samples.byteLength;
    this.#work.push(acquisition);
    await this.#until(() => this.#inFlight <= WINDOW_BYTES || this.#ended !== undefined);
    if (this.#ended === "failed") throw this.#error;
  }

  /** Chooses the recipe and starts the reconstruction, once. */
  #begin(): void {
    if (this.#work !== undefined) return;
    const { recipes, limits: { memoryBytes }, openWork } = this.#options;
    const recipe = recipes.choose(this.#requested, this.#changes);
    this.#say("INF", `Recipe ${recipe.name}`);
    if (recipe.ignored.length > 0) {
      this.#say("INF", `Parameters without effect: ${quoted(recipe.ignored.join(", "))}`);
    }
    const { options } = recipe;
    this.#work = options === null
      ? "nothing"
      : openWork({ options, xml: this.#xml!, memoryBytes }, (event) => this.#onEvent(event));
  }

  #onEvent(event: WorkEvent): void {
    if (this.#error !== undefined) return;
    switch (event.kind) {
      case "image":
        this.#counts.images++;
        this.#outbox.send(event.bytes);
        break;
      case "log":
        this.#say(event.severity, event.text);
        break;
      case "taken":
        this.#inFlight -= event.bytes;
        break;
      case "done":
        this.#ended = "done";
        this.#counts.failures = event.failures;
        break;
      case "failed": {
        this.#ended = "failed";
        const { message, hint } = event;
        this.#error ??= new InputError(message, { hint });
        this.#bytes.stop(this.#error);
      }
    }
    this.#wake?.();
  }

  /** Waits until a condition holds; throws when the session is stopped before. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Writes a line to the log and to the client. */
  #say(severity: Severity, text: string): void {
    this.#options.log(severity, text);
    if (this.#options.pipe || !this.started || this.#texts > MAX_TEXTS) return;
    const isLast = this.#texts++ === MAX_TEXTS && severity !== "ERR";
    const line = isLast
      ? "WRN Further messages are only in the server's log"
      : `${severity} ${text}`;
    this.#outbox.send(encodeMessage({ kind: "text", text: line, terminated: this.#terminated }));
  }

  #watch(): void {
    const limit = 1000 * this.#options.limits.idleSeconds;
    const silent = this.#reading ? performance.now() - this.#heard : 0;
    if (silent <= limit && this.#outbox.stalledFor <= limit) return;
    const what = silent > limit ? "nothing arrived" : "the client read nothing";
    const error = new InputError(`Cannot go on: ${what} for ${limit / 1000} s`);
    if (silent > limit) this.refuse(error);
    else this.stop(error);
  }
}

/** An error as the client is told of it. */
function refusal(error: unknown): string {
  if (!(error instanceof LarmorError)) return "Internal error of the server; see its log";
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}
