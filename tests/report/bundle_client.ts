/**
 * Makes src/report/client.generated.js, the script of report.html, from src/report/client/:
 *
 *     deno task report-client
 *
 * The first line holds a checksum of the sources, so that a test can tell an old bundle without a
 * bundler, whose output may differ from one version of Deno to the next.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ROOT, run } from "../tools.ts";

/** The bundle. */
export const BUNDLE: string = join(ROOT, "src/report/client.generated.js");
const CLIENT = join(ROOT, "src/report/client");
/** What the client imports from outside its folder. */
const SHARED = join(ROOT, "src/report/page_data.ts");

/** The first line of an up-to-date bundle. */
export function bundleHeader(): string {
  const names = [...Deno.readDirSync(CLIENT)].map(({ name }) => name).sort();
  const hash = createHash("sha256");
  for (const path of [SHARED, ...names.map((name) => join(CLIENT, name))]) {
    hash.update(Deno.readTextFileSync(path));
  }
  return `// Made from client/ by "deno task report-client". Sources: ${hash.digest("hex")}`;
}

if (import.meta.main) {
  const main = join(CLIENT, "main.ts");
  await run(Deno.execPath(), ["bundle", "--quiet", "--platform", "browser", "-o", BUNDLE, main]);
  const ignore = "// deno-lint-ignore-file";
  const code = Deno.readTextFileSync(BUNDLE);
  Deno.writeTextFileSync(BUNDLE, `${bundleHeader()}\n${ignore}\n${code}`);
  await run(Deno.execPath(), ["fmt", "--quiet", BUNDLE]);
}
