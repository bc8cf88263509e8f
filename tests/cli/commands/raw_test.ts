/** `recon` on raw ISMRMRD files. */
import assert from "node:assert/strict";
import dcmjs from "dcmjs";
import { openNiftiImage } from "../../../src/io/nifti/read.ts";
import { inFolder } from "../../io/support.ts";
import { mrdHeader } from "../../mri/raw/support.ts";
import { randomArray } from "../../mri/support.ts";
import { linesOf, writeRaw } from "../../recon/raw_support.ts";
import { assertRefused, namesIn, runHere } from "../support.ts";

const HEADER = mrdHeader({
  matrix: [16, 12, 1],
  fieldOfView: [320, 240, 6],
  recon: [8, 12, 1],
  reconFieldOfView: [160, 240, 6],
  limits: { kspaceEncodeStep1: { minimum: 0, maximum: 11, center: 6 } },
});
const lines = [0, 1].flatMap((repetition) =>
  [0, 1, 2].flatMap((slice) =>
    linesOf(randomArray([2, 2, 12, 16], slice), {
      idx: { slice, repetition },
      position: [10, 20, 30 + 7 * slice],
    })
  )
);

Deno.test("recon writes the volumes of a raw file where they lie, as NIfTI and as ISMRMRD", () =>
  inFolder(async (at) => {
    const path = await writeRaw(at("raw.h5"), HEADER, lines);
    const output = ["--output", at("out"), "--also", "mrd", "--dicom", "--device", "cpu"];
    const { code, err } = await runHere([path, "--method", "rss", "--quiet", ...output]);
    assert.equal(code, 0, err);
    const names = ["dicom", "preview.png", "recon.json", "recon.nii.gz", "recon_mrd.h5"];
    assert.deepEqual(namesIn(at("out")), names);
    using image = openNiftiImage(at("out/recon.nii.gz"));
    assert.deepEqual([image.slices, image.rows, image.columns], [6, 12, 8]);
    const { affine, known } = image.geometry!;
    assert.ok(known);
    // Columns 20 mm along -x (RAS), rows 20 mm along -y, slices 7 mm; pixel (4, 6) at (-10, -20).
    assert.deepEqual(affine.slice(0, 12), [-20, 0, 0, 70, 0, -20, 0, 100, 0, 0, 7, 30]);
    const report = JSON.parse(await Deno.readTextFile(at("out/recon.json")));
    assert.equal(report.input.format, "ismrmrd");
    assert.deepEqual(report.input.fourierSign, { sign: "-", from: "no vendor" });
    // Slices of 6 mm, 7 mm apart.
    const { buffer } = await Deno.readFile(at("out/dicom/magnitude/0002.dcm"));
    const { dict } = dcmjs.data.DicomMessage.readFile(buffer);
    const [thickness, spacing] = ["00180050", "00180088"].map((tag) => dict[tag].Value[0]);
    assert.deepEqual([thickness, spacing], [6, 7]);
    assert.deepEqual(report.input.shape, [2, 3, 2, 12, 16]);
  }));

Deno.test("recon tells of lines that are missing, and plans without reading all", () =>
  inFolder(async (at) => {
    const path = await writeRaw(at("raw.h5"), HEADER, lines.toSpliced(30, 2));
    const all = await runHere([path, "--method", "rss", "--output", at("out"), "--device", "cpu"]);
    assert.equal(all.code, 0, all.err);
    assert.match(all.err, /raw\.h5: 1 of 6 images have fewer lines \(down to 10\) than the 12/);
    assert.equal(all.err.match(/^warning: /gm)?.length, 1);
    const [{ code, message }] = JSON.parse(await Deno.readTextFile(at("out/recon.json"))).warnings;
    assert.equal(code, "lines-missing");
    assert.match(message, /^1 of 6 images/);
    const args = [path, "--method", "rss", "--output", at("strict"), "--device", "cpu"];
    assertRefused(await runHere([...args, "--strict"]), 3, /--strict: 1 of 6 images/);
    assert.deepEqual(namesIn(at("strict")), []);
    const plan = await runHere([path, "--method", "rss", "--dry-run", "--device", "cpu"]);
    assert.equal(plan.code, 0, plan.err);
    assert.match(plan.out, /repetition 2, slice 3, coil 2, phase1 12, readout 16/);
  }));

Deno.test("recon ends with 3 for raw files that are truncated, wrong or empty", () =>
  inFolder(async (at) => {
    const whole = await Deno.readFile(await writeRaw(at("raw.h5"), HEADER, lines));
    await Deno.writeFile(at("cut.h5"), whole.subarray(0, whole.length / 2));
    await writeRaw(at("empty.h5"), HEADER, []);
    const twice = [0, 1].flatMap(() => lines.slice(0, 12));
    await writeRaw(at("twice.h5"), HEADER, twice);
    const messages = {
      "cut.h5": /truncated/,
      "empty.h5": /lines of an image are required, found 0 acquisitions/,
      "twice.h5": /each line once is required/,
    };
    for (const [name, message] of Object.entries(messages)) {
      const args = [at(name), "--method", "rss", "--output", at("out"), "--quiet"];
      assertRefused(await runHere([...args, "--device", "cpu"]), 3, message);
      assert.deepEqual(namesIn(at("out")), []);
    }
    const group = await runHere([at("raw.h5"), "--group", "scan", "--dry-run", "--device", "cpu"]);
    assertRefused(
      group,
      3,
      /the group scan with xml and data is required, found the groups dataset/,
    );
    const bad = await runHere([at("raw.h5"), "--encoding", "x"]);
    assertRefused(bad, 2, /--encoding/);
  }));
