/** Checksums of files, which say exactly what a result was made from. @module */
import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { reason } from "./bytes.ts";
import { cflStem } from "./cfl.ts";
import type { FileFormat } from "./types.ts";

/** Bytes read at once. */
const CHUNK = 1 << 20;

/**
 * SHA-256 of a file as hexadecimal, read piece by piece.
 * @param signal stops the reading; the call throws its reason
 * @throws {InputError} when the file cannot be read
 */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(CHUNK);
    for (;;) {
      signal?.throwIfAborted();
      const read = await file.read(buffer);
      if (read === null) return hash.digest("hex");
      hash.update(buffer.subarray(0, read));
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new InputError(`Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** The file that holds the numbers: of a BART pair the .cfl, whichever of the two was named. */
export function dataFile(path: string, format: FileFormat): string {
  return format === "bart-cfl" ? `${cflStem(path)}.cfl` : path;
}
