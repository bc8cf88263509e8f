/** How HDF5 files begin. @module */
import type { ByteSource } from "../bytes.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the signature stands at byte 0, or after a user block of 512, 1024, 2048... bytes. */
export function hasHdf5Signature(source: ByteSource): boolean {
  for (let at = 0; at + SIGNATURE.length <= source.size; at = at === 0 ? 512 : 2 * at) {
    const bytes = source.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => byte === bytes[i])) return true;
  }
  return false;
}
