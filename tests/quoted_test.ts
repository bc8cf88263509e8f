import assert from "node:assert/strict";
import { InputError } from "../src/errors.ts";
import { CLEAR_LINE, escapedJson, printable, quoted, terminalText } from "../src/quoted.ts";

/** Escape sequence, line break, mark of direction, C1 control, line separator. */
const HOSTILE = "a\x1b[31mb\nc\u202ed\x9be\u2028f";

Deno.test("text from outside is one line that cannot change the display of what surrounds it", () => {
  assert.equal(printable(HOSTILE), "a [31mb c d e f");
  assert.equal(quoted(`\r\n${HOSTILE}\0`), "a [31mb c d e f");
  assert.equal(quoted("x".repeat(1000)), `${"x".repeat(200)}...`);
  assert.equal(printable("Größe 3 × 4 µm, 漢字"), "Größe 3 × 4 µm, 漢字");
});

Deno.test("an error is one line, whatever name of a file it repeats", () => {
  const { message, hint } = new InputError(`Cannot read ${HOSTILE}`, { hint: `Move ${HOSTILE}` });
  assert.equal(message, "Cannot read a [31mb c d e f");
  assert.equal(hint, "Move a [31mb c d e f");
});

Deno.test("the terminal gets line breaks and a cleared line, and no other control character", () => {
  assert.equal(terminalText(`${CLEAR_LINE}1\n\t2`), `${CLEAR_LINE}1\n\t2`);
  assert.equal(terminalText(HOSTILE), "a\ufffd[31mb\nc\ufffdd\ufffde\ufffdf");
  assert.equal(terminalText("\r\x1b[31m"), "\ufffd\ufffd[31m");
});

Deno.test("JSON escapes what could change the display and keeps its content", () => {
  const value = { [HOSTILE]: [HOSTILE, "\u{e0001}"], n: 1 };
  for (const space of [undefined, 2]) {
    const text = escapedJson(value, space);
    assert.deepEqual(JSON.parse(text), value);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});
