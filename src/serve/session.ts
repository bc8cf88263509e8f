/**
 * One conversation with a client: configuration, header, data, and images back. It keeps the order
 * of messages and the limits; the reconstruction runs elsewhere (`Work` in types.ts).
 * @module
 */
import { InputError } from "../errors.ts";
import { reason } from "../host.ts";
import { type ByteInput, ByteReader } from "../io/mrd/byte_reader.ts";
import { MessageReader } from "../io/mrd/message_reader.ts";
import type { MrdMessage } from "../io/mrd/messages.ts";
import type { Acquisition, MrdImage } from "../mrd/values.ts";
import { quoted } from "../quoted.ts";
import { Configuration } from "./configuration.ts";
import { returnedImage } from "./images.ts";
import { Memory, type MemoryShare } from "./memory.ts";
import { Pace } from "./pace.ts";
import { answerTo } from "./queries.ts";
import { refusal, Replies } from "./replies.ts";
import { SessionWork } from "./session_work.ts";
import type { Duplex, SessionOptions, SessionResult } from "./session_options.ts";
import type { Recipe, Severity } from "./types.ts";

/** Milliseconds between two checks of the time limits. */
const WATCH_INTERVAL = 250;
/** Seconds after which a client that waits is told that work goes on: one that has gone is noticed. */
const HEARTBEAT = 5;

/** Talks to one client until the end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #input: ByteInput;
  readonly #bytes: ByteReader;
  readonly #messages: MessageReader;
  readonly #replies: Replies;
  readonly #share: MemoryShare;
  readonly #configuration = new Configuration();
  readonly #counts = { acquisitions: 0, images: 0, failures: 0, unused: 0 };
  /** How fast the client sends. */
  readonly pace = new Pace();
  readonly #start = performance.now();
  #recipe: Recipe | undefined;
  #begun = false;
  #work: SessionWork | undefined;
  /** Why the client is refused, which it has been told. */
  #error: unknown;
  #stopped = false;
  #phase: "reading" | "busy" | "finishing" = "busy";

  /** @param duplex is neither closed nor half-closed */
  constructor(duplex: Duplex, options: SessionOptions) {
    this.#options = options;
    const { limits, memory = new Memory(limits.memoryBytes) } = options;
    this.#input = { read: (target) => this.#read(duplex, target) };
    this.#bytes = new ByteReader(this.#input);
    this.#messages = new MessageReader(this.#bytes, limits.message);
    this.#replies = new Replies(duplex, {
      ...options,
      started: () => this.started,
      onBroken: (reason) => this.stop(reason),
      onWaiting: () => this.#hold(),
    });
    this.#share = memory.share((reason) => this.#refuse(reason));
  }

  get started(): boolean {
    return this.pace.total > 0;
  }

  /** Ends the session after telling the client why. */
  end(reason: unknown): void {
    this.#refuse(reason);
    this.#bytes.stop(reason);
  }

  /** Ends the session without telling the client; {@link run} then gives the reason. */
  stop(reason: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.log("ERR", refusal(reason));
    this.end(reason);
    this.#replies.outbox.break(reason);
  }

  /** Sends the client a line. */
  tell(severity: Severity, text: string): void {
    this.#replies.tell(severity, text);
  }

  /** Runs the session; does not throw. The connection may be closed afterwards. */
  async run(): Promise<SessionResult> {
    const watch = setInterval(() => this.#watch(), WATCH_INTERVAL);
    try {
      await this.#converse();
    } catch (error) {
      if (this.#error === undefined) this.#refuse(error);
      else if (error !== this.#error) this.#options.log("WRN", `Saving ends: ${refusal(error)}`);
    }
    this.#phase = "busy";
    // A client that has sent nothing gets no answer.
    if (this.started) this.#replies.send({ kind: "close" });
    await this.#replies.outbox.flush();
    clearInterval(watch);
    this.#stopped = true;
    this.#share.release();
    const { unused, ...counts } = this.#counts;
    if (unused > 0) this.#options.log("WRN", `${unused} acquisitions came after the refusal`);
    return { error: this.#error, ...counts };
  }

  /** Reads until the client has sent everything, and waits for the reconstruction. */
  async #converse(): Promise<void> {
    for (;;) {
      const message = await this.#next();
      if (message === undefined) {
        if (this.#recipe !== undefined) this.#replies.say("WRN", "The stream ended without CLOSE");
        break;
      }
      if (message.kind === "close") break;
      await this.#take(message);
    }
    if (this.#error !== undefined) return;
    // Mistakes in a header are reported even when no data follow; images need none.
    if (this.#configuration.xml !== undefined && this.#recipe === undefined) this.#begin();
    if (this.#work === undefined) return;
    this.#phase = "finishing";
    if (!this.#options.pipe) this.#listen();
    this.#counts.failures = await this.#work.finish();
  }

  async #next(): Promise<MrdMessage | undefined> {
    this.#phase = "reading";
    this.pace.restart();
    const message = await this.#messages.next();
    this.#phase = "busy";
    return message;
  }

  /** A broken connection ends the session; a closed one is the end of the stream. */
  async #read(duplex: Duplex, target: Uint8Array): Promise<number | null> {
    try {
      const count = await duplex.read(target);
      if (count !== null) this.pace.add(count);
      return count;
    } catch (cause) {
      this.stop(new InputError(`Cannot go on: the connection broke (${reason(cause)})`, { cause }));
      return null;
    }
  }

  /** Notices when the client goes while its images are made. */
  async #listen(): Promise<void> {
    const scrap = new Uint8Array(1 << 12);
    while (await this.#input.read(scrap) !== null && this.#phase === "finishing");
  }

  /** Takes a message. After a refusal it is only saved. */
  async #take(message: MrdMessage): Promise<void> {
    if (this.#error === undefined) {
      try {
        return await this.#use(message);
      } catch (error) {
        this.#refuse(error);
      }
    } else if (message.kind === "acquisition") {
      this.#counts.acquisitions++;
      this.#counts.unused++;
    }
    if (!this.#options.saved) throw this.#error;
    this.#limitAcquisitions();
  }

  async #use(message: MrdMessage): Promise<void> {
    if ("terminated" in message && message.kind !== "text") {
      this.#replies.terminated = message.terminated;
    }
    switch (message.kind) {
      case "configFile":
        return this.#configuration.file(message.text);
      case "configText":
        return this.#configuration.text(message.text);
      case "header":
        this.#configuration.header(message.text);
        if (!this.#options.pipe) return;
        return this.#replies.send({ ...message, terminated: false });
      case "text":
        if (this.#configuration.extra(message.text)) return;
        return this.#options.log("INF", `Client: ${quoted(message.text)}`);
      case "query":
        return this.#replies.send(answerTo(message));
      case "acquisition":
        return await this.#acquisition(message.acquisition);
      case "image":
        return this.#image(message.image);
      case "waveform": // saved with --save, not used by a reconstruction
      case "response":
      case "close":
        return;
    }
  }

  async #acquisition(acquisition: Acquisition): Promise<void> {
    this.#counts.acquisitions++;
    this.#limitAcquisitions();
    this.#begin();
    await this.#work?.push(acquisition);
  }

  #limitAcquisitions(): void {
    const { acquisitions } = this.#options.limits;
    if (this.#counts.acquisitions <= acquisitions) return;
    const error = new InputError(
      `Cannot take more acquisitions: at most ${acquisitions} are allowed`,
    );
    this.end(error);
    throw error;
  }

  #image(image: MrdImage): void {
    const { output, options } = this.#choose();
    if (options === null) return;
    if (output.images === "dropped") {
      return this.#replies.say("WRN", "Images are not taken: raw data are required");
    }
    this.#replies.send({ kind: "image", image: returnedImage(image) });
    this.#counts.images++;
    if (this.#counts.images === 1) {
      this.#replies.say("WRN", "Images go back as they came: raw data are required to reconstruct");
    }
  }

  /** Chooses the recipe, once. */
  #choose(): Recipe {
    if (this.#recipe !== undefined) return this.#recipe;
    const { name, changes } = this.#configuration.begin();
    const recipe = this.#recipe = this.#options.recipes.choose(name, changes);
    this.#replies.say("INF", `Recipe ${recipe.name}`);
    if (recipe.ignored.length > 0) {
      this.#replies.say("INF", `Parameters without effect: ${quoted(recipe.ignored.join(", "))}`);
    }
    if (recipe.options === null && !this.#options.saved) {
      this.#replies.say("WRN", "Nothing is done and nothing is saved: the server has no --save");
    }
    return recipe;
  }

  /** Starts the reconstruction, once. */
  #begin(): void {
    if (this.#begun) return;
    const { xml } = this.#configuration;
    if (xml === undefined) {
      throw new InputError("Cannot take an acquisition: a header is required before it");
    }
    const { options, output } = this.#choose();
    this.#begun = true;
    if (options === null) return;
    const { limits: { memoryBytes, queueBytes, imageSeconds }, openWork } = this.#options;
    const request = { options, output, xml, memoryBytes, queueBytes, imageSeconds };
    const work = new SessionWork(openWork, request, {
      onImage: (bytes) => {
        this.#counts.images++;
        this.#replies.outbox.send(bytes);
      },
      onLog: ({ severity, text }) => this.#replies.say(severity, text),
      onFailed: ({ message, hint }) => this.#refuse(new InputError(message, { hint })),
      onHeld: () => this.#hold(),
    });
    if (this.#error !== undefined) throw this.#error; // it failed at once
    this.#work = work;
  }

  /** Gives up the reconstruction and tells the client why; reading ends unless all is saved. */
  #refuse(reason: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = reason;
    this.#work?.abort(reason);
    if (!this.#stopped) this.#replies.say("ERR", refusal(reason));
    if (!this.#options.saved) this.#bytes.stop(reason);
  }

  #hold(): void {
    this.#share.hold((this.#work?.held ?? 0) + this.#replies.outbox.waiting);
  }

  #watch(): void {
    const { idleSeconds, sessionSeconds } = this.#options.limits;
    const over = (what: string) => new InputError(`Cannot go on: ${what}`);
    const { outbox } = this.#replies;
    for (const pace of [this.pace, outbox.pace]) pace.watched(WATCH_INTERVAL);
    if ((performance.now() - this.#start) / 1000 > sessionSeconds) {
      this.end(over(`a session may take ${sessionSeconds} s`));
    } else if (outbox.stalledFor > idleSeconds) {
      this.stop(over(`the client read nothing for ${idleSeconds} s`));
    } else if (this.#phase === "reading" && this.pace.seconds > idleSeconds) {
      const what = this.pace.some ? "no whole message arrived" : "nothing arrived";
      this.end(over(`${what} for ${idleSeconds} s`));
    } else if (this.#phase === "finishing" && outbox.quietFor > HEARTBEAT) {
      this.#replies.tell("DBG", "The reconstruction goes on");
    }
  }
}
