/** The lessons run; what they print is what stands in them, and the numbers of their text are printed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  lessonNames,
  notebookPath,
  notebookText,
  partsOf,
  readLesson,
  runLesson,
} from "../../packaging/docs/lessons.ts";
import { inFolder } from "../io/support.ts";
import { ROOT } from "../tools.ts";

const NUMBER = /\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;
/** Other processors round float32 otherwise, and samplers carry that on. */
const RELATIVE = 0.03;

/** Half a unit of the last digit that is shown, and a little more. */
const resolution = (text: string) =>
  1.6 * 10 ** -(text.includes("e") ? 0 : text.split(".")[1]?.length ?? 0);

function assertPrints(found: string, written: string): void {
  assert.equal(found.replaceAll(NUMBER, "#"), written.replaceAll(NUMBER, "#"));
  const [a, b] = [found, written].map((text) => text.match(NUMBER) ?? []);
  b.forEach((text, i) => {
    const [x, y] = [Number(a[i]), Number(text)];
    const isClose = Math.abs(x - y) <= Math.max(RELATIVE * Math.abs(y), resolution(text));
    assert.ok(isClose, `printed ${x}, the lesson says ${y}:\n${found}`);
  });
}

for (const name of await lessonNames()) {
  const parts = await readLesson(name);
  const written = parts.flatMap((part) => part.kind === "code" ? [part.output] : []);

  Deno.test(`lesson ${name} prints what it says, and draws its pictures`, async () => {
    await inFolder(async (at) => {
      const printed = await runLesson(parts, at("."));
      assert.equal(printed.length, written.length);
      printed.forEach((text, i) => assertPrints(text, written[i]));
      const text = parts.map((part) => part.text).join("");
      for (const [, picture] of text.matchAll(/!\[[^\]]*\]\((\S+)\)/g)) {
        assert.ok((await Deno.stat(at(picture))).size > 0, picture);
        await Deno.stat(join(ROOT, "docs/lessons", picture));
      }
    });
  });

  Deno.test(`numbers in the text of lesson ${name} are printed by it`, () => {
    const all = written.join("\n");
    for (const part of parts) {
      if (part.kind === "code") continue;
      const prose = part.text.replaceAll(/```[^]*?```|`[^`]*`/g, "");
      for (const [, number] of prose.matchAll(/(\d+\.\d+|\d+(?= dB| %| times))/g)) {
        const isKnown = new RegExp(`(?<![\\d.])${number.replace(".", "\\.")}(?![\\d])`).test(all);
        assert.ok(isKnown, `${number} is not printed:\n${prose}`);
      }
    }
  });

  Deno.test(`the notebook of lesson ${name} is the lesson: deno task lessons`, async () => {
    assert.equal(await Deno.readTextFile(notebookPath(name)), notebookText(parts));
  });
}

Deno.test("a lesson's parts are its text, code and output", () => {
  const parts = partsOf("# A\n\n```ts\nf();\n```\n\n```text\n1\n```\n\nB\n");
  assert.deepEqual(parts, [
    { kind: "text", text: "# A\n\n" },
    { kind: "code", text: "f();\n", output: "1\n" },
    { kind: "text", text: "\nB\n" },
  ]);
});
