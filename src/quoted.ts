/**
 * Text from outside (a client, a file, a command line) as a line of a log or a message may hold it.
 * @module
 */

/** Longest text that is repeated. */
const MAX_LENGTH = 200;

/**
 * The text on one line, cut to 200 characters: control characters, line breaks and marks of
 * direction (Unicode Cc, Cf, Zl, Zp) are replaced by a space.
 */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}...` : plain;
}
