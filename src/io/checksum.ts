/** Checksums of inputs: a report states exactly what a result was made from. @module */
import { InputError } from "../errors.ts";
import { openFile, pause, reason, sha256 } from "../host.ts";
import { cflStem } from "./cfl.ts";
import type { ContentFormat } from "./detect.ts";
import type { FileFormat } from "./types.ts";

/** Bytes read at once. */
const CHUNK = 1 << 20;

/** SHA-256 of a file as hexadecimal, read piece by piece until `signal` stops it. */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = sha256();
  try {
    using file = openFile(path);
    const buffer = new Uint8Array(CHUNK);
    for (let offset = 0;;) {
      signal?.throwIfAborted();
      await pause(); // a signal is seen between pieces
      const read = file.read(buffer, offset);
      if (read === 0) return hash.digest();
      hash.update(buffer.subarray(0, read));
      offset += read;
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new InputError(`Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** The file with the data: of a BART pair the .cfl, whichever of the two was named. */
export function dataFile(path: string, format: ContentFormat | FileFormat): string {
  return format === "bart-cfl" ? `${cflStem(path)}.cfl` : path;
}
