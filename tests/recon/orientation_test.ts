import assert from "node:assert/strict";
import { UsageError } from "../../src/errors.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { openNiftiImage } from "../../src/io/nifti/read.ts";
import { readNpy } from "../../src/io/numpy/npy.ts";
import { readKspace } from "../../src/recon/open.ts";
import { checkOrientation } from "../../src/recon/orientation.ts";
import { runHere, someKspace, writeH5 } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { stack } from "../../src/ndarray.ts";

Deno.test("--orientation puts the middle of the volume at 0 and each axis where its letter says", async () => {
  await inFolder(async (at) => {
    await writeNpyComplex(at("k.npy"), stack([0, 1, 2].map((slice) => someKspace(slice))));
    using file = await readKspace(at("k.npy"), { orientation: "lps" });
    const { affine, known } = file.geometry!;
    assert.equal(known, true);
    const [columns, rows] = [0, 1].map((column) => affine[3 + 4 * column] * 2 + 1);
    assert.deepEqual([affine[0], affine[5], affine[10]], [-1, -1, 1]);
    assert.deepEqual([...affine.slice(3, 4), affine[7], affine[11]], [
      (columns - 1) / 2,
      (rows - 1) / 2,
      -1,
    ]);
    using turned = await readKspace(at("k.npy"), { orientation: "SAR" });
    assert.deepEqual(turned.geometry!.affine.map(Math.sign).slice(0, 3), [0, 0, 1]);
    assert.equal(turned.geometry!.affine[8], 1);
  });
});

Deno.test("an orientation names each axis of the patient once", () => {
  assert.equal(checkOrientation("ras"), "RAS");
  for (const code of ["", "LP", "LRS", "LPX", "LPSS"]) {
    assert.throws(() => checkOrientation(code), UsageError);
  }
});

Deno.test("recon says that the orientation is unknown, and fills the header of its NIfTI", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--method", "rss", "--device", "cpu"];
    const plain = await runHere([...args, "--output", at("a"), "--also", "npy"]);
    assert.equal(plain.code, 0, plain.err);
    assert.match(plain.err, /says nothing of the orientation/);
    const told = await runHere([...args, "--output", at("b"), "--orientation", "RAS"]);
    assert.doesNotMatch(told.err, /orientation/);
    using image = openNiftiImage(at("b/recon.nii.gz"));
    assert.ok(image.geometry!.known);
    const bytes = new Uint8Array(
      await new Response(
        new Blob([await Deno.readFile(at("a/recon.nii.gz"))]).stream()
          .pipeThrough(new DecompressionStream("gzip")),
      ).arrayBuffer(),
    );
    const view = new DataView(bytes.buffer);
    const text = new TextDecoder().decode(bytes.subarray(148, 228)).replace(/\0.*$/s, "");
    assert.match(text, /^larmor \d.* rss /);
    const most = readNpy(at("a/recon.npy")).data.reduce((a, b) => Math.max(a, b));
    const calMax = view.getFloat32(124, true);
    assert.ok(calMax > 0 && calMax <= most, `${calMax} of ${most}`);
    assert.equal(view.getUint8(123) & 7, 2, "millimetres");
  });
});
