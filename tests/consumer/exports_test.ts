/** What the package says of itself is true. */
import assert from "node:assert/strict";
import { VERSION } from "@larmor/larmor";
import project from "../../deno.json" with { type: "json" };

Deno.test("the version that results carry is that of deno.json", () => {
  assert.equal(VERSION, project.version);
});
