/** Commands of README and docs name options that exist; links lead somewhere. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { slugOf } from "../../packaging/docs/page.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { parseOptions } from "../../src/cli/options/table.ts";
import { exists, ROOT } from "../tools.ts";
import { documentedCommands, pages } from "./documented.ts";

Deno.test("the commands of README and docs have options that exist, with values that can be read", async () => {
  for (const { page, line, command, args } of documentedCommands()) {
    const { help } = await COMMANDS[command].load();
    const action = help.actions?.[args[0]];
    try {
      const { options } = action ?? help;
      const { values } = parseOptions(options, action === undefined ? args : args.slice(1));
      for (const [name, value] of Object.entries(values)) {
        if (name !== "settings") options[name].parse?.(String(value), `--${name}`);
      }
    } catch (error) {
      assert.fail(`${page}: ${line}: ${(error as Error).message}`);
    }
  }
});

Deno.test("tasks that README and docs name exist", () => {
  for (const page of [...pages(), "CONTRIBUTING.md"]) {
    const text = Deno.readTextFileSync(join(ROOT, page));
    for (const [, name] of text.matchAll(/deno task ([a-z][\w:-]*)/g)) {
      assert.ok(name in project.tasks, `${page}: deno task ${name}`);
    }
  }
});

Deno.test("links of README and docs lead to files and headings that exist", () => {
  for (const page of [...pages(), "CONTRIBUTING.md"]) {
    const text = Deno.readTextFileSync(join(ROOT, page)).replaceAll(/```[^]*?```|`[^`]*`/g, "");
    for (const [, target, anchor] of text.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)) {
      if (/^\w+:/.test(target)) continue;
      const file = target === "" ? join(ROOT, page) : join(ROOT, dirname(page), target);
      assert.ok(exists(file), `${page}: ${target}`);
      if (anchor) assert.ok(anchorsOf(file).includes(anchor), `${page}: ${target}#${anchor}`);
    }
  }
});

Deno.test("README and docs name no folder of the machine they were written on", () => {
  const cards = [...Deno.readDirSync(join(ROOT, "models"))].map(({ name }) =>
    `models/${name}/card.md`
  );
  for (const page of [...pages(), ...cards.filter((card) => exists(join(ROOT, card)))]) {
    const text = Deno.readTextFileSync(join(ROOT, page));
    assert.doesNotMatch(text, /(?<![\w.~])\/(?:work|root|home)\/|\(asked/, page);
  }
});

/** Names of the headings of a page. */
const anchorsOf = (file: string) =>
  [...Deno.readTextFileSync(file).matchAll(/^#+ (.*)$/gm)].map(([, title]) => slugOf(title));
