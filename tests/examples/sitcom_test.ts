/** The sampler that is written from outside. */
import assert from "node:assert/strict";
import { compare } from "../../examples/sitcom.ts";

Deno.test("SITCOM is better than sense, and its network evaluations are counted", async () => {
  const { sense, sitcom, nfe } = await compare(96, 10, 2);
  assert.ok(sitcom > sense + 1, `${sitcom} against ${sense} of sense`);
  assert.equal(nfe, 2 * 10 * (5 + 1));
});
