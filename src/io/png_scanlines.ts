/** Whether a PNG holds the pixels that its header announces. @module */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";

/** Bytes before the first chunk, and of a chunk without its data. */
const SIGNATURE_BYTES = 8, CHUNK_BYTES = 12;
/** Samples of a pixel for each colour type. */
const SAMPLES: readonly number[] = [1, NaN, 3, 1, 2, NaN, 4];
/** First column and row, and the steps to the next ones, of the only pass; of Adam7's passes. */
const PROGRESSIVE = [[0, 0, 1, 1]];
const ADAM7 = [
  ...[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4]],
  ...[[0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]],
];

/**
 * Inflates the pixels with no more memory than they should take: a few bytes may announce any number of
 * pixels, or hold more than they announce.
 * @param bytes a PNG with a whole header
 */
export function holdsItsPixels(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at + CHUNK_BYTES <= file.length;) {
    const end = at + CHUNK_BYTES + file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") {
      parts.push(file.subarray(at + 8, end - 4));
    }
    at = end;
  }
  const required = scanlineBytes(file);
  try {
    return inflateSync(Buffer.concat(parts), { maxOutputLength: required }).length === required;
  } catch {
    return false;
  }
}

/** Bytes of all rows, each after a byte that names its filter. */
function scanlineBytes(file: Buffer): number {
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const [depth, colour, , , interlace] = file.subarray(24);
  const bits = depth * (SAMPLES[colour] ?? NaN);
  return (interlace === 1 ? ADAM7 : PROGRESSIVE).reduce((sum, [x, y, right, down]) => {
    const [columns, rows] = [Math.ceil((width - x) / right), Math.ceil((height - y) / down)];
    return columns > 0 && rows > 0 ? sum + rows * (1 + Math.ceil(columns * bits / 8)) : sum;
  }, 0);
}
