/** Identifiers of DICOM objects that come from their content. @module */
import { createHash } from "node:crypto";

/** Root of identifiers that are a UUID as a decimal number (ISO/IEC 9834-8, DICOM PS3.5 B.2). */
const UUID_ROOT = "2.25";
const UUID_BYTES = 16;

/**
 * An identifier that is a function of its parts: the same parts give the same identifier, on any
 * machine, and any other parts another one. The number is a UUID of version 8 (RFC 9562) made of
 * SHA-256.
 */
export function dicomUid(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  const uuid = hash.digest().subarray(0, UUID_BYTES);
  uuid[6] = 0x80 | (uuid[6] & 0x0f); // version 8
  uuid[8] = 0x80 | (uuid[8] & 0x3f); // variant of RFC 9562
  return `${UUID_ROOT}.${BigInt(`0x${uuid.toString("hex")}`)}`;
}
