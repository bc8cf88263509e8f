/** The site of the documentation opens from disk: its links lead to files of its own. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { pageHtml, writeSite } from "../../packaging/docs/site.ts";
import { inFolder } from "../io/support.ts";
import { exists } from "../tools.ts";

const htmlBelow = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? htmlBelow(join(folder, name)) : name.endsWith(".html") ? [join(folder, name)] : []
  );

Deno.test("every page, picture and heading that the site links to is in it", async () => {
  await inFolder(async (at) => {
    await writeSite(at("site"));
    for (const page of htmlBelow(at("site"))) {
      const html = Deno.readTextFileSync(page);
      for (const [, link] of html.matchAll(/(?:href|src)="([^"]*)"/g)) {
        if (/^\w+:/.test(link)) continue;
        const [path, anchor] = link.split("#");
        const target = path === "" ? page : join(dirname(page), path);
        // `deno doc` makes the pages of the API.
        if (target.startsWith(at("site/api"))) continue;
        assert.ok(exists(target), `${page}: ${link}`);
        if (anchor) assert.ok(Deno.readTextFileSync(target).includes(`id="${anchor}"`), link);
      }
    }
  });
});

Deno.test("a page has its title, headings that can be linked to, and links to pages", () => {
  const files: string[] = [];
  const text = "# `A` b\n\n[c](../models/m/card.md#d-e) ![f](f.png)\n";
  const html = pageHtml(text, "docs/x.md", (file) => files.push(file));
  assert.match(html, /<title>A b<\/title>/);
  assert.match(html, /<h1 id="a-b">/);
  assert.match(html, /href="..\/models\/m\/card.html#d-e"/);
  assert.deepEqual(files, ["docs/f.png"]);
});
