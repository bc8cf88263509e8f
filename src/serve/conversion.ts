/** From the saved bytes of a session to an ISMRMRD file. @module */
import { LarmorError } from "../errors.ts";
import { reason } from "../host.ts";
import { ByteReader } from "../io/mrd/byte_reader.ts";
import { MessageReader } from "../io/mrd/message_reader.ts";
import type { MessageLimits, MrdMessage } from "../io/mrd/messages.ts";
import { MrdWriter } from "../io/mrd/mrd_writer.ts";
import { extraConfiguration } from "./extra_configuration.ts";
import type { Log } from "./types.ts";

/** Permissions of saved data: the owner reads and writes, nobody else does. */
export const PRIVATE = 0o600;
/** Texts of a client that go into the file. */
const MAX_TEXTS = 1000;

export interface ConversionOptions {
  readonly log: Log;
  readonly limits?: MessageLimits;
  /** Why bytes that arrived are not in the stream. */
  readonly cut?: string;
}

/**
 * Writes a saved stream as an ISMRMRD file, and removes the stream where the file holds all of it.
 * The log says how many acquisitions there are, and what is missing.
 */
export async function convertStream(
  stream: string,
  file: string,
  { log, limits, cut }: ConversionOptions,
): Promise<void> {
  try {
    const saved = await saveStream(stream, file, limits);
    const { acquisitions, fault = cut, left, closed, empty } = saved;
    // Such as a query: there are no data that could be lost.
    if (empty && fault === undefined) return await Deno.remove(stream);
    const counted = `${acquisitions} acquisitions in ${file}`;
    if (fault === undefined && left === undefined) {
      await Deno.remove(stream);
      return closed
        ? log("INF", counted)
        : log("WRN", `${counted}. No CLOSE came: the scan may be cut off`);
    }
    const found = acquisitions > 0 ? counted : "no acquisitions that could be written";
    const why = fault === undefined ? left : `the scan is cut off: ${fault}`;
    log("WRN", `The raw data stay in ${stream}, ${found}: ${why}`);
  } catch (cause) {
    log("ERR", `The raw data stay in ${stream}, without an ISMRMRD file: ${reason(cause)}`);
  }
}

interface Saved {
  readonly acquisitions: number;
  /** Why the stream could not be read to its end. */
  readonly fault?: string;
  /** What the file does not hold. */
  readonly left?: string;
  readonly closed: boolean;
  /** Neither a header nor data came. */
  readonly empty: boolean;
}

/**
 * Writes the header, acquisitions, waveforms, configuration and texts of a stream as an ISMRMRD file.
 * A stream that is cut off gives what came before; one without a header gives no file.
 */
async function saveStream(stream: string, file: string, limits?: MessageLimits): Promise<Saved> {
  using source = await Deno.open(stream);
  const bytes = new ByteReader(source);
  const messages = new MessageReader(bytes, limits);
  await using target = new Target(file);
  for (;;) {
    let message: MrdMessage | undefined;
    let fault: string | undefined;
    try {
      message = await messages.next();
    } catch (cause) {
      if (!(cause instanceof LarmorError)) throw cause;
      fault = cause.message;
    }
    if (message === undefined || message.kind === "close") {
      const closed = message?.kind === "close";
      if (closed && await bytes.fill(new Uint8Array(1))) target.leave("bytes after CLOSE");
      return { ...await target.finish(), fault, closed, empty: target.empty };
    }
    await target.take(message);
  }
}

/** The file, which is begun with the header. */
class Target implements AsyncDisposable {
  readonly #path: string;
  readonly #texts: Record<"config_file" | "config" | "configAdditional" | "texts", string[]> = {
    config_file: [],
    config: [],
    configAdditional: [],
    texts: [],
  };
  readonly #left = new Map<string, number>();
  #writer: MrdWriter | undefined;
  #acquisitions = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether neither a header nor data came. */
  get empty(): boolean {
    return this.#writer === undefined && this.#left.size === 0;
  }

  /** Counts something that the file does not hold. */
  leave(what: string): void {
    this.#left.set(what, (this.#left.get(what) ?? 0) + 1);
  }

  async take(message: MrdMessage): Promise<void> {
    switch (message.kind) {
      case "header":
        if (this.#writer !== undefined) return this.leave("second headers");
        this.#writer = await MrdWriter.create(this.#path, message.text, { mode: PRIVATE });
        return;
      case "acquisition":
        if (this.#writer === undefined) return this.leave("acquisitions before the header");
        this.#writer.append(message.acquisition);
        this.#acquisitions++;
        return;
      case "waveform":
        if (this.#writer === undefined) return this.leave("waveforms before the header");
        return this.#writer.appendWaveform(message.waveform);
      case "configFile":
        return void this.#texts.config_file.push(message.text);
      case "configText":
        return void this.#texts.config.push(message.text);
      case "text":
        return this.#text(message.text);
      case "image":
        return this.leave("images");
      default: // queries and their answers
        return;
    }
  }

  /** Ends the file; without a header there is none. */
  async finish(): Promise<Pick<Saved, "acquisitions" | "left">> {
    if (this.#writer === undefined) return { acquisitions: 0, left: "there is no header" };
    for (const [name, texts] of Object.entries(this.#texts)) {
      if (texts.length > 0) this.#writer.writeTexts(name, texts);
    }
    await this.#writer.finish();
    const left = [...this.#left].map(([what, count]) => `${count} ${what}`).join(", ");
    const acquisitions = this.#acquisitions;
    if (left !== "") return { acquisitions, left: `the file does not hold ${left}` };
    return acquisitions > 0 ? { acquisitions } : { acquisitions, left: "there is no acquisition" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer?.[Symbol.asyncDispose]();
  }

  #text(text: string): void {
    const isConfiguration = extraConfiguration(text) !== undefined;
    const list = isConfiguration ? this.#texts.configAdditional : this.#texts.texts;
    if (list.length < MAX_TEXTS) list.push(text);
    else this.leave("texts");
  }
}
