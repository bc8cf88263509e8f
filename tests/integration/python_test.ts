/** nibabel and h5py (Debian's packages) as judges of the files we write. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { writeNifti } from "../../src/io/mod.ts";
import { ndarray } from "../../src/ndarray.ts";
import { randomArray } from "../mri/support.ts";
import { run, testWith } from "../tools.ts";
import { needsModule, PYTHON } from "./python.ts";

async function python(script: string, ...args: string[]): Promise<unknown> {
  return JSON.parse(await run(PYTHON, ["-c", script, ...args]));
}

testWith(
  needsModule("nibabel"),
  "nibabel reads the voxels and the affine of recon.nii.gz",
  async () => {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "recon.nii.gz");
    const image = randomArray([3, 5, 7], 1); // slice, row, column
    const affine = [0, -0.9, 0, 12, 0.8, 0, 0, -30, 0, 0, 3, 5, 0, 0, 0, 1];
    await writeNifti(path, { image, geometry: { affine, known: true } });
    const found = await python(
      `
import json, sys, nibabel
image = nibabel.load(sys.argv[1])
data = image.get_fdata()
print(json.dumps({"shape": data.shape, "affine": image.affine.ravel().tolist(), "voxel": data[6, 4, 2], "type": str(image.get_data_dtype())}))`,
      path,
    ) as { shape: number[]; affine: number[]; voxel: number; type: string };
    assert.deepEqual(found.shape, [7, 5, 3]); // column, row, slice
    assert.equal(found.type, "float32");
    found.affine.forEach((value, i) => assert.ok(Math.abs(value - affine[i]) < 1e-5));
    assert.ok(Math.abs(found.voxel - image.data[(2 * 5 + 4) * 7 + 6]) < 1e-6);
    await Deno.remove(folder, { recursive: true });
  },
);

testWith(
  needsModule("h5py"),
  "h5py reads the k-space and the truth of a simulated file",
  async () => {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "k.h5");
    const [slices, coils, height, width] = [2, 3, 4, 6]; // H phase, W readout
    const kspace = Array.from(
      { length: slices },
      (_, s) => randomArray([coils, 2, height, width], s),
    );
    const truth = ndarray(new Float32Array(slices * width * height).fill(0.5), [
      slices,
      width,
      height,
    ]);
    await writeFastmri(path, {
      slices,
      coils,
      height,
      width,
      kspace: (slice: number) => kspace[slice],
      reconstructionRss: truth,
    });
    const found = await python(
      `
import json, sys, h5py
with h5py.File(sys.argv[1]) as f:
    k = f["kspace"]
    print(json.dumps({"shape": k.shape, "type": str(k.dtype), "value": [float(k[1, 2, 5, 3].real), float(k[1, 2, 5, 3].imag)], "rss": f["reconstruction_rss"].shape}))`,
      path,
    ) as { shape: number[]; type: string; value: number[]; rss: number[] };
    assert.deepEqual(found.shape, [slices, coils, width, height]); // readout, then phase
    assert.equal(found.type, "complex64");
    assert.deepEqual(found.rss, [slices, width, height]);
    const at = (part: number) => kspace[1].data[((2 * 2 + part) * height + 3) * width + 5];
    assert.ok(Math.abs(found.value[0] - at(0)) < 1e-6);
    assert.ok(Math.abs(found.value[1] - at(1)) < 1e-6);
    await Deno.remove(folder, { recursive: true });
  },
);
