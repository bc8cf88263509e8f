/** Every number of every command, written as users, scripts and attackers write numbers. */
import assert from "node:assert/strict";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { number } from "../../../src/cli/options/values.ts";
import { decimal } from "../../../src/decimal.ts";
import { UsageError } from "../../../src/errors.ts";
import { parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { numberOf, parseTask } from "../../../src/recon/restoration/task.ts";

/** Texts that no option takes. */
const NONE = [
  ...["NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "-1e400", "9".repeat(400)],
  ...["1e300", "-1e300", "1e-320", "5e-324", "1e-40", `0.${"0".repeat(50)}1`],
  ...[
    "0x10",
    "0b11",
    "0o17",
    "1_000",
    "1,5",
    "1e",
    "--1",
    "1 2",
    "+-1",
    "٣",
    "１",
    "1n",
    "2\u202e",
  ],
  ...["1e99999999999", "null", "true", "[]"],
] as const;

/** Texts that some options take: then as a number that float32 can compute with. */
const SOME = [
  "0",
  "-0",
  "1e9",
  "1e15",
  "9007199254740993",
  " 3 ",
  "+2",
  ".5",
  "2.",
  "1e-15",
] as const;

/** Options that hold numbers, and the text in front of one. */
const HOLD_NUMBERS: Readonly<Record<string, readonly string[]>> = {
  set: ["eta="],
  simulate: ["coils=", "noise=", "seed="],
  sweep: ["R=", "steps="],
};

/** Options whose text is a number, or holds one after the text in front. */
async function numbersOf(name: keyof typeof COMMANDS) {
  const { help: { options } } = await COMMANDS[name].load();
  return Object.entries(options).flatMap(([option, { parse }]) => {
    const takes = (text: string) => {
      try {
        return parse?.(text, option);
      } catch {
        return undefined;
      }
    };
    const isNumber = ["2", "0.5", "64"].some((text) => typeof takes(text) === "number");
    const fronts = isNumber ? [""] : HOLD_NUMBERS[option] ?? [];
    return fronts.map((front) => ({ option, front, parse: parse! }));
  });
}

for (const name of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) {
  Deno.test(`${name} refuses what is no number, and numbers that nothing can be computed with`, async () => {
    for (const { option, front, parse } of await numbersOf(name)) {
      for (const text of NONE) {
        // A comma ends the number of a list.
        if (front !== "" && text.includes(",")) continue;
        const refused = { name: UsageError.name };
        assert.throws(() => parse(front + text, option), refused, `${option} ${front}${text}`);
      }
      for (const text of front === "" ? SOME : []) {
        let value: unknown = 1;
        try {
          value = parse(text, option);
        } catch (error) {
          assert.ok(error instanceof UsageError, `${option} ${text}: ${error}`);
        }
        if (typeof value !== "number") continue; // a path, such as that of a noise scan
        const size = Math.abs(value);
        assert.ok(!Object.is(value, -0), `${option} ${text}`);
        assert.ok(size === 0 || (size > 1e-18 && size <= 2 ** 53), `${option} ${text}: ${value}`);
      }
    }
  });
}

Deno.test("the table of commands is looked through: it has dozens of numbers", async () => {
  const all = await Promise.all(
    (Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]).map((name) => numbersOf(name)),
  );
  assert.ok(all.flat().length > 60, `${all.flat().length}`);
});

Deno.test("numbers of a mask are read like all others", () => {
  for (const text of NONE) {
    assert.throws(() => parseMaskSpec(`random:R=${text},acs=8`), UsageError, text);
  }
});

Deno.test("numbers of a restoration's task are read like all others", () => {
  for (const text of NONE.filter((text) => !text.includes(","))) {
    const [step] = parseTask(`sr:factor=${text}`).steps;
    assert.throws(() => numberOf(step, "factor", [2, 8]), UsageError, text);
  }
});

Deno.test("a number is read as it is written in decimal notation", () => {
  assert.deepEqual(
    ["1", "-2.5", "1e3", " 7 ", "0", "-0", "0.0e99"].map(decimal),
    [1, -2.5, 1000, 7, 0, 0, 0],
  );
  const message = (text: string) => {
    try {
      return `${number()(text, "--x")}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.ok(message("9".repeat(1e6)).length < 400);
});
