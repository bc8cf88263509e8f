/** The published schemas are those of the types. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { SCHEMAS, schemaText } from "../../packaging/schemas.ts";
import { ROOT } from "../tools.ts";

for (const name of Object.keys(SCHEMAS)) {
  Deno.test(`docs/schemas/${name} is up to date (deno task schemas writes it)`, async () => {
    assert.equal(schemaText(name), await readFile(`${ROOT}/docs/schemas/${name}`, "utf8"));
  });
}
