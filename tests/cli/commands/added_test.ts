import assert from "node:assert/strict";
import { openImage } from "../../../src/io/open.ts";
import { magnitudeOf } from "../../../src/ndarray.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, runHere, writeH5 } from "../support.ts";

async function pixels(path: string): Promise<Float32Array> {
  using file = await openImage(path);
  return magnitudeOf(await file.readSlice(0)).data;
}

Deno.test("recon --added writes what the data do not determine, and says what they do not tell", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--mask", "equispaced:R=2,acs=8", "--slices", "0:1"];
    const { code, out, err } = await runHere([
      ...[...args, "--method", "wavelet", "--steps", "3", "--added", "--dicom", "--also", "mrd"],
      ...["--output", at("o")],
    ]);
    assert.equal(code, 0, err);
    assert.match(out, /added .* % of the energy is not determined by the data/);
    const { added, outputs, seconds } = JSON.parse(Deno.readTextFileSync(at("o/recon.json")));
    assert.deepEqual([outputs.added, outputs.flagged], [
      ...[at("o/added.nii.gz"), at("o/flagged.nii.gz")],
    ]);
    assert.ok(added.share > 0 && added.share < 1 && seconds.added > 0);
    const flagged = await pixels(at("o/flagged.nii.gz"));
    assert.equal(flagged.some((v) => v === 1), added.count > 0);
    assert.ok((await pixels(at("o/added.nii.gz"))).some((v) => v > 0));
    assert.deepEqual(namesIn(at("o/dicom")), ["added", "magnitude"]);
    assertRefused(
      await runHere([...args, "--method", "rss", "--added"]),
      2,
      /what rss added: a method with coil maps is required/,
    );
  });
});
