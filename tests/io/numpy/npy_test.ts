import assert from "node:assert/strict";
import { axesText } from "../../../src/io/axes.ts";
import { npyHeader, openNpyImage, readNpy } from "../../../src/io/numpy/npy.ts";
import { writeNpy, writeNpyComplex } from "../../../src/io/numpy/npy.ts";
import { fixture, inFolder, refuses, same, tabulate } from "../support.ts";
import { openNpyKspace } from "../kspace.ts";

/** make.py: element i in C order of (slice, coil, readout, phase) is i + 0.5 - i j. */
function counting(slice: number, coils = 2) {
  return tabulate([coils, 2, 4, 5], (coil, part, phase, readout) => {
    const i = phase + 4 * (readout + 5 * (coil + coils * slice));
    return part === 0 ? i + 0.5 : 0 - i;
  });
}

const KSPACE = [
  { name: "kspace_c8.npy", slices: 3, axes: "slice 3, coil 2, readout 5, phase1 4" },
  { name: "kspace_c8_fortran.npy", slices: 3, axes: "slice 3, coil 2, readout 5, phase1 4" },
  { name: "kspace_c16_big_v2.npy", slices: 3, axes: "slice 3, coil 2, readout 5, phase1 4" },
  {
    name: "kspace_5d_fortran.npy",
    slices: 6,
    axes: "time 2, slice 3, coil 2, readout 5, phase1 4",
  },
  { name: "kspace_3d.npy", slices: 1, axes: "coil 2, readout 5, phase1 4" },
];

for (const { name, slices, axes } of KSPACE) {
  Deno.test(`openNpyKspace() reads ${name} as numpy wrote it`, async () => {
    using file = await openNpyKspace(fixture(`npy/${name}`));
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [slices, 2, 4, 5]);
    assert.equal(axesText(file.axes), axes);
    assert.equal(file.transposed, true);
    for (let slice = slices - 1; slice >= 0; slice--) {
      same(await file.readSlice(slice), counting(slice));
    }
    await assert.rejects(file.readSlice(slices), RangeError);
  });
}

Deno.test("openNpyKspace() reads two dimensions as one coil", async () => {
  using file = await openNpyKspace(fixture("npy/kspace_2d.npy"));
  assert.equal(axesText(file.axes), "readout 5, phase1 4");
  same(await file.readSlice(0), counting(0, 1));
});

Deno.test("A slice of a Fortran file is gathered right over several runs of reads", async () => {
  await inFolder(async (at) => {
    const [slices, coils, readout, phase] = [3, 2, 400, 300];
    const head = npyHeader("<c8", [slices, coils, readout, phase]);
    const flag = new TextDecoder("latin1").decode(head).indexOf("False");
    head.set(new TextEncoder().encode("True "), flag);
    const data = Float32Array.from({ length: slices * coils * readout * phase * 2 }, (_, i) => i);
    Deno.writeFileSync(at("f.npy"), head);
    Deno.writeFileSync(at("f.npy"), new Uint8Array(data.buffer), { append: true });
    using file = await openNpyKspace(at("f.npy"));
    const expected = tabulate([coils, 2, phase, readout], (coil, part, y, x) => {
      return part + 2 * (2 + slices * (coil + coils * (x + readout * y)));
    });
    same(await file.readSlice(2), expected);
  });
});

Deno.test("openNpyImage() reads integers of either byte order and half floats", async () => {
  for (const name of ["image_i2_big.npy", "image_i2_fortran.npy"]) {
    using volume = openNpyImage(fixture(`npy/${name}`));
    assert.deepEqual([volume.slices, volume.rows, volume.columns], [2, 3, 4]);
    assert.equal(volume.complex, false);
    same(
      await volume.readSlice(1),
      tabulate([2, 3, 4], (part, y, x) => part === 0 ? 12 + 4 * y + x - 5 : 0),
    );
  }
  using half = openNpyImage(fixture("npy/image_f2.npy"));
  same(await half.readSlice(0), tabulate([2, 3, 4], (p, y, x) => p === 0 ? (4 * y + x) / 4 : 0));
});

Deno.test("readNpy() gives C order from Fortran order, and 64-bit integers", () => {
  const plane = readNpy(fixture("npy/mask_plane_u1_fortran.npy"));
  assert.deepEqual([plane.shape, plane.dtype, plane.complex], [[3, 4], "|u1", false]);
  assert.deepEqual([...plane.data], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  assert.deepEqual(
    [...readNpy(fixture("npy/image_i8.npy")).data],
    Array.from({ length: 12 }, (_, i) => i - 6),
  );
  const fortran = readNpy(fixture("npy/kspace_5d_fortran.npy"));
  assert.deepEqual([...fortran.data.subarray(118, 122)], [59.5, -59, 60.5, -60]);
});

Deno.test("writeNpyComplex() writes the very bytes of numpy", async () => {
  await inFolder(async (at) => {
    const planar = tabulate([3, 2, 2, 5, 4], (slice, coil, part, readout, phase) => {
      const i = phase + 4 * (readout + 5 * (coil + 2 * slice));
      return part === 0 ? i + 0.5 : 0 - i;
    });
    await writeNpyComplex(at("k.npy"), planar);
    assert.deepEqual(
      Deno.readFileSync(at("k.npy")),
      Deno.readFileSync(fixture("npy/kspace_c8.npy")),
    );
  });
});

Deno.test("writeNpy() is read back by readNpy()", async () => {
  await inFolder(async (at) => {
    for (const shape of [[7], [2, 3], [2, 1, 3, 2]]) {
      const array = tabulate(shape, (...index) => Math.sin(index.reduce((a, b) => 7 * a + b)));
      await writeNpy(at("a.npy"), array);
      const back = readNpy(at("a.npy"));
      assert.equal(back.dtype, "<f4");
      same(back, array);
    }
  });
});

Deno.test("Arrays that are not k-space are refused with what was found", async () => {
  const open = (name: string) => () => openNpyKspace(fixture(`npy/${name}`));
  await refuses(open("image_i2_big.npy"), /as k-space: complex64 or complex128, .* found >i2/);
  await refuses(open("object.npy"), /numeric type .* found \|O/);
  await refuses(open("structured.npy"), /found a structured type/);
  await refuses(() => openNpyImage(fixture("npy/mask_bool.npy")), /found shape \(6\)/);
  await refuses(() => openNpyImage(fixture("npy/kspace_c8.npy")), /found shape \(3,2,5,4\)/);
});

Deno.test("A .npy of another size than its header says is refused with both sizes", async () => {
  await inFolder(async (at) => {
    const whole = Deno.readFileSync(fixture("npy/kspace_c8.npy"));
    Deno.writeFileSync(at("short.npy"), whole.subarray(0, 1000));
    await refuses(() => openNpyKspace(at("short.npy")), /3 x 2 x 5 x 4.*requires 1088.*found 1000/);
    Deno.writeFileSync(at("long.npy"), new Uint8Array([...whole, 0]));
    await refuses(() => openNpyKspace(at("long.npy")), /requires 1088 bytes, found 1089/);
    Deno.writeFileSync(at("absurd.npy"), npyHeader("<c8", [2 ** 40, 2 ** 40, 2 ** 40]));
    await refuses(() => openNpyKspace(at("absurd.npy")), /bytes, found 128/);
    const twice = new TextDecoder().decode(npyHeader("<c8", [8, 8]).subarray(10));
    const text = twice.replace(/, }\s*$/, ", 'shape': (9, 9), }").padEnd(twice.length - 1) + "\n";
    const bytes = new Uint8Array(10 + text.length + 512);
    bytes.set(npyHeader("<c8", [8, 8]).subarray(0, 10));
    bytes.set(new TextEncoder().encode(text), 10);
    Deno.writeFileSync(at("twice.npy"), bytes);
    await refuses(() => openNpyKspace(at("twice.npy")), /each once, is required/);
    Deno.writeFileSync(at("empty.npy"), npyHeader("<c8", [4, 0]));
    await refuses(() => openNpyKspace(at("empty.npy")), /axes of 1 or more are required, found 0/);
  });
});

Deno.test("A NaN in a .npy is refused when its slice is read, and only then", async () => {
  await inFolder(async (at) => {
    const bytes = Deno.readFileSync(fixture("npy/kspace_c8.npy"));
    new DataView(bytes.buffer).setFloat32(128 + 8 * (2 * 40 + 20 + 3), NaN, true);
    Deno.writeFileSync(at("nan.npy"), bytes);
    using file = await openNpyKspace(at("nan.npy"));
    await file.readSlice(1);
    await refuses(() => file.readSlice(2), /nan.npy.*found NaN in slice 2, coil 1/);
  });
});
