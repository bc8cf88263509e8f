import assert from "node:assert/strict";
import { writeNpyComplex } from "../../../src/io/numpy/npy.ts";
import { fixture, inFolder } from "../../io/support.ts";
import {
  assertRefused,
  namesIn,
  runHere,
  SIZE,
  someKspace,
  writeCflKspace,
  writeH5,
  writeNpyKspace,
} from "../support.ts";

type At = (name: string) => string;

/** Each makes an input in a folder and returns the arguments that name it. */
const REFUSED: Readonly<
  Record<string, readonly [message: RegExp, make: (at: At) => Promise<string[]> | string[]]>
> = {
  "a missing file": [/no such file/, (at) => [at("missing.h5")]],
  "a folder": [/folder/, (at) => {
    Deno.mkdirSync(at("folder.h5"));
    return [at("folder.h5")];
  }],
  "an empty file": [/empty/, (at) => {
    Deno.writeFileSync(at("empty.h5"), new Uint8Array());
    return [at("empty.h5")];
  }],
  "a file of something else": [/Cannot tell what/, (at) => {
    Deno.writeTextFileSync(at("k.h5"), "not k-space at all");
    return [at("k.h5")];
  }],
  "HDF5 without k-space": [/kspace/, () => [fixture("hdf5/other.h5")]],
  "HDF5 with real k-space": [/complex/, () => [fixture("hdf5/real.h5")]],
  "HDF5 compressed with LZF": [/LZF|lzf/, () => [fixture("hdf5/lzf.h5")]],
  "a .hdr that disagrees with its .cfl": [/require/, async (at) => {
    const path = await writeCflKspace(at("k"));
    Deno.writeTextFileSync(at("k.hdr"), "# Dimensions\n20 27 1 3 1 1 1 1 1 1 1 1 1 1 1 1\n");
    return [path];
  }],
  "a .cfl without .hdr": [/hdr/, async (at) => {
    const path = await writeCflKspace(at("k"));
    Deno.removeSync(at("k.hdr"));
    return [path];
  }],
  "a .npy of real numbers": [/complex64 or complex128/, () => [fixture("npy/image_i8.npy")]],
  "a .npy of objects": [/object|\|O/, () => [fixture("npy/object.npy")]],
  "NaN in k-space": [/NaN/, async (at) => [
    await writeNpyKspace(at("k.npy"), (data) => data.fill(NaN)),
  ]],
  "Inf in k-space": [/Infinity/, async (at) => [
    await writeNpyKspace(at("k.npy"), (data) => data.fill(Infinity)),
  ]],
  "k-space of zeros": [/zero/, async (at) => [
    await writeNpyKspace(at("k.npy"), (data) => data.fill(0)),
  ]],
  "a file that declares no acquired line": [/line/, async (at) => [
    await writeH5(at("k.h5"), { mask: new Uint8Array(SIZE.height) }),
  ]],
  "a mask file without a line": [/only 0/, async (at) => {
    Deno.writeTextFileSync(at("mask.txt"), "0\n".repeat(SIZE.height));
    return [await writeH5(at("k.h5")), "--mask", at("mask.txt")];
  }],
  "a mask that keeps no line": [/no line|none/, async (at) => [
    await writeH5(at("k.h5")),
    "--mask",
    "random:R=1e9,acs=0",
  ]],
  "a mask file of another size": [/26 phase-encode lines are required, found 25/, async (at) => {
    Deno.writeTextFileSync(at("mask.txt"), "1\n".repeat(25));
    return [await writeH5(at("k.h5")), "--mask", at("mask.txt")];
  }],
  "a missing mask file": [/mask.npy/, async (at) => [
    await writeH5(at("k.h5")),
    "--mask",
    at("mask.npy"),
  ]],
  "missing coil maps": [/maps.npy/, async (at) => [
    await writeH5(at("k.h5")),
    "--method",
    "sense",
    "--maps",
    at("maps.npy"),
  ]],
  "acs=0 for a method that needs calibration": [/calibrat/, async (at) => [
    await writeH5(at("k.h5")),
    "--method",
    "sense",
    "--mask",
    "equispaced:R=3,acs=0",
  ]],
  "a mask of lines that were not acquired": [/undersampled/, async (at) => [
    await writeH5(at("k.h5"), { kspace: everyOtherLine }),
    "--mask",
    "equispaced:R=3,acs=4",
  ]],
  "an image without --simulate": [/image/, () => [fixture("nifti/float64_4d.nii.gz")]],
  "a missing config": [/config/, (at) => [at("k.h5"), "--config", at("missing.yaml")]],
};

function everyOtherLine(slice: number) {
  const kspace = someKspace(slice);
  const { height, width } = SIZE;
  kspace.data.forEach((_, i) => {
    if (Math.floor(i / width) % height % 2 === 1) kspace.data[i] = 0;
  });
  return kspace;
}

for (const [name, [message, make]] of Object.entries(REFUSED)) {
  Deno.test(`recon refuses ${name} with exit code 3 and leaves nothing`, async () => {
    await inFolder(async (at) => {
      const args = await make(at);
      const before = namesIn(at("."));
      const method = args.includes("--method") ? [] : ["--method", "rss"];
      const outcome = await runHere([...args, ...method, "--quiet", "--output", at("out/deep")]);
      assertRefused(outcome, 3, message);
      assert.deepEqual(namesIn(at(".")), before);
      const planned = await runHere([...args, ...method, "--output", at("out"), "--dry-run"]);
      // A plan reads no maps.
      if (name !== "missing coil maps") assertRefused(planned, 3, message);
    });
  });
}

Deno.test("recon refuses HDF5 truncated at any length with exit code 3", async () => {
  await inFolder(async (at) => {
    const whole = Deno.readFileSync(await writeH5(at("whole.h5")));
    for (const part of [0.0001, 0.01, 0.1, 0.5, 0.9, 0.999]) {
      const length = Math.floor(part * whole.length);
      Deno.writeFileSync(at("cut.h5"), whole.subarray(0, length));
      const args = [at("cut.h5"), "--method", "rss", "--quiet", "--output", at("out")];
      assertRefused(await runHere(args), 3, /cut\.h5/);
    }
    assert.deepEqual(namesIn(at(".")), ["cut.h5", "whole.h5"]);
  });
});

Deno.test("recon refuses an output folder that cannot be made, before it reads", async () => {
  await inFolder(async (at) => {
    Deno.writeTextFileSync(at("file"), "");
    const input = await writeH5(at("k.h5"));
    for (const output of [at("file"), at("file/below"), "/proc/nowhere/out"]) {
      const outcome = await runHere([input, "--method", "rss", "--output", output]);
      assertRefused(outcome, 3, /Cannot write the folder/);
      assert.doesNotMatch(outcome.err, /read slice/);
    }
    assert.deepEqual(namesIn(at(".")), ["file", "k.h5"]);
  });
});

Deno.test("recon refuses slices that are not there with exit code 2", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--method", "rss", "--quiet", "--output", at("out")];
    assertRefused(await runHere([...args, "--slices", "1:5"]), 2, /within 0:2/);
    assertRefused(await runHere([...args, "--slices", "2"]), 2, /within 0:2/);
    assert.deepEqual(namesIn(at(".")), ["k.h5"]);
  });
});

Deno.test("k-space whose products leave float32 is the caller's fault, with what would help", async () => {
  await inFolder(async (at) => {
    const kspace = someKspace();
    const { height, width, coils } = SIZE;
    const data = kspace.data.map((value) => value * 1e37);
    await writeNpyComplex(at("k.npy"), { data, shape: [1, coils, 2, height, width] });
    for (const method of ["sense", "tv", "zero-filled"]) {
      const args = [at("k.npy"), "--method", method, "--quiet", "--output", at("out")];
      assertRefused(await runHere(args), 3, /Cannot scale the slice: an image below 1e\+16/);
    }
  });
});
