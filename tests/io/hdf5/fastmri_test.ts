import assert from "node:assert/strict";
import { axesText } from "../../../src/io/axes.ts";
import { openHdf5Kspace } from "../../../src/io/hdf5/open_kspace.ts";
import { fixtureSlice, SMALL, smallSlice, writeSmall } from "./hdf5_support.ts";
import { fixture, inFolder, same, sharedData } from "../support.ts";

for (const name of ["gzip", "latest", "big_endian", "complex128", "native_complex"]) {
  Deno.test(`openHdf5Kspace() reads ${name}.h5 as h5py wrote it, with the axes swapped`, async () => {
    using file = await openHdf5Kspace(fixture(`hdf5/${name}.h5`));
    assert.equal(file.format, "fastmri-hdf5");
    assert.equal(axesText(file.axes), "slice 2, coil 3, readout 6, phase 5");
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [2, 3, 5, 6]);
    assert.equal(file.transposed, true);
    for (const slice of [1, 0]) {
      same(await file.readSlice(slice), fixtureSlice(slice, [3, 5, 6], true));
    }
  });
}

Deno.test("openHdf5Kspace() takes three axes as slices of a single coil", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/singlecoil.h5"));
  assert.equal(axesText(file.axes), "slice 2, readout 6, phase 5");
  assert.equal(file.coils, 1);
  same(await file.readSlice(1), fixtureSlice(1, [1, 5, 6], true));
});

Deno.test("openHdf5Kspace() takes image and voxel size from the ISMRMRD header", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/header.h5"));
  assert.deepEqual(file.imageSize, [3, 4]);
  const [column, row, thickness] = [15 / 5, 12 / 6, 4];
  assert.deepEqual(file.geometry, {
    affine: [column, 0, 0, 0, 0, row, 0, 0, 0, 0, thickness, 0, 0, 0, 0, 1],
    known: false,
  });
});

Deno.test("openHdf5Kspace() squeezes a boolean mask [1, 1, W, 1]", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/header.h5"));
  assert.deepEqual(file.mask, new Uint8Array([1, 0, 1, 0, 1]));
});

Deno.test("openHdf5Kspace() reads back everything that writeFastmri() was given", () =>
  inFolder(async (at) => {
    const affine = [0.1, 0, 0, -3, 0, 0.2, 0, 7, 0, 0, 4, 1 / 3, 0, 0, 0, 1];
    const mask = new Uint8Array([0, 1, 1, 1, 0]);
    using file = await openHdf5Kspace(
      await writeSmall(at, { geometry: { affine, known: true }, mask }),
    );
    assert.deepEqual(file.geometry, { affine, known: true });
    assert.deepEqual(file.mask, mask);
    assert.equal(file.imageSize, undefined);
    for (let slice = 0; slice < SMALL.slices; slice++) {
      same(await file.readSlice(slice), smallSlice(slice));
    }
  }));

Deno.test("openHdf5Kspace() crops images to reconstruction_rss, but never beyond k-space", () =>
  inFolder(async (at) => {
    const rss = (rows: number, columns: number) => ({
      shape: [SMALL.slices, rows, columns],
      data: new Float32Array(SMALL.slices * rows * columns),
    });
    const imageSize = async (rows: number, columns: number) => {
      using file = await openHdf5Kspace(
        await writeSmall(at, { reconstructionRss: rss(rows, columns) }),
      );
      return file.imageSize;
    };
    assert.deepEqual(await imageSize(4, 3), [3, 4]);
    assert.deepEqual(await imageSize(4, 9), [SMALL.height, 4]);
    assert.equal(await imageSize(SMALL.width, SMALL.height), undefined);
  }));

Deno.test("readSlice() refuses a slice that does not exist and a closed file", async () => {
  const file = await openHdf5Kspace(fixture("hdf5/gzip.h5"));
  for (const index of [-1, 2, 0.5, NaN]) {
    await assert.rejects(file.readSlice(index), RangeError);
  }
  file[Symbol.dispose]();
  file[Symbol.dispose]();
  await assert.rejects(file.readSlice(0), /is closed/);
});

Deno.test("two files can be open at the same time", async () => {
  using first = await openHdf5Kspace(fixture("hdf5/gzip.h5"));
  using second = await openHdf5Kspace(fixture("hdf5/double.mat"));
  using again = await openHdf5Kspace(fixture("hdf5/gzip.h5"));
  const slices = await Promise.all([first.readSlice(0), second.readSlice(0), again.readSlice(0)]);
  same(slices[0], slices[2]);
  same(slices[1], fixtureSlice(0, [2, 4, 5], false));
});

Deno.test("openHdf5Kspace() reads a real brain slice, its centre in the middle", async () => {
  const path = sharedData("kspace/brain7_fastmri.h5");
  if (path === undefined) return;
  using file = await openHdf5Kspace(path);
  assert.deepEqual([file.slices, file.coils, file.height, file.width], [1, 7, 216, 256]);
  assert.equal(file.imageSize, undefined);
  const { data, shape } = await file.readSlice(0);
  assert.deepEqual(shape, [7, 2, 216, 256]);
  const plane = 216 * 256;
  const power = new Float64Array(plane);
  for (let n = 0; n < data.length; n++) power[n % plane] += data[n] ** 2;
  const peak = power.indexOf(Math.max(...power));
  assert.ok(Math.abs(Math.floor(peak / 256) - 108) <= 2);
  assert.ok(Math.abs(peak % 256 - 128) <= 2);
});
