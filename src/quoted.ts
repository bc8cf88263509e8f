/**
 * Text from outside (a client, a file, a command line) as a line of a log or a message may hold it.
 * @module
 */

/**
 * Characters that can change how the text around them is shown: control characters, line breaks,
 * marks of direction and other format characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Moves to the start of the line of a terminal and clears it. */
export const CLEAR_LINE = "\r\x1b[K";
/** Control characters that a text for the terminal may hold. */
const TERMINAL: readonly string[] = ["\n", "\t", CLEAR_LINE];

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

/** A text of several lines for the terminal: other control characters become U+FFFD. */
export function terminalText(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /\r\x1b\[K|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (found) => TERMINAL.includes(found) ? found : "\ufffd",
  );
}

/** JSON in which characters that could change the display are escaped; its content is the same. */
export function escapedJson(value: unknown, space?: number): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, undefined, space).replace(
    UNPRINTABLE,
    (found) => found.replace(/[^\n]/g, escaped),
  );
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}
