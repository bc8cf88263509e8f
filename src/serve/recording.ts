/**
 * Saving what a client sends: the bytes of the stream as they arrive, so that nothing is lost when
 * a reconstruction or the server fails. When the session has ended they become an ISMRMRD file.
 * @module
 */
import { join } from "node:path";
import { reason } from "../host.ts";
import type { MessageLimits } from "../io/mrd/messages.ts";
import { convertStream, PRIVATE } from "./conversion.ts";
import type { Duplex } from "./session_options.ts";
import type { Log } from "./types.ts";

/** Bytes of a session that are being saved. */
export interface Recording {
  /** Why bytes are lost, once some are; without the path, so that the client may know. */
  readonly failure: string | undefined;
  /** Saves some bytes. Does not throw: see `failure`. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * A connection whose incoming bytes are saved before anyone else reads them.
 * @param listener `saving` waits for a write, which may take long; `onFailure` is called once, when bytes cannot
 *   be saved
 */
export function recorded(
  duplex: Duplex,
  recording: Recording,
  { saving, onFailure }: {
    readonly saving: (saved: Promise<void>) => Promise<void>;
    readonly onFailure: (message: string) => void;
  },
): Duplex {
  let told = false;
  return {
    read: async (target) => {
      const count = await duplex.read(target);
      if (count !== null) await saving(recording.write(target.subarray(0, count)));
      if (recording.failure !== undefined && !told) {
        told = true;
        onFailure(recording.failure);
      }
      return count;
    },
    write: (bytes) => duplex.write(bytes),
  };
}

/** Saves sessions in a folder. */
export class Recorder {
  readonly #folder: string;
  readonly #limits: MessageLimits | undefined;
  /** Files are converted one after the other, however many sessions end at once. */
  #conversions: Promise<void> = Promise.resolve();

  constructor(folder: string, limits?: MessageLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /**
   * Saves the bytes in a file NAME.mrd; when the session has ended it becomes the ISMRMRD file
   * NAME.h5. The .mrd stays where the file does not hold all of it. NAME is made of the time and the
   * number of the session, and of nothing that the client says. Only the owner may read the files.
   */
  async record(session: number, log: Log): Promise<Recording> {
    const time = new Date().toISOString().replace(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
    const path = join(this.#folder, `${time}-${Deno.pid}-${session}`);
    const recording = new FileRecording(path, log, (stream, cut) => {
      const options = { log, limits: this.#limits, cut };
      this.#conversions = this.#conversions.then(() =>
        convertStream(stream, `${path}.h5`, options)
      );
      return this.#conversions;
    });
    await recording.open();
    return recording;
  }
}

class FileRecording implements Recording {
  failure: string | undefined;
  #file: Deno.FsFile | undefined;
  /** Bytes that arrived, and those of them that are in the file. */
  #arrived = 0;
  #saved = 0;

  readonly #stream: string;

  /** @param convert makes the ISMRMRD file; `cut` says why bytes are missing */
  constructor(
    path: string,
    private readonly log: Log,
    private readonly convert: (stream: string, cut?: string) => Promise<void>,
  ) {
    this.#stream = `${path}.mrd`;
  }

  async open(): Promise<void> {
    try {
      const options = { write: true, createNew: true, mode: PRIVATE };
      this.#file = await Deno.open(this.#stream, options);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#arrived += bytes.length;
    try {
      for (let done = 0; this.failure === undefined && done < bytes.length;) {
        const count = await this.#file!.write(bytes.subarray(done));
        done += count;
        this.#saved += count;
      }
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Converts what was saved, also when not all was. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    file.close();
    if (this.#arrived === 0) return await Deno.remove(this.#stream);
    const lost = this.#arrived - this.#saved;
    const cut = lost > 0 ? `${lost} of ${this.#arrived} bytes could not be saved` : undefined;
    await this.convert(this.#stream, cut);
  }

  #fail(cause: unknown): void {
    this.failure ??= `Cannot save the raw data: ${reason(cause)}; the rest of them is lost`;
    this.log("ERR", `Cannot save the raw data in ${this.#stream}: ${reason(cause)}`);
  }
}
