import assert from "node:assert/strict";
import { axesText } from "../../src/io/axes.ts";
import { cflStem, readCfl, writeCfl, writeCflCoils } from "../../src/io/cfl.ts";
import { fixture, inFolder, refuses, same, sharedData, tabulate } from "./support.ts";
import { openCfl, openNpyKspace } from "./kspace.ts";

/** The two files were scaled in different precisions: they differ in the last bit. */
const ROUNDING = 2 ** -22;

/** What `bart show` printed, first dimension fastest: 7 digits. */
function shown(): [number, number][] {
  return Deno.readTextFileSync(fixture("cfl/kspace.txt")).trim().split(/\s+/).map((word) => {
    const [, re, im] = /^(.+?e[+-]\d+)(.+)i$/.exec(word)!;
    return [Number(re), Number(im)];
  });
}

Deno.test("openCfl() reads the numbers that bart shows, by any of its three names", async () => {
  const expected = shown();
  for (const name of ["cfl/kspace", "cfl/kspace.cfl", "cfl/kspace.hdr"]) {
    using file = await openCfl(fixture(name));
    assert.deepEqual([file.slices, file.coils, file.height, file.width], [2, 3, 6, 5]);
    assert.equal(axesText(file.axes), "readout 5, phase1 6, coil 3, slice 2");
    assert.equal(file.transposed, false);
    const { data, shape } = await file.readSlice(1);
    const wanted = tabulate(shape, (c, part, y, x) => expected[x + 5 * (y + 6 * (c + 3))][part]);
    data.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted.data[i]) <= 1e-6 * Math.abs(wanted.data[i]), `at ${i}`);
    });
  }
});

Deno.test("writeCflCoils() is read back by openCfl() and readCfl()", async () => {
  await inFolder(async (at) => {
    const planar = tabulate([2, 3, 2, 4, 5], (...index) => index.reduce((a, b) => 6 * a + b));
    await writeCflCoils(at("k"), planar);
    assert.equal(
      Deno.readTextFileSync(at("k.hdr")).split("\n")[1],
      "5 4 1 3 1 1 1 1 1 1 1 1 1 2 1 1",
    );
    using file = await openCfl(at("k"));
    const size = 3 * 2 * 4 * 5;
    for (let slice = 0; slice < 2; slice++) {
      const data = planar.data.slice(slice * size, (slice + 1) * size);
      same(await file.readSlice(slice), { data, shape: [3, 2, 4, 5] });
    }
    assert.equal(readCfl(at("k.hdr")).data.length, 2 * size);
  });
});

Deno.test("Dimensions that are no slices are frames: their slices come one frame after the other", async () => {
  await inFolder(async (at) => {
    const data = Float32Array.from({ length: 2 * 2 * 2 * 3 * 2 }, (_, i) => i);
    await writeCfl(at("k"), [2, 2, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 2], data);
    using file = await openCfl(at("k"));
    assert.equal(axesText(file.axes), "readout 2, phase1 2, coil 1, echo 3, slice 2");
    assert.equal(file.slices, 6);
    assert.deepEqual(file.frames, [{ name: "echo", size: 3 }]);
    // Slice 0 of echo 2: 2 x 2 pixels of the 2 echoes before it.
    assert.deepEqual([...(await file.readSlice(4)).data.subarray(0, 4)], [16, 18, 20, 22]);
  });
});

Deno.test("A pair that disagrees, or of which one is missing, is refused", async () => {
  await inFolder(async (at) => {
    const header = (text: string) => Deno.writeTextFileSync(at("k.hdr"), text);
    header("# Dimensions\n4 4 1 2\n");
    await refuses(() => openCfl(at("k.cfl")), /k\.cfl: no such file/);
    Deno.writeFileSync(at("k.cfl"), new Uint8Array(248));
    await refuses(() => openCfl(at("k")), /4 x 4 x 1 x 2 .* require 256 bytes, found 248/);
    header("# Dimensions\n4 4 2 1\n");
    Deno.writeFileSync(at("k.cfl"), new Uint8Array(256));
    await refuses(() => openCfl(at("k")), /2-D k-space is required, found 3-D k-space/);
    for (const bad of ["4 -4 2", "4 x 2", "", "1.5", "0 4", "9".repeat(400), "1 ".repeat(17)]) {
      header(`# Dimensions\n${bad}\n`);
      await refuses(() => openCfl(at("k")), /up to 16 positive integers/);
    }
    header("4 4 2 1\n");
    await refuses(() => openCfl(at("k")), /# Dimensions/);
    Deno.removeSync(at("k.hdr"));
    await refuses(() => openCfl(at("k.cfl")), /k\.hdr: no such file/);
  });
});

Deno.test("Other sections of a .hdr are skipped, in any place", async () => {
  await inFolder((at) => {
    Deno.writeFileSync(at("a.b.cfl"), new Uint8Array(32));
    Deno.writeTextFileSync(
      at("a.b.hdr"),
      "# Creator\r\nme\r\n# Dimensions\r\n2 2 \r\n# Files\r\n 9 9",
    );
    assert.deepEqual(readCfl(at("a.b.cfl")).dims.slice(0, 4), [2, 2, 1, 1]);
    assert.equal(cflStem("a.b.cfl"), "a.b");
  });
});

Deno.test("The shared scan is the same as .cfl and as .npy, but for the order of axes and the last bit", async () => {
  const cfl = sharedData("kspace/ulf_FSE.cfl");
  const npy = sharedData("kspace/ulf_FSE.npy");
  if (cfl === undefined || npy === undefined) return;
  using one = await openCfl(cfl);
  using other = await openNpyKspace(npy);
  assert.deepEqual([one.slices, one.coils, one.height, one.width], [4, 1, 126, 128]);
  assert.deepEqual([other.slices, other.coils, other.height, other.width], [4, 1, 126, 128]);
  for (let slice = 0; slice < 4; slice++) {
    const { data } = await one.readSlice(slice);
    const expected = (await other.readSlice(slice)).data;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = data.findIndex((value, i) => !(Math.abs(value - expected[i]) < ROUNDING * largest));
    assert.equal(off, -1, `slice ${slice}, position ${off}`);
  }
});
