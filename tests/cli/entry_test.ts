import assert from "node:assert/strict";
import { combinedCode, describeFailure, Interrupted, isFatal } from "../../src/cli/entry.ts";
import { DeviceError, InputError, UsageError } from "../../src/errors.ts";
import { runHere } from "./support.ts";

const failing = (error: unknown) => () => Promise.reject(error);

Deno.test("errors end with their exit code, a message and a hint", async () => {
  const cases: [unknown, number, string][] = [
    [new UsageError("Cannot a", { hint: "Do b" }), 2, "larmor: Cannot a\n  Do b\n"],
    [new InputError("Cannot c"), 3, "larmor: Cannot c\n"],
    [new DeviceError("Cannot d"), 4, "larmor: Cannot d\n"],
    [new Interrupted("SIGTERM"), 130, "larmor: Interrupted by SIGTERM\n"],
  ];
  for (const [error, code, err] of cases) {
    assert.deepEqual(await runHere([], { command: failing(error) }), { code, out: "", err });
  }
});

Deno.test("an error that is ours ends with 1, and shows its stack only on request", async () => {
  const command = failing(new TypeError("x is not a function"));
  const { code, err } = await runHere([], { command });
  assert.equal(code, 1);
  assert.match(err, /^larmor: Internal error, a bug in Larmor: x is not a function\n {2}Please/);
  assert.doesNotMatch(err, /entry_test/);
  assert.match((await runHere(["--verbose"], { command })).err, /entry_test\.ts/);
});

Deno.test("too little memory is the input's fault, not a bug", () => {
  const { code, message, hint } = describeFailure(new RangeError("Array buffer allocation failed"));
  assert.equal(code, 3);
  assert.match(message, /memory/);
  assert.match(hint ?? "", /--slices/);
  assert.equal(describeFailure(new RangeError("Invalid array length")).code, 1);
});

Deno.test("combinedCode() lets an input's fault stand before others", () => {
  assert.equal(combinedCode([]), 0);
  assert.equal(combinedCode([2]), 2);
  assert.equal(combinedCode([2, 3, 1]), 3);
  assert.equal(combinedCode([1, 2]), 1);
  assert.equal(combinedCode([3, 4]), 4);
  assert.equal(combinedCode([3, 130]), 130);
});

Deno.test("isFatal() stops at what every input would meet", () => {
  assert.ok(isFatal(new DeviceError("x")) && isFatal(new Interrupted("SIGINT")));
  assert.ok(!isFatal(new InputError("x")) && !isFatal(new Error("x")));
});
