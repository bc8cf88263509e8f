/**
 * Keeping what a client sends: the bytes of the stream as they arrive, so that a reconstruction, or
 * a server, that fails loses nothing; an ISMRMRD file is made of them when the session has ended.
 * @module
 */
import { join } from "node:path";
import { reason } from "../host.ts";
import type { MessageLimits } from "../io/mrd/messages.ts";
import { keepStream } from "./save_stream.ts";
import type { Duplex } from "./session.ts";
import type { Log } from "./types.ts";

/** Bytes of a session that are being kept. */
export interface Recording {
  /** Keeps some bytes. Does not throw: what cannot be kept is reported once. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it. */
  close(): Promise<void>;
}

/** A connection whose incoming bytes are kept before anyone sees them. */
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
 * Keeps the bytes in a file of a folder, NAME.mrd; when the session has ended it becomes the ISMRMRD
 * file NAME.h5. The .mrd stays where not all of it could be understood. NAME is the time and the
 * number of the session: nothing that a client says.
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
  let bytesKept = 0;
  const fail = (cause: unknown) => {
    log("ERR", `Cannot keep the raw data in ${stream}: ${reason(cause)}`);
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
        bytesKept += bytes.length;
      } catch (cause) {
        fail(cause);
      }
    },
    async close() {
      if (file === undefined) return;
      file.close();
      file = undefined;
      // Nothing was sent: nothing is kept.
      if (bytesKept === 0) return await Deno.remove(stream);
      await converted(stream, `${path}.h5`, log, limits);
    },
  };
}

/** Makes the file of the stream, and removes the stream where the file says all. */
async function converted(
  stream: string,
  file: string,
  log: Log,
  limits: MessageLimits | undefined,
): Promise<void> {
  try {
    const { acquisitions, error } = await keepStream(stream, file, limits);
    if (error === undefined && acquisitions > 0) {
      await Deno.remove(stream);
      return log("INF", `${acquisitions} acquisitions in ${file}`);
    }
    log("WRN", `The raw data stay in ${stream}: ${error?.message ?? "there is no acquisition"}`);
  } catch (cause) {
    log("ERR", `The raw data stay in ${stream}: ${reason(cause)}`);
  }
}
