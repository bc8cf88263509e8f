import { writeCfl, writeCflCoils } from "../../src/io/cfl.ts";
import { readMapsFile } from "../../src/io/maps_file.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { fixture, inFolder, refuses, same, tabulate } from "./support.ts";

/** A number that names its indices. */
const value = (...index: number[]) => index.reduce((sum, i) => 6 * sum + i + 1, 0);
const MAPS = tabulate([2, 3, 2, 4, 5], value);
/** The maps as one set for each slice. */
const ONE_SET = { ...MAPS, shape: [2, 1, 3, 2, 4, 5] };

Deno.test("readMapsFile() reads the maps of .npy and .cfl alike", async () => {
  await inFolder(async (at) => {
    await writeCflCoils(at("maps"), MAPS);
    same(readMapsFile(at("maps.cfl")), ONE_SET);
    const asInFile = tabulate([2, 3, 2, 5, 4], (s, c, part, x, y) => value(s, c, part, y, x));
    await writeNpyComplex(at("maps.npy"), asInFile);
    same(readMapsFile(at("maps.npy")), ONE_SET);
  });
});

Deno.test("readMapsFile() reads sets of maps, as ecalib -m2 writes them", async () => {
  const size = [2, 2, 3, 2, 4, 5];
  await inFolder(async (at) => {
    const plane = 4 * 5 * 3;
    const data = Float32Array.from({ length: 2 * 2 * 2 * plane }, (_, i) => i);
    await writeCfl(at("maps"), [5, 4, 1, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2], data);
    const inFile = (s: number, m: number, c: number, part: number, y: number, x: number) =>
      part + 2 * (x + 5 * (y + 4 * c) + plane * (2 * s + m));
    same(readMapsFile(at("maps")), tabulate(size, inFile));
    await writeCflCoils(at("again"), tabulate(size, inFile));
    same(readMapsFile(at("again")), tabulate(size, inFile));
    const turned = tabulate([2, 2, 3, 2, 5, 4], (s, m, c, p, x, y) => inFile(s, m, c, p, y, x));
    await writeNpyComplex(at("maps.npy"), turned);
    same(readMapsFile(at("maps.npy")), tabulate(size, inFile));
  });
});

Deno.test("readMapsFile() gives maps that serve every slice as those of one", async () => {
  await inFolder(async (at) => {
    await writeCflCoils(at("maps"), tabulate([3, 2, 4, 5], value));
    const one = tabulate([1, 1, 3, 2, 4, 5], (_s, _m, ...index) => value(...index));
    same(readMapsFile(at("maps")), one);
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
      /dimension 2 of size 1.* found dimension 2 of size 2/,
    );
    await writeCfl(at("maps"), [2, 2, 1, 2], new Float32Array(16).fill(NaN, 9));
    await refuses(() => readMapsFile(at("maps")), /found NaN in slice 0, coil 1/);
  });
});
