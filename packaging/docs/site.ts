/**
 * Makes a site of README, docs and cards, with the API by `deno doc`. It opens from disk.
 *
 *     deno task site [FOLDER]      # default: site/, which is emptied before
 * @module
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Marked } from "marked";
import project from "../../deno.json" with { type: "json" };
import { slugOf } from "./page.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Folders whose Markdown becomes pages. */
const FOLDERS = ["docs", "models"];
const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 0 1rem 4rem; }
nav { padding: 0.8rem 0; border-bottom: 1px solid #8885; display: flex; gap: 1.2rem; flex-wrap: wrap; }
pre { overflow-x: auto; padding: 0.7rem; background: #8881; }
code { font: 0.88em ui-monospace, monospace; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92em; }
th, td { border: 1px solid #8884; padding: 0.25rem 0.55rem; vertical-align: top; }
img { max-width: 100%; image-rendering: auto; }
`;

/** Markdown files of a folder and below it, as paths in the repository. */
async function markdownBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true, recursive: true });
  return entries.filter(({ name }) => name.endsWith(".md"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Where a page of the repository lies in the site. */
export const sitePath = (page: string): string =>
  page === "README.md"
    ? "index.html"
    : page.replace(/README\.md$/, "index.html").replace(/\.md$/, ".html");

/** A page as HTML; files that it links to and that are no pages are given to `onFile`. */
export function pageHtml(markdown: string, page: string, onFile: (path: string) => void): string {
  const target = (href: string) => {
    if (/^\w+:|^#/.test(href)) return href;
    const [path, anchor] = href.split("#");
    const file = normalize(join(dirname(page), path));
    if (!file.endsWith(".md")) onFile(file);
    const place = relative(dirname(sitePath(page)), sitePath(file));
    return anchor ? `${place}#${anchor}` : place;
  };
  const marked = new Marked({
    walkTokens: (token) => {
      if (token.type === "link" || token.type === "image") token.href = target(token.href);
    },
    renderer: {
      heading({ tokens, depth, text }) {
        const inner = this.parser.parseInline(tokens);
        return `<h${depth} id="${slugOf(text)}">${inner}</h${depth}>\n`;
      },
    },
  });
  const body = (marked.parse(markdown) as string)
    .replaceAll("<table>", '<div class="wide"><table>').replaceAll("</table>", "</table></div>");
  return wrapped(body, page);
}

function wrapped(body: string, page: string): string {
  const up = relative(dirname(sitePath(page)), ".") || ".";
  const title = /<h1[^>]*>(.*?)<\/h1>/.exec(body)?.[1].replaceAll(/<[^>]*>/g, "") ?? "Larmor";
  const links = [["index.html", "Larmor"], ["docs/index.html", "Documentation"]];
  links.push(["docs/commands/index.html", "Commands"], ["api/index.html", "API"]);
  const nav = links.map(([path, name]) => `<a href="${up}/${path}">${name}</a>`).join("");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
<nav>${nav}</nav>
<main>${body}</main>
</html>
`;
}

/** Writes the pages of the repository into a folder. */
export async function writeSite(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  for (const below of FOLDERS) pages.push(...await markdownBelow(below));
  const files = new Set<string>();
  for (const page of pages) {
    const path = join(folder, sitePath(page));
    const markdown = await readFile(join(ROOT, page), "utf8");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, pageHtml(markdown, page, (file) => files.add(file)));
  }
  for (const file of files) await cp(join(ROOT, file), join(folder, file), { recursive: true });
}

/** Documentation of the public names, by `deno doc --html`. */
async function writeApi(folder: string): Promise<void> {
  const entries = Object.values(project.exports);
  const args = ["doc", "--html", "--name=Larmor", `--output=${folder}`, ...entries];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT });
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, "site");
  await writeSite(folder);
  await writeApi(join(folder, "api"));
}
