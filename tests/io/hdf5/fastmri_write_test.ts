import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { Hdf5File } from "../../../src/io/hdf5/library.ts";
import { describe } from "../../../src/io/hdf5/dataset.ts";
import { readAttribute, readNumbers } from "../../../src/io/hdf5/values.ts";
import { SMALL, smallSlice, writeSmall } from "./hdf5_support.ts";
import { inFolder, same } from "../support.ts";
import { openHdf5Kspace } from "../kspace.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("writeFastmri() writes complex64 with members r and i, and the attributes", () =>
  inFolder(async (at) => {
    const attributes = { acquisition: "AXT1 µ", patient_id: "7", max: 0.1, norm: 1 / 3 };
    using file = await Hdf5File.open(await writeSmall(at, { attributes }));
    const kspace = describe(file, "kspace");
    assert.equal(kspace?.type, "compound {r: float32, i: float32}");
    assert.deepEqual(kspace.shape, [2, 3, 7, 5]);
    assert.equal(readAttribute(file, "acquisition"), "AXT1 µ");
    assert.equal(readAttribute(file, "patient_id"), "7");
    assert.deepEqual(readAttribute(file, "max"), [0.1]);
    assert.deepEqual(readAttribute(file, "norm"), [1 / 3]);
  }));

Deno.test("writeFastmri() keeps the reference exactly", () =>
  inFolder(async (at) => {
    const reference = {
      shape: [2, 4, 3],
      data: Float32Array.from({ length: 24 }, (_, n) => n / 7),
    };
    using file = await Hdf5File.open(await writeSmall(at, { reconstructionRss: reference }));
    const info = describe(file, "reconstruction_rss")!;
    assert.deepEqual(info.shape, reference.shape);
    assert.deepEqual(readNumbers(file, info), [...reference.data]);
  }));

Deno.test("writeFastmri() writes the slices of an asynchronous source in order", () =>
  inFolder(async (at) => {
    const asked: number[] = [];
    const kspace = async (slice: number) => {
      asked.push(slice);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return smallSlice(slice);
    };
    using file = await openHdf5Kspace(await writeSmall(at, { kspace }));
    assert.deepEqual(asked, [0, 1]);
    same(await file.readSlice(1), smallSlice(1));
  }));

Deno.test("writeFastmri() leaves nothing behind and the old file alone when a slice fails", () =>
  inFolder(async (at) => {
    await writeSmall(at);
    const failing = (slice: number) => {
      if (slice === 1) throw new Error("no more slices");
      return smallSlice(slice);
    };
    await assert.rejects(writeSmall(at, { kspace: failing }), /no more slices/);
    assert.deepEqual(names(at(".")), ["small.h5"]);
    using file = await openHdf5Kspace(at("small.h5"));
    same(await file.readSlice(1), smallSlice(1));
  }));

Deno.test("writeFastmri() refuses arrays of another shape", () =>
  inFolder(async (at) => {
    const kspace = () => ({ shape: [3, 2, 7, 5], data: new Float32Array(210) });
    await assert.rejects(writeSmall(at, { kspace }), {
      name: "RangeError",
      message: "Cannot write the k-space of slice 0: [3,2,5,7] is required, found [3,2,7,5]",
    });
    const mask = new Uint8Array(SMALL.width);
    await assert.rejects(writeSmall(at, { mask }), RangeError);
    await assert.rejects(writeSmall(at, { slices: 0 }), RangeError);
    assert.deepEqual(names(at(".")), []);
  }));

Deno.test("writeFastmri() says why a file cannot be written", () =>
  inFolder(async (at) => {
    await assert.rejects(writeSmall((name) => at(`none/${name}`)), (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /^Cannot write .*none\/small.h5: no such file or folder$/);
      return true;
    });
    await Deno.mkdir(at("small.h5"));
    await assert.rejects(writeSmall(at), /a file name is required, found a folder/);
  }));
