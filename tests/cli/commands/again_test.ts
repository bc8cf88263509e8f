/** A run is repeated from its recon.json alone, bit for bit. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { inFolder } from "../../io/support.ts";
import { assertRefused, runHere, writeH5 } from "../support.ts";

const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const SAMPLER = ["--model", MODEL, "--steps", "3", "--samples", "2", "--seed", "5"];

const METHODS: Readonly<Record<string, readonly string[]>> = {
  rss: [],
  tv: ["--steps", "4", "--weight", "2"],
  dds: SAMPLER,
  pigdm: SAMPLER,
  "pnp-admm": ["--model", MODEL, "--steps", "3"],
};

for (const [method, options] of Object.entries(METHODS)) {
  Deno.test(`--again repeats ${method} bit for bit from its recon.json`, async () => {
    await inFolder(async (at) => {
      const input = await writeH5(at("k.h5"));
      const mask = ["--mask", "random:R=2,acs=8,seed=3", "--device", "cpu", "--slices", "1:2"];
      const args = [input, "--method", method, ...options, ...mask, "--quiet"];
      const first = await runHere([...args, "--output", at("first")]);
      assert.equal(first.code, 0, first.err);
      const again = ["--again", at("first/recon.json"), "--output", at("again"), "--json"];
      const { code, err, out } = await runHere(again);
      assert.equal(code, 0, err);
      assert.deepEqual(
        await readFile(at("again/recon.nii.gz")),
        await readFile(at("first/recon.nii.gz")),
      );
      const [before, now] = [
        JSON.parse(await readFile(at("first/recon.json"), "utf8")),
        JSON.parse(out),
      ];
      assert.deepEqual(now.warnings, before.warnings);
      for (const key of ["settings", "steps", "samples", "slices", "seed", "mask", "metrics"]) {
        assert.deepEqual(now[key], before[key], key);
      }
      const { command: _command, ...repeated } = now.provenance;
      const { command: _before, ...original } = before.provenance;
      assert.deepEqual(repeated.options, { ...original.options, threads: `${original.threads}` });
      assert.deepEqual(before.slices, [1, 2]);
    });
  });
}

Deno.test("--again refuses other data and what is no run, and says where the conditions differ", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const options = ["--method", "rss", "--device", "cpu", "--quiet"];
    await runHere([input, ...options, "--output", at("first")]);
    const path = at("first/recon.json");
    const report = JSON.parse(await readFile(path, "utf8"));
    const changed = { ...report, provenance: { ...report.provenance, version: "0.0.1" } };
    await writeFile(at("old.json"), JSON.stringify(changed));
    const old = await runHere(["--again", at("old.json"), "--output", at("old"), "--json"]);
    assert.equal(old.code, 0, old.err);
    assert.match(JSON.parse(old.out).warnings.at(-1).message, /version 0\.0\.1 then/);
    await writeFile(input, new Uint8Array(100), { flag: "a" });
    assertRefused(await runHere(["--again", path, "--output", at("b")]), 3, /same data/);
    await Deno.remove(input);
    assertRefused(await runHere(["--again", path, "--output", at("b")]), 3, /recon PATH --again/);
    await writeFile(at("no.json"), "{}");
    assertRefused(await runHere(["--again", at("no.json")]), 2, /recon\.json/);
  });
});
