/** Reading what was done to a picture. */
import assert from "node:assert/strict";
import { UsageError } from "../../../src/errors.ts";
import {
  filesOf,
  numberOf,
  parseTask,
  sideUnit,
  wholeOf,
} from "../../../src/recon/restoration/task.ts";

Deno.test("a task is read with its defaults, in the order in which things happen", () => {
  const { steps } = parseTask("jpeg:quality=5+inpaint:mask=a+b.npy+sr");
  assert.deepEqual(steps.map(({ name }) => name), ["sr", "jpeg", "inpaint"]);
  assert.deepEqual(steps[0].values, { factor: "4", pool: "bicubic" });
  assert.deepEqual(steps[2].values, { mask: "a+b.npy" });
  assert.deepEqual(filesOf({ text: "", steps }), ["a+b.npy"]);
  assert.equal(sideUnit({ text: "", steps }), 32);
  assert.equal(numberOf(steps[1], "quality", [5, 90]), 5);
});

const REFUSED: Readonly<Record<string, RegExp>> = {
  blur: /denoise, deblur, sr/,
  "sr:size=2": /factor, pool as KEY=VALUE, found 'size=2'/,
  "sr+sr": /twice/,
  "lensless+jpeg": /goes with no other/,
  "jpeg:quality": /KEY=VALUE/,
};

for (const [text, message] of Object.entries(REFUSED)) {
  Deno.test(`the task ${text} is refused`, () => {
    assert.throws(
      () => parseTask(text),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

Deno.test("a number beyond its bounds is refused", () => {
  const [step] = parseTask("jpeg:quality=0").steps;
  assert.throws(() => numberOf(step, "quality", [1, 100]), /from 1 to 100 is required, found '0'/);
});

Deno.test("a factor that is not whole is refused", () => {
  const task = parseTask("sr:factor=2.5");
  assert.throws(() => sideUnit(task), /factor of sr: a whole number is required, found '2.5'/);
  assert.equal(wholeOf(parseTask("sr:factor=2").steps[0], "factor", [2, 8]), 2);
});
