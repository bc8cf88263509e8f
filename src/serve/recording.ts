/**
 * Saving what a client sends: the bytes of the stream as they arrive, so that nothing is lost when
 * a reconstruction or the server fails. When the session has ended they become an ISMRMRD file.
 * @module
 */
import { join } from "node:path";
import { LarmorError } from "../errors.ts";
import { reason } from "../host.ts";
import { ByteReader } from "../io/mrd/byte_reader.ts";
import { MessageReader } from "../io/mrd/message_reader.ts";
import type { MessageLimits } from "../io/mrd/messages.ts";
import { MrdWriter } from "../io/mrd/mrd_writer.ts";
import type { Duplex } from "./session.ts";
import type { Log } from "./types.ts";

/** Bytes of a session that are being saved. */
export interface Recording {
  /** Saves some bytes. Does not throw: what cannot be saved is reported once. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A connection whose incoming bytes are saved before anyone else reads them. */
export function recorded(duplex: Duplex, recording: Recording): Duplex {
  return {
    read: async (target) => {
      const count = await duplex.read(target);
      if (count !== null) await recording.write(target.subarray(0, count));
      return count;
    },
    write: (bytes) => duplex.write(bytes),
  };
}

/**
 * Saves the bytes in a file NAME.mrd of a folder; when the session has ended it becomes the ISMRMRD
 * file NAME.h5. The .mrd stays where not all of it could be read. NAME is made of the time and the
 * number of the session, and of nothing that the client says.
 */
export async function fileRecording(
  folder: string,
  session: number,
  { log, limits }: { readonly log: Log; readonly limits?: MessageLimits },
): Promise<Recording> {
  const time = new Date().toISOString().replace(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
  const path = join(folder, `${time}-${Deno.pid}-${session}`);
  const stream = `${path}.mrd`;
  let file: Deno.FsFile | undefined;
  let saved = 0;
  const fail = (cause: unknown) => {
    log("ERR", `Cannot save the raw data in ${stream}: ${reason(cause)}`);
    file?.close();
    file = undefined;
  };
  try {
    file = await Deno.open(stream, { write: true, createNew: true });
  } catch (cause) {
    fail(cause);
  }
  return {
    async write(bytes) {
      try {
        for (let done = 0; file !== undefined && done < bytes.length;) {
          done += await file.write(bytes.subarray(done));
        }
        saved += bytes.length;
      } catch (cause) {
        fail(cause);
      }
    },
    async close() {
      if (file === undefined) return;
      file.close();
      file = undefined;
      if (saved === 0) return await Deno.remove(stream);
      await convert(stream, `${path}.h5`, log, limits);
    },
  };
}

/** Writes the file, and removes the stream where the file holds all of it. */
async function convert(
  stream: string,
  file: string,
  log: Log,
  limits?: MessageLimits,
): Promise<void> {
  try {
    const { acquisitions, error } = await saveStream(stream, file, limits);
    if (error === undefined && acquisitions > 0) {
      await Deno.remove(stream);
      return log("INF", `${acquisitions} acquisitions in ${file}`);
    }
    log("WRN", `The raw data stay in ${stream}: ${error?.message ?? "there is no acquisition"}`);
  } catch (cause) {
    log("ERR", `The raw data stay in ${stream}: ${reason(cause)}`);
  }
}

/**
 * Writes the header, acquisitions and waveforms of a stream as an ISMRMRD file. A stream that is
 * cut off gives what came before; one without a header gives no file.
 * @returns how many acquisitions are in the file, and why it does not hold all of the stream
 */
async function saveStream(
  stream: string,
  file: string,
  limits?: MessageLimits,
): Promise<{ acquisitions: number; error?: LarmorError }> {
  using source = await Deno.open(stream);
  const messages = new MessageReader(new ByteReader(source), limits);
  let writer: MrdWriter | undefined;
  let acquisitions = 0;
  try {
    for (;;) {
      let error: LarmorError | undefined;
      const message = await messages.next().catch((cause) => {
        if (!(cause instanceof LarmorError)) throw cause;
        error = cause;
      });
      if (!message || message.kind === "close") {
        await writer?.finish();
        return { acquisitions, error };
      }
      if (message.kind === "header") writer ??= await MrdWriter.create(file, message.text);
      if (message.kind === "waveform") writer?.appendWaveform(message.waveform);
      if (message.kind === "acquisition" && writer !== undefined) {
        writer.append(message.acquisition);
        acquisitions++;
      }
    }
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
}
