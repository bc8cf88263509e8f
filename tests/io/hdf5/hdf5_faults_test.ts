import assert from "node:assert/strict";
import fc from "fast-check";
import { readKspace } from "../../../mod.ts";
import { InputError } from "../../../src/errors.ts";
import { SMALL, smallSlice, writeSmall } from "./hdf5_support.ts";
import { fixture, inFolder, same } from "../support.ts";
import { openHdf5Kspace } from "../kspace.ts";

/** Milliseconds for a damaged file: a sound one takes ten. */
const TIME_LIMIT = 4000;
/** Damaged files that each property tries. */
const RUNS = 500;
/** Largest slice that a damaged description may lead to: far above the true one of 840 bytes. */
const SANE_ELEMENTS = 2 ** 28;

async function refuses(path: string, message: RegExp, hint?: RegExp): Promise<void> {
  const read = async () => {
    using file = await openHdf5Kspace(path);
    for (let slice = 0; slice < file.slices; slice++) await file.readSlice(slice);
  };
  await assert.rejects(read(), (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\.$/);
    if (hint) assert.match(error.hint ?? "", hint);
    return true;
  });
}

Deno.test("openHdf5Kspace() refuses a missing file, an empty one and a folder", () =>
  inFolder(async (at) => {
    await refuses(at("none.h5"), /none\.h5: no such file or folder$/);
    await Deno.writeFile(at("empty.h5"), new Uint8Array());
    await refuses(at("empty.h5"), /the file is empty$/);
    await refuses(at("."), /a file is required, found a folder$/);
  }));

Deno.test("a path that leads nowhere is refused with the reason", () =>
  inFolder(async (at) => {
    await Deno.symlink(at("loop.h5"), at("loop.h5"));
    await assert.rejects(readKspace(at("loop.h5")), { message: /links that refer to each other$/ });
    const long = readKspace(at(`${"n".repeat(1e6)}.h5`));
    await assert.rejects(long, ({ message }) => message.length < 5000);
    for (const name of ["a\0b.h5", "\ud800.h5", "a.h5/b"]) {
      await assert.rejects(readKspace(at(name)), InputError, JSON.stringify(name));
    }
  }));

Deno.test("a file of more groups than are looked through is refused", async () => {
  const open = readKspace(fixture("hdf5/many_groups.h5"));
  await assert.rejects(open, { message: /at most 1000 groups are required, found 1001/ });
});

Deno.test("openHdf5Kspace() refuses other content, and helps with older MATLAB files", () =>
  inFolder(async (at) => {
    await Deno.writeTextFile(at("a.h5"), "x".repeat(3000));
    await refuses(at("a.h5"), /the HDF5 signature is required, found other content$/);
    await Deno.writeTextFile(at("a.mat"), "MATLAB 5.0 MAT-file, Platform: GLNXA64");
    await refuses(at("a.mat"), /found a MATLAB file of version 5 to 7$/, /-v7\.3/);
  }));

for (const name of ["gzip.h5", "latest.h5", "header.h5", "double.mat"]) {
  Deno.test(`openHdf5Kspace() refuses ${name} cut at any length`, () =>
    inFolder(async (at) => {
      const whole = Deno.readFileSync(fixture(`hdf5/${name}`));
      const path = at("cut.h5");
      for (let length = 1; length < whole.length; length += 97) {
        await Deno.writeFile(path, whole.subarray(0, length));
        await refuses(path, /^Cannot read/);
      }
      await Deno.writeFile(path, whole.subarray(0, whole.length - 1));
      const found = `${whole.length - 1 - (name.endsWith(".mat") ? 512 : 0)}`;
      await refuses(path, new RegExp(`bytes are required, found ${found} .*truncated`), /again/);
    }));
}

Deno.test("openHdf5Kspace() lists the content of a file without k-space", () =>
  refuses(
    fixture("hdf5/other.h5"),
    /a complex dataset "kspace" in the root group is required, found group dataset, image \[4,5\] int16$/,
  ));

Deno.test("openHdf5Kspace() refuses real-valued k-space", () =>
  refuses(
    fixture("hdf5/real.h5"),
    /complex64 or complex128, or .* pairs, are required, found float32/,
  ));

Deno.test("openHdf5Kspace() refuses LZF before reading, and says how to recompress", async () => {
  await assert.rejects(openHdf5Kspace(fixture("hdf5/lzf.h5")), InputError);
  await refuses(fixture("hdf5/lzf.h5"), /found lzf \(filter 32000\)$/, /h5repack -f GZIP=4/);
});

Deno.test("openHdf5Kspace() refuses a slice of sixteen million chunks in no time", async () => {
  const start = performance.now();
  await refuses(fixture("hdf5/tiny_chunks.h5"), /larger chunks of kspace are required/, /h5repack/);
  assert.ok(performance.now() - start < 5000);
});

for (const value of [NaN, Infinity, -Infinity]) {
  Deno.test(`readSlice() refuses ${value}, naming slice and coil`, () =>
    inFolder(async (at) => {
      const kspace = (slice: number) => {
        const array = smallSlice(slice);
        if (slice === 1) array.data[(2 * 2 + 1) * SMALL.height * SMALL.width + 11] = value;
        return array;
      };
      const path = await writeSmall(at, { kspace });
      using file = await openHdf5Kspace(path);
      await file.readSlice(0);
      await refuses(path, new RegExp(`found ${value} in slice 1, coil 2`));
    }));
}

Deno.test("openHdf5Kspace() refuses a mask of another length and one without lines", () =>
  inFolder(async (at) => {
    const path = await writeSmall(at, { mask: new Uint8Array(SMALL.height) });
    await refuses(
      path,
      /a mask \[5\] over the phase-encode lines.* is required, found one without/,
    );
  }));

Deno.test("openHdf5Kspace() refuses an affine that is not finite", () =>
  inFolder(async (at) => {
    const affine = Array(16).fill(0).with(3, NaN);
    const path = await writeSmall(at, { geometry: { affine, known: true } });
    await refuses(path, /16 finite numbers are required for attribute affine, found NaN/);
  }));

/** Where header.h5 has the size of an object in its global heap, and one on which libhdf5 loops. */
const HEAP_OBJECT_SIZE = 3528, LOOPING_SIZE = 0x81;

Deno.test("openHdf5Kspace() gives up on a file in which libhdf5 loops, and other files stay open", () =>
  inFolder(async (at) => {
    using sound = await openHdf5Kspace(fixture("hdf5/gzip.h5"));
    const before = await sound.readSlice(1);
    const bytes = Deno.readFileSync(fixture("hdf5/header.h5"));
    bytes[HEAP_OBJECT_SIZE] = LOOPING_SIZE;
    await Deno.writeFile(at("loop.h5"), bytes);
    const open = openHdf5Kspace(at("loop.h5"), { timeLimit: TIME_LIMIT });
    await assert.rejects(open, (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /loop\.h5 as HDF5: no end within 4 s$/);
      return true;
    });
    same(await sound.readSlice(1), before);
  }));

/** Reads everything: an InputError, or shapes that agree and finite numbers in them. */
async function readsOrRefuses(path: string): Promise<void> {
  try {
    using file = await openHdf5Kspace(path, { timeLimit: TIME_LIMIT });
    const { slices, coils, height, width } = file;
    for (const size of [slices, coils, height, width]) {
      assert.ok(Number.isInteger(size) && size > 0);
    }
    assert.ok(coils * 2 * height * width <= SANE_ELEMENTS);
    if (file.mask) assert.equal(file.mask.length, height);
    if (file.imageSize) assert.ok(file.imageSize[0] <= height && file.imageSize[1] <= width);
    for (const slice of new Set([0, slices - 1])) {
      const { data, shape } = await file.readSlice(slice);
      assert.deepEqual(shape, [coils, 2, height, width]);
      assert.ok(data.every(Number.isFinite));
    }
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
  }
}

for (const name of ["gzip.h5", "latest.h5", "header.h5", "double.mat"]) {
  Deno.test(`openHdf5Kspace() survives ${name} with damaged bytes`, () =>
    inFolder(async (at) => {
      const whole = Deno.readFileSync(fixture(`hdf5/${name}`));
      const path = at("damaged.h5");
      const change = fc.record({
        at: fc.oneof(fc.nat(whole.length - 1), fc.nat(Math.min(2500, whole.length - 1))),
        byte: fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255)),
      });
      const damage = fc.record({
        changes: fc.array(change, { minLength: 1, maxLength: 4 }),
        length: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
      });
      await fc.assert(
        fc.asyncProperty(damage, async ({ changes, length }) => {
          const bytes = whole.slice();
          for (const { at, byte } of changes) bytes[at] = byte;
          Deno.writeFileSync(path, bytes.subarray(0, length));
          await readsOrRefuses(path);
        }),
        { numRuns: RUNS },
      );
    }));
}

Deno.test("openHdf5Kspace() still reads a sound file after all the damaged ones", async () => {
  using file = await openHdf5Kspace(fixture("hdf5/gzip.h5"));
  assert.equal((await file.readSlice(0)).data[1], 5);
});

for (const name of ["ext_link", "ext_storage", "virtual"]) {
  Deno.test(`openHdf5Kspace() reads no other file that ${name}.h5 refers to`, async () => {
    const read = async () => {
      using file = await openHdf5Kspace(fixture(`hdf5/${name}.h5`));
      await file.readSlice(0);
    };
    const refusal = /it refers to another file, ".*gzip\.h5", which is not read/;
    await assert.rejects(read, { name: "InputError", message: refusal });
    using other = await openHdf5Kspace(fixture("hdf5/gzip.h5")); // the worker still works
    await other.readSlice(0);
  });
}

Deno.test("openHdf5Kspace() refuses a dataset that its file cannot hold, compressed or not", async () => {
  await refuses(
    fixture("hdf5/many_slices.h5"),
    /262144000000000 bytes are required for kspace .* found 1456 in the whole file/,
  );
});
