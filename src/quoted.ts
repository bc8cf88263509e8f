/**
 * Text from outside (a client, a file, a command line) as a line of a log or a message may hold it.
 * @module
 */

/**
 * Characters that can change how the text around them is shown: control characters, line breaks,
 * marks of direction and other format characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Longest text of a client that is repeated. */
const MAX_QUOTE = 200;
/** Longest line: enough for every list of options in a message. */
const MAX_LINE = 4000;

/** The text on one line, at most 4000 characters, without characters that change its display. */
export function printable(text: string): string {
  return cut(text.replace(UNPRINTABLE, " "), MAX_LINE);
}

/** A text that is repeated: as {@link printable}, and at most 200 characters. */
export function quoted(text: string): string {
  return cut(text.replace(UNPRINTABLE, " ").trim(), MAX_QUOTE);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}
