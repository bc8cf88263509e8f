import assert from "node:assert/strict";
import { axesText } from "../../../src/io/axes.ts";
import { InputError } from "../../../src/errors.ts";
import { complexOf, createStack, elementOf, Hdf5Output } from "../../../src/io/hdf5/output.ts";
import { writeDataset } from "../../../src/io/hdf5/output.ts";
import { interleaveTransposed } from "../../../src/io/planar.ts";
import { fixtureSlice, SMALL, smallSlice, writeSmall } from "./hdf5_support.ts";
import { fixture, inFolder, same, sharedData } from "../support.ts";
import { openHdf5Kspace } from "../kspace.ts";

for (const name of ["gzip", "latest", "big_endian", "complex128", "native_complex"]) {
  Deno.test(`openHdf5Kspace() reads ${name}.h5 as h5py wrote it, with the axes swapped`, async () => {
    using file = await openHdf5Kspace(fixture(`hdf5/${name}.h5`));
    assert.equal(file.format, "fastmri-hdf5");
    assert.equal(axesText(file.axes), "slice 2, coil 3, readout 6, phase1 5");
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [2, 3, 5, 6]);
    assert.equal(file.transposed, true);
    for (const slice of [1, 0]) {
      same(await file.readSlice(slice), fixtureSlice(slice, [3, 5, 6], true));
    }
  });
}

Deno.test("openHdf5Kspace() takes three axes as slices of a single coil", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/singlecoil.h5"));
  assert.equal(axesText(file.axes), "slice 2, readout 6, phase1 5");
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

/** A file of 2 slices, 3 coils, readout 7 and 5 lines with a mask and a reference of some shape. */
async function withDatasets(
  path: string,
  datasets: Readonly<Record<string, { values: ArrayLike<number>; shape: readonly number[] }>>,
): Promise<string> {
  await using output = await Hdf5Output.create(path);
  const { file } = output;
  for (const [name, { values, shape }] of Object.entries(datasets)) {
    writeDataset(file, name, Float32Array.from(values), shape);
  }
  const complex64 = complexOf(elementOf(new Float32Array()), ["r", "i"]);
  const { slices, coils, height, width } = SMALL;
  const write = createStack(file, "kspace", complex64, [slices, coils, width, height]);
  for (let slice = 0; slice < slices; slice++) {
    write(slice, (bytes) => interleaveTransposed(smallSlice(slice), bytes));
  }
  await output.finish();
  return path;
}

Deno.test("openHdf5Kspace() takes a mask of each slice, of the plane, of any number but 0", () =>
  inFolder(async (at) => {
    const open = async (values: ArrayLike<number>, shape: readonly number[]) => {
      using file = await openHdf5Kspace(
        await withDatasets(at("m.h5"), { mask: { values, shape } }),
      );
      return Array.from(file.mask!);
    };
    const lines = [255, 0, 255, 255, 0], kept = [1, 0, 1, 1, 0], other = [1, 1, 1, 0, 0];
    assert.deepEqual(await open([...lines, ...lines], [2, 5]), kept);
    assert.deepEqual(await open([...lines, ...other], [2, 1, 5]), [...kept, ...other]);
    assert.deepEqual(await open(Array(7).fill(lines).flat(), [7, 5]), kept);
    const plane = Array.from({ length: 35 }, (_, i) => i % 3 === 0 ? 0.5 : 0);
    const swapped = Array.from({ length: 35 }, (_, i) => plane[(i % 7) * 5 + Math.floor(i / 7)]);
    assert.deepEqual(await open(plane, [7, 5]), swapped.map(Math.ceil));
    const wrong = withDatasets(at("w.h5"), { mask: { values: Array(12).fill(1), shape: [4, 3] } });
    await assert.rejects(openHdf5Kspace(await wrong), (error) =>
      error instanceof InputError &&
      /\[2, 5\] \(slice, phase\) or \[7, 5\].*found \[4,3\]/.test(error.message) &&
      /Reshape or remove/.test(error.hint!));
  }));

Deno.test("openHdf5Kspace() reads the reference of a slice, and refuses one that is not finite", () =>
  inFolder(async (at) => {
    const values = Array.from({ length: 2 * 4 * 3 }, (_, i) => i).with(3, NaN);
    const path = await withDatasets(at("r.h5"), {
      reconstruction_rss: { values, shape: [2, 4, 3] },
    });
    using file = await openHdf5Kspace(path);
    assert.deepEqual(file.imageSize, [3, 4]);
    const reference = await file.readReference!(1);
    assert.deepEqual([Array.from(reference.data), reference.shape], [values.slice(12), [4, 3]]);
    await assert.rejects(file.readReference!(0), /reconstruction_rss of slice 0/);
    const plain = await writeSmall(at);
    using without = await openHdf5Kspace(plain);
    assert.equal(without.readReference, undefined);
  }));

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
