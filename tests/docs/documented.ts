/** Commands that README and docs show. @module */
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ROOT } from "../tools.ts";

/** A command of Larmor as a page shows it. */
export interface Documented {
  readonly page: string;
  /** As it is written, on one line. */
  readonly line: string;
  /** Name of the command, and what follows, up to a pipe or redirection. */
  readonly command: string;
  readonly args: readonly string[];
}

function pagesBelow(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? pagesBelow(`${folder}/${name}`)
      : name.endsWith(".md")
      ? [`${folder}/${name}`]
      : []
  ).toSorted();
}

/** README and every page of docs/. */
export const pages = (): string[] => ["README.md", ...pagesBelow("docs")];

/** Words of a line of shell; quotes hold words together, a comment ends the line. */
function words(line: string): string[] {
  const found = line.replace(/\s#.*$/, "").match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  const end = found.findIndex((word) => ["<", ">", "|", "&", "&&"].includes(word));
  return found.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/['"]/g, ""));
}

/** The commands in the code blocks of a page, without lines that explain a use (`[options]`). */
function commandsOf(page: string): Documented[] {
  const text = Deno.readTextFileSync(join(ROOT, page));
  const fenced = [...text.matchAll(/^```(?:bash|text)?\n([^]*?)^```/gm)].map(([, code]) => code);
  const indented = text.match(/(?:^ {4}.*\n)+/gm) ?? [];
  const lines = [...fenced, ...indented].join("\n").replaceAll(/\\\n\s*/g, " ").split("\n");
  return lines.flatMap((written) => {
    const line = written.trim();
    const called = /^(?:npx (?:--yes )?)?(?:deno task|larmor) ([\w-]+)/.exec(line);
    if (called === null || line.includes("[options]") || !(called[1] in COMMANDS)) return [];
    return [{ page, line, command: called[1], args: words(line.slice(called[0].length)) }];
  });
}

/** All commands of all pages, each once. */
export function documentedCommands(): Documented[] {
  const all = pages().flatMap(commandsOf);
  const keys = all.map(({ command, args }) => [command, ...args].join(" "));
  return all.filter((_, i) => keys.indexOf(keys[i]) === i);
}
