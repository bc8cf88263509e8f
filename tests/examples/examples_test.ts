/** The examples work, and are what they are meant to be: short, and made of public names only. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { compare } from "../../examples/denoiser.ts";
import { unfold } from "../../examples/operator.ts";
import { ROOT } from "../tools.ts";

/** Lines that an example may have. */
const MAX_LINES = 80;

Deno.test("each example is one file of public imports", () => {
  const names = [...Deno.readDirSync(join(ROOT, "examples"))]
    .filter(({ isFile }) => isFile).map(({ name }) => name);
  assert.ok(names.length >= 2);
  for (const name of names) {
    const text = Deno.readTextFileSync(join(ROOT, "examples", name));
    assert.ok(text.split("\n").length <= MAX_LINES, `${name} has more than ${MAX_LINES} lines`);
    for (const [, specifier] of text.matchAll(/from "([^"]+)"/g)) {
      assert.match(specifier, /^@larmor\/larmor(\/\w+)?$/, name);
    }
  }
});

Deno.test("a prior of one's own is better than sense, and no worse than tv, which it is made of", async () => {
  const { sense, tv, "pnp-admm with own prior": own } = await compare(64);
  assert.ok(own > sense + 1, `${own} against ${sense} of sense`);
  assert.ok(own > tv - 1, `${own} against ${tv} of tv`);
});

Deno.test("a sampler unfolds what an operator of one's own has folded", async () => {
  const { folded, unfolded } = await unfold(64, 6);
  assert.ok(unfolded < 0.25 * folded, `${unfolded} of ${folded}`);
});
