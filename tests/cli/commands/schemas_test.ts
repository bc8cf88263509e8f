/** What commands write agrees with the published schemas (docs/schemas/). */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { compare } from "../../../src/cli/commands/compare.ts";
import { inFolder } from "../../io/support.ts";
import { ROOT } from "../../tools.ts";
import { runHere, writeH5 } from "../support.ts";

const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;

async function assertValid(name: string, value: unknown): Promise<void> {
  const schema = JSON.parse(await readFile(`${ROOT}/docs/schemas/${name}`, "utf8"));
  const validate = new Ajv({ allowUnionTypes: true, strict: false }).compile(schema);
  assert.ok(validate(value), JSON.stringify(validate.errors, undefined, 2));
}

Deno.test("recon.json agrees with its schema, with samples and an audit and without", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const mask = ["--mask", "equispaced:R=2,acs=8", "--device", "cpu", "--quiet"];
    const sampled = ["--method", "dds", "--model", MODEL, "--steps", "2", "--samples", "2"];
    const runs = [["--method", "rss"], [...sampled, "--audit", "--dicom", "--complex", ...mask]];
    for (const [i, options] of runs.entries()) {
      const { code, err } = await runHere([input, ...options, "--output", at(`out${i}`)]);
      assert.equal(code, 0, err);
      await assertValid("recon.json", JSON.parse(await readFile(at(`out${i}/recon.json`), "utf8")));
    }
  });
});

Deno.test("compare.json agrees with its schema, failed runs too", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const outside = ["--peer-command", "false {kspace} {out}"];
    const options = ["--methods", "sense,tv", "--mask", "equispaced:R=2,acs=8", ...outside];
    const args = [input, ...options, "--device", "cpu", "--quiet", "--output", at("out")];
    await runHere(args, { command: compare });
    await assertValid("compare.json", JSON.parse(await readFile(at("out/compare.json"), "utf8")));
  });
});
