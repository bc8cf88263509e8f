import { writeCfl, writeCflCoils } from "../../src/io/cfl.ts";
import { readMapsFile } from "../../src/io/maps_file.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { fixture, inFolder, refuses, same, tabulate } from "./support.ts";

/** A number that names its indices. */
const value = (...index: number[]) => index.reduce((sum, i) => 6 * sum + i + 1, 0);
const MAPS = tabulate([2, 3, 2, 4, 5], value);

Deno.test("readMapsFile() reads the maps of .npy and .cfl alike", async () => {
  await inFolder(async (at) => {
    await writeCflCoils(at("maps"), MAPS);
    same(readMapsFile(at("maps.cfl")), MAPS);
    const asInFile = tabulate([2, 3, 2, 5, 4], (s, c, part, x, y) => value(s, c, part, y, x));
    await writeNpyComplex(at("maps.npy"), asInFile);
    same(readMapsFile(at("maps.npy")), MAPS);
  });
});

Deno.test("readMapsFile() takes the first of two sets of maps, as ecalib -m2 writes them", async () => {
  await inFolder(async (at) => {
    const plane = 4 * 5 * 3;
    const data = Float32Array.from({ length: 2 * 2 * 2 * plane }, (_, i) => i);
    await writeCfl(at("maps"), [5, 4, 1, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2], data);
    const first = (s: number, c: number, part: number, y: number, x: number) =>
      part + 2 * (x + 5 * (y + 4 * c) + plane * 2 * s);
    same(readMapsFile(at("maps")), tabulate([2, 3, 2, 4, 5], first));
  });
});

Deno.test("readMapsFile() gives one set that serves every slice as S = 1", async () => {
  await inFolder(async (at) => {
    await writeCflCoils(at("maps"), tabulate([3, 2, 4, 5], value));
    same(readMapsFile(at("maps")), tabulate([1, 3, 2, 4, 5], (_s, ...index) => value(...index)));
  });
});

Deno.test("What cannot be coil maps is refused", async () => {
  await refuses(() => readMapsFile(fixture("npy/mask_bool.npy")), /found shape \(6\)/);
  await refuses(
    () => readMapsFile(fixture("nifti/uint16_2d.nii")),
    /\.cfl or \.npy .* found nifti/,
  );
  await inFolder(async (at) => {
    await writeCfl(at("maps"), [2, 2, 2], new Float32Array(16));
    await refuses(
      () => readMapsFile(at("maps")),
      /dimension 2 of size 1.* found 3-D coil maps 2 x 2 x 2/,
    );
    await writeCfl(at("maps"), [2, 2, 1, 2], new Float32Array(16).fill(NaN, 9));
    await refuses(() => readMapsFile(at("maps")), /found NaN in slice 0, coil 1/);
  });
});
