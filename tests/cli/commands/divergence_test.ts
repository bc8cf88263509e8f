/** A run that leaves the range of images: exit 1, step and noise level named, nothing written. */
import assert from "node:assert/strict";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, runHere, writeH5 } from "../support.ts";

/** A small network that PyTorch exported. */
const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const BUDGET = ["--model", MODEL, "--steps", "20", "--samples", "1", "--slices", "0:1"];

for (const method of ["dps", "pigdm", "dmps", "score-mri"]) {
  Deno.test(`recon --method ${method} that diverges to finite numbers writes no image`, async () => {
    await inFolder(async (at) => {
      const args = [await writeH5(at("k.h5")), "--mask", "equispaced:R=2,acs=8", ...BUDGET];
      const guidance = ["--method", method, "--weight", "0.05"]; // far too little of the prior
      const outcome = await runHere([...args, ...guidance, "--output", at("o"), "--quiet"]);
      assertRefused(outcome, 1, /diverged at step \d+ of \d+, sigma 0\.\d+.*found \d/);
      assert.match(outcome.err, /--weight nearer to 1/);
      assert.doesNotMatch(outcome.err, /a bug in Larmor/);
      assert.deepEqual(namesIn(at("o")), []);
    });
  });
}
