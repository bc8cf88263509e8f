import assert from "node:assert/strict";
import { InputError } from "../src/errors.ts";
import { printable, quoted } from "../src/quoted.ts";

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
