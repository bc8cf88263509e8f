import assert from "node:assert/strict";
import { writeCfl } from "../../src/io/cfl.ts";
import { readMaskFile } from "../../src/io/mask_file.ts";
import { writeNpy, writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { fixture, inFolder, refuses, tabulate } from "./support.ts";

const LINES = { kind: "lines", values: Uint8Array.of(1, 0, 0, 1, 1, 0) } as const;
const PLANE = {
  kind: "plane",
  rows: 2,
  columns: 3,
  values: Uint8Array.of(1, 0, 1, 0, 1, 1),
} as const;

Deno.test("readMaskFile() reads lines from .npy, .cfl and text alike", async () => {
  assert.deepEqual(readMaskFile(fixture("npy/mask_bool.npy")), LINES);
  await inFolder(async (at) => {
    await writeNpy(at("four.npy"), tabulate([1, 1, 6, 1], (_a, _b, i) => LINES.values[i]));
    assert.deepEqual(readMaskFile(at("four.npy")), LINES);
    const complex = Float32Array.from([...LINES.values].flatMap((value) => [value, 0]));
    for (const dims of [[1, 6], [6, 1], [1, 1, 6]]) {
      await writeCfl(at("m"), dims, complex);
      assert.deepEqual(readMaskFile(at("m")), LINES);
      assert.deepEqual(readMaskFile(at("m.hdr")), LINES);
    }
    for (
      const text of [
        "1 0 0 1 1 0",
        "1,0,0,1,1,0\n",
        "# mask\r\n1\r\n0\r\n0\r\n1\r\n1.0e+00\r\n0\r\n",
      ]
    ) {
      Deno.writeTextFileSync(at("m.txt"), text);
      assert.deepEqual(readMaskFile(at("m.txt")), LINES);
    }
  });
});

Deno.test("readMaskFile() gives a plane as (readout, phase) from every format", async () => {
  await inFolder(async (at) => {
    await writeNpy(at("m.npy"), tabulate([2, 3], (y, x) => PLANE.values[3 * y + x]));
    assert.deepEqual(readMaskFile(at("m.npy")), PLANE);
    const readoutFastest = [1, 0, 0, 1, 1, 1].flatMap((value) => [value, 0]);
    await writeCfl(at("m"), [2, 3], Float32Array.from(readoutFastest));
    assert.deepEqual(readMaskFile(at("m.cfl")), PLANE);
    Deno.writeTextFileSync(at("m.txt"), "1 0 1\n0 1 1\n");
    assert.deepEqual(readMaskFile(at("m.txt")), PLANE);
  });
  const { rows, columns } = readMaskFile(fixture("npy/mask_plane_u1_fortran.npy")) as typeof PLANE;
  assert.deepEqual([rows, columns], [3, 4]);
});

Deno.test("readMaskFile() takes 255 for 1, but no other number", async () => {
  await inFolder(async (at) => {
    await writeNpy(at("m.npy"), tabulate([6], (i) => 255 * LINES.values[i]));
    assert.deepEqual(readMaskFile(at("m.npy")), LINES);
    await writeNpy(at("m.npy"), tabulate([3], (i) => [0, 255, 1][i]));
    await refuses(() => readMaskFile(at("m.npy")), /0 and 255 are required, found 1 at position 2/);
  });
});

Deno.test("What is no mask is refused with what was found", async () => {
  await inFolder(async (at) => {
    const text = (content: string) => () => {
      Deno.writeTextFileSync(at("m.txt"), content);
      return readMaskFile(at("m.txt"));
    };
    await refuses(text("1 0 2"), /0 and 1 are required, found 2 at position 2/);
    await refuses(text("1 0 yes"), /found "yes" at position 2/);
    await refuses(text("0 0 0"), /found only 0/);
    await refuses(text("1 0\n1"), /rows of one length are required, found lengths 2, 1/);
    await refuses(text("# nothing\n"), /rows of one length are required, found none/);
    await refuses(text("1"), /one axis \(phase\)/);
    await refuses(text(""), /the file is empty/);
    await writeNpy(at("m.npy"), tabulate([2, 2, 2], () => 1));
    await refuses(() => readMaskFile(at("m.npy")), /found shape \(2, 2, 2\)/);
    await writeNpyComplex(at("m.npy"), tabulate([2, 1, 4], () => 1));
    await refuses(() => readMaskFile(at("m.npy")), /found an imaginary part of 1 at position 0/);
    await refuses(() => readMaskFile(at("missing")), /no such file/);
    await refuses(() => readMaskFile(at("")), /found a folder/);
    await refuses(() => readMaskFile(fixture("nifti/uint16_2d.nii")), /as a mask.*found nifti/);
  });
});
