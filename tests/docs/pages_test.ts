/** The pages that follow from the code are those of the code. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writePages } from "../../packaging/docs.ts";
import { inFolder } from "../io/support.ts";
import { ROOT } from "../tools.ts";

Deno.test("pages of commands, operators and references are up to date: deno task docs", async () => {
  await inFolder(async (at) => {
    for (const { path } of await writePages(at("."))) {
      const committed = await Deno.readTextFile(join(ROOT, path)).catch(() => "");
      assert.equal(committed, await Deno.readTextFile(at(path)), path);
    }
  });
});
