/** `src/io/atomic.ts` for a page: outputs are files in memory. @module */
import { giveFile } from "./host.ts";

/** Keeps a file in memory, where the page fetches it. */
export function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  giveFile(path, new Blob([bytes as Uint8Array<ArrayBuffer>]));
  return Promise.resolve();
}
