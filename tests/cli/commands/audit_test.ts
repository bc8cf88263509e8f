import assert from "node:assert/strict";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, runHere, writeH5 } from "../support.ts";

const MASK = ["--mask", "equispaced:R=2,acs=8"];
/** A small network that PyTorch exported. */
const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;

Deno.test("recon audits every run, and with --audit predicts what it holds back", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--method", "sense", ...MASK, "--slices", "0:1"];
    const plain = await runHere([...args, "--json", "--output", at("a")]);
    assert.equal(plain.code, 0, plain.err);
    const { audit } = JSON.parse(plain.out);
    assert.deepEqual(Object.keys(audit), [
      ...["verdict", "data", "image", "reasons", "dataReasons"],
      ...["consistency", "prediction", "spread"],
    ]);
    // The file holds noise under a peak, which no image explains.
    assert.equal(audit.verdict, "inconsistent");
    assert.ok(audit.consistency.chiSquare > 3, `${audit.consistency.chiSquare}`);
    assert.equal(audit.prediction, null);
    const thorough = await runHere([...args, "--audit", "--output", at("b")]);
    assert.equal(thorough.code, 0, thorough.err);
    assert.match(thorough.out, /audit {2}\w+.*, chi-square .*, prediction error \S+ \(sense \S+\)/);
    assert.match(thorough.err, /: audit slice 1\/1/);
    const report = JSON.parse(Deno.readTextFileSync(at("b/recon.json")));
    assert.equal(report.audit.prediction.error, report.audit.prediction.sense);
    assert.deepEqual(report.audit.consistency, audit.consistency);
    for (const name of ["recon.nii.gz"]) {
      assert.deepEqual(Deno.readFileSync(at(`a/${name}`)), Deno.readFileSync(at(`b/${name}`)));
    }
  });
});

Deno.test("recon finds the built-in example consistent: least squares leaves a part of the noise, and no more", async () => {
  await inFolder(async (at) => {
    const { out, err } = await runHere(["--method", "sense", "--json", "--output", at("o")]);
    const { verdict, consistency } = JSON.parse(out).audit;
    assert.equal(verdict, "consistent", err);
    const outer = consistency.bands.slice(1).map((band: { chiSquare: number }) => band.chiSquare);
    for (const chiSquare of [consistency.chiSquare, ...outer]) {
      assert.ok(chiSquare > 0.6 && chiSquare < 1.05, `${chiSquare}`);
    }
  });
});

Deno.test("recon --audit of a sampler reports spread and what the samples expect", async () => {
  await inFolder(async (at) => {
    const sampler = ["--method", "dds", "--model", MODEL, "--steps", "2", "--samples", "2"];
    const args = [await writeH5(at("k.h5")), ...sampler, ...MASK, "--slices", "1:2", "--json"];
    const { code, out, err } = await runHere([...args, "--audit", "--output", at("o")]);
    assert.equal(code, 0, err);
    const { audit: { spread, prediction, consistency } } = JSON.parse(out);
    assert.ok(spread.mean > 0 && spread.above >= 0 && spread.above <= 1);
    assert.ok(prediction.expected >= 1 && prediction.error > 0 && prediction.tv > 0);
    assert.equal(consistency.worst.slice, 1);
  });
});

Deno.test("recon has no audit of images without a phase, and refuses --audit of them", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--method", "rss"];
    const { out } = await runHere([...args, "--json", "--output", at("o")]);
    assert.equal(JSON.parse(out).audit, null);
    assertRefused(await runHere([...args, "--audit", "--output", at("p")]), 2, /no phase/);
    assertRefused(await runHere(["--stdin", "--stdout", "--audit"]), 2, /--audit/);
    assert.deepEqual(namesIn(at("p")), []);
  });
});
