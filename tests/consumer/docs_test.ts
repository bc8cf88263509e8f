/** The examples of the documentation run, and what they assert is true. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { inFolder } from "../io/support.ts";
import { ROOT } from "../tools.ts";

const entries = Object.entries(project.exports);
const pages = [...Deno.readDirSync(join(ROOT, "docs/api"))].map(({ name }) => `docs/api/${name}`);

/** Code blocks of TypeScript, without those that are marked to be left out (`ts ignore`). */
const blocksOf = (text: string) =>
  [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code);

/** The code with the public entries by their files, which a temporary file can import. */
const located = (code: string) =>
  code.replaceAll(/"@larmor\/larmor(\/\w+)?"/g, (specifier, room = "") => {
    const entry = entries.find(([name]) => name === `.${room}`);
    assert.ok(entry, `${specifier} is no export`);
    return JSON.stringify(pathToFileURL(join(ROOT, entry[1])).href);
  });

/** Runs code in which `console.assert` throws and paths are those of a folder of its own. */
async function run(code: string): Promise<void> {
  const host = globalThis.console;
  const { assert: original } = host;
  host.assert = (holds, ...rest) => assert.ok(holds, rest.join(" ") || "an assertion is false");
  try {
    await inFolder(async (at) => {
      await Deno.writeTextFile(at("example.ts"), located(code));
      await import(pathToFileURL(at("example.ts")).href);
    });
  } finally {
    host.assert = original;
  }
}

for (const page of ["README.md", "docs/samplers.md", ...pages]) {
  blocksOf(Deno.readTextFileSync(join(ROOT, page))).forEach((code, i) => {
    Deno.test(`example ${i + 1} of ${page} runs`, () => run(code));
  });
}

Deno.test("each export has a page with an example that imports it", () => {
  for (const [name] of entries) {
    const page = `docs/api/${name === "." ? "reconstruct" : name.slice(2)}.md`;
    const blocks = blocksOf(Deno.readTextFileSync(join(ROOT, page)));
    assert.ok(
      blocks.some((code) => code.includes(`from "@larmor/larmor${name.slice(1)}"`)),
      `${page} has no example of @larmor/larmor${name.slice(1)}`,
    );
  }
});

Deno.test("an example whose assertion is false fails", () =>
  assert.rejects(run("console.assert(1 + 1 === 3);"), /an assertion is false/));
