import assert from "node:assert/strict";
import { axesText } from "../../../src/io/axes.ts";
import { readKspace, type ReadOptions } from "../../../src/recon/open.ts";
import { reconstruct } from "../../../src/recon/reconstruct.ts";
import { partOf } from "../../../src/ndarray.ts";
import { runtime } from "../../runtime.ts";
import { inFolder, refuses } from "../../io/support.ts";
import {
  kept,
  nrmse,
  ordered,
  part,
  scan,
  truth,
  writeCflOf,
  writeH5Of,
  writeNpyOf,
  writeRealH5,
  writeRealNpy,
} from "./support.ts";

/** Noise of 0.002 in an image of about 1 gives 0.006; a wrong reading gives 0.3 and more. */
const RIGHT = 0.03;
/** Odd and even, and none the same as another. */
const PLANE = [33, 28], VOLUME = [20, 25, 16];
const PLANE_TRUTH = truth(PLANE), VOLUME_TRUTH = truth(VOLUME);
const plane = scan(6, PLANE), volume = scan(5, VOLUME);

async function read(path: string, options: ReadOptions = {}) {
  using file = await readKspace(path, { runtime, ...options });
  const { magnitude, frames, warnings } = await reconstruct(file, {
    method: "rss",
    device: runtime,
  });
  return {
    axes: axesText(file.axes),
    codes: warnings.map(({ code }) => code),
    hints: warnings.map(({ hint }) => hint),
    frames,
    magnitude,
    error: nrmse(partOf(magnitude, 0).data, PLANE_TRUTH),
    volumeError: nrmse(magnitude.data, VOLUME_TRUTH),
  };
}

Deno.test("coils first and coils last are told apart, in .npy and in HDF5", () =>
  inFolder(async (at) => {
    const cases = [
      { order: ["coil", "x", "y"], axes: "coil 6, readout 33, phase1 28", codes: [] },
      {
        order: ["slice", "coil", "x", "y"],
        axes: "slice 1, coil 6, readout 33, phase1 28",
        codes: [],
      },
      { order: ["x", "y", "coil"], axes: "readout 33, phase1 28, coil 6" },
      { order: ["slice", "x", "y", "coil"], axes: "slice 1, readout 33, phase1 28, coil 6" },
    ];
    for (const { order, axes, codes = ["axes-recognised"] } of cases) {
      const array = ordered(plane, order, { slice: 1 });
      const found = await read(writeNpyOf(at("k.npy"), array));
      assert.deepEqual([found.axes, found.codes], [axes, codes]);
      assert.ok(found.error < RIGHT, `${order}: ${found.error}`);
      const h5 = await read(await writeH5Of(at("k.h5"), array));
      assert.equal(h5.axes, axes);
      assert.ok(h5.error < RIGHT, `${order}: ${h5.error}`);
    }
  }));

Deno.test("more coils than a side has pixels are coils", () =>
  inFolder(async (at) => {
    const many = scan(40, [32, 24]);
    for (const order of [["coil", "x", "y"], ["x", "y", "coil"]]) {
      const { axes, magnitude } = await read(writeNpyOf(at("k.npy"), ordered(many, order)));
      assert.match(axes, /coil 40/);
      assert.ok(nrmse(magnitude.data, truth([32, 24])) < RIGHT);
    }
  }));

Deno.test("the centre of k-space and the origin of the image in the corner are moved, and told of", () =>
  inFolder(async (at) => {
    for (const dc of ["corner", "centre"] as const) {
      for (const origin of ["corner", "centre"] as const) {
        const path = writeNpyOf(at("k.npy"), scan(6, PLANE, { dc, origin }));
        const { codes, error, hints } = await read(path);
        assert.ok(error < RIGHT, `${dc} ${origin}: ${error}`);
        assert.equal(codes.includes("centre-in-corner"), dc === "corner");
        assert.equal(codes.includes("origin-in-corner"), origin === "corner");
        if (dc === "corner") assert.match(hints[0]!, /--dc centre/);
        const said = await read(path, { dc, origin });
        assert.deepEqual([said.codes, said.error < RIGHT], [[], true]);
      }
    }
    const wrong = await read(writeNpyOf(at("k.npy"), plane), { origin: "corner" });
    assert.ok(wrong.error > 0.1, "an option is obeyed even when it is wrong");
  }));

Deno.test("real and imaginary parts are found along any axis, side by side and in two datasets", () =>
  inFolder(async (at) => {
    const [re, im] = [part(plane, 0), part(plane, 1)];
    const first = Float32Array.from([...re, ...im]);
    const [coils, ...rest] = plane.shape;
    const size = re.length / coils;
    const middle = new Float32Array(first.length);
    for (let coil = 0; coil < coils; coil++) {
      middle.set(re.subarray(coil * size, (coil + 1) * size), 2 * coil * size);
      middle.set(im.subarray(coil * size, (coil + 1) * size), (2 * coil + 1) * size);
    }
    const last = ordered(plane, ["x", "y", "coil"]);
    const slice = [1, ...plane.shape];
    const real = { data: re, shape: slice }, imaginary = { data: im, shape: slice };
    const paths = [
      writeNpyOf(at("last.npy"), plane, "<f4"),
      writeRealNpy(at("first.npy"), first, [2, ...plane.shape]),
      writeRealNpy(at("middle.npy"), middle, [coils, 2, ...rest]),
      writeRealNpy(at("side.npy"), plane.data, [coils, rest[0], 2 * rest[1]]),
      writeRealNpy(at("coils.npy"), last.data, [...rest, 2 * coils]),
      await writeRealH5(at("last.h5"), { kspace: { data: plane.data, shape: [...slice, 2] } }),
      await writeRealH5(at("two.h5"), { kspace_real: real, kspace_imag: imaginary }),
      await writeRealH5(at("ri.h5"), { kspace_r: real, kspace_i: imaginary }),
    ];
    for (const path of paths) {
      const { codes, error } = await read(path);
      assert.ok(codes.includes("parts-recognised"), `${path}: ${codes}`);
      assert.ok(error < RIGHT, `${path}: ${error}`);
    }
    const named = await read(paths[2], { axes: ["coil", "parts", "readout", "phase"] });
    assert.deepEqual([named.codes, named.error < RIGHT], [[], true]);
  }));

Deno.test("real parts before all imaginary ones along the coils are refused, not taken in pairs", () =>
  inFolder(async (at) => {
    const halves = Float32Array.from([...part(plane, 0), ...part(plane, 1)]);
    const [coils, ...rest] = plane.shape;
    const path = writeRealNpy(at("halves.npy"), halves, [2 * coils, ...rest]);
    await refuses(() => readKspace(path, { runtime }), /pairs, are required, found <f4/);
    const last = ordered(plane, ["x", "y", "coil"]);
    const turned = Float32Array.from(last.data, (_, i) => {
      const [pixel, member] = [Math.floor(i / (2 * coils)), i % (2 * coils)];
      return last.data[2 * (pixel * coils + member % coils) + Math.floor(member / coils)];
    });
    const coilsLast = writeRealNpy(at("last.npy"), turned, [...rest, 2 * coils]);
    await refuses(() => readKspace(coilsLast, { runtime }), /pairs, are required, found <f4/);
  }));

Deno.test("a real image is not taken for k-space", () =>
  inFolder(async (at) => {
    const image = writeRealNpy(at("image.npy"), PLANE_TRUTH, PLANE);
    await refuses(() => readKspace(image, { runtime }), /pairs, are required, found <f4/);
  }));

Deno.test("3-D k-space in any order is transformed along its fully sampled axis", () =>
  inFolder(async (at) => {
    const near = (value: number, size: number) => Math.abs(value - Math.floor(size / 2)) < 4;
    const [nx, ny, nz] = VOLUME;
    const yz = kept(volume, ({ y, z }) => (near(y, ny) && near(z, nz)) || (3 * y + 2 * z) % 5 < 2);
    const xz = kept(volume, ({ x, z }) => (near(x, nx) && near(z, nz)) || (3 * x + 2 * z) % 5 < 2);
    const y = kept(volume, ({ y }) => near(y, ny) || y % 2 === 0);
    const cases = [
      { array: volume, through: "x", limit: RIGHT },
      { array: yz, through: "x", limit: 0.4 },
      { array: xz, through: "y", limit: 0.4 },
      { array: y, through: "x", limit: 0.3 },
    ];
    for (const { array, through, limit } of cases) {
      const paths = [
        writeNpyOf(at("k.npy"), array),
        writeNpyOf(at("last.npy"), ordered(array, ["x", "y", "z", "coil"])),
        await writeH5Of(at("k.h5"), array),
        await writeCflOf(at("k"), array, { z: 0, y: 1, x: 2, coil: 3 }),
      ];
      const images: Float32Array[] = [];
      for (const path of paths) {
        using file = await readKspace(path, { runtime });
        const size = VOLUME[["x", "y", "z"].indexOf(through)];
        // A fully sampled volume of BART is transformed along dimension 0.
        if (array !== volume && array !== y) assert.equal(file.slices, size, path);
        const { magnitude } = await reconstruct(file, { method: "rss", device: runtime });
        assert.deepEqual(magnitude.shape, VOLUME, path);
        assert.ok(nrmse(magnitude.data, VOLUME_TRUTH) < limit, `${path}: ${through}`);
        images.push(magnitude.data);
      }
      for (const image of images) assert.ok(nrmse(image, images[0]) < 1e-3);
    }
  }));

Deno.test("3-D k-space undersampled along all axes is refused", () =>
  inFolder(async (at) => {
    const array = kept(volume, ({ x, y, z }) => (3 * x + 2 * y + z) % 5 < 3);
    const path = writeNpyOf(at("k.npy"), array);
    await refuses(() => readKspace(path, { runtime }), /one fully sampled axis is required/);
  }));

Deno.test("a 3-D volume of numpy.fft is moved to the middle along all three axes", () =>
  inFolder(async (at) => {
    const array = scan(5, VOLUME, { dc: "corner", origin: "corner" });
    const { volumeError } = await read(writeNpyOf(at("k.npy"), array));
    assert.ok(volumeError < RIGHT, `${volumeError}`);
  }));

Deno.test("a sign of the exponent that was asked for mirrors a 3-D volume along all axes", () =>
  inFolder(async (at) => {
    const conjugated = { ...volume, data: volume.data.map((v, i) => i % 2 ? -v : v) };
    const path = writeNpyOf(at("k.npy"), conjugated);
    const { volumeError } = await read(path, { fourierSign: "+" });
    assert.ok(volumeError < RIGHT, `${volumeError}`);
  }));

Deno.test("--axes names the axes of every plain format, in any order", () =>
  inFolder(async (at) => {
    const array = ordered(plane, ["y", "coil", "time", "x"], { time: 2 });
    const axes = ["phase", "channel", "time", "readout"];
    for (const path of [writeNpyOf(at("k.npy"), array), await writeH5Of(at("k.h5"), array)]) {
      using file = await readKspace(path, { runtime, axes });
      assert.equal(axesText(file.axes), "phase1 28, coil 6, time 2, readout 33");
      assert.deepEqual([file.coils, file.height, file.width, file.slices], [6, 28, 33, 2]);
      assert.deepEqual(file.frames, [{ name: "time", size: 2 }]);
      assert.equal(file.warnings, undefined);
    }
    const cfl = await writeCflOf(at("k"), ordered(plane, ["x", "coil", "y"]), {
      x: 2,
      coil: 1,
      y: 0,
    });
    const { error } = await read(cfl, { axes: ["phase1", "coil", "readout"] });
    assert.ok(error < RIGHT, `${error}`);
  }));

Deno.test("names of axes that do not fit are usage errors that say what fits", () =>
  inFolder(async (at) => {
    const path = writeNpyOf(at("k.npy"), plane);
    const open = (...axes: string[]) => readKspace(path, { runtime, axes });
    await assert.rejects(open("coil", "readuot", "phase1"), /Did you mean|one of coil/);
    await assert.rejects(open("coil", "phase1"), /6 x 33 x 28.*a name for each of its 3 axes/);
    await assert.rejects(open("coil", "coil", "phase1"), /coil stands twice/);
    await assert.rejects(open("coil", "slice", "time"), /at least one of readout, phase1, phase2/);
    await assert.rejects(open("coil", "readout", "unused"), /a meaning of axis 2 of size 28/);
  }));

Deno.test("two equally likely readings are refused, and --axes is named", () =>
  inFolder(async (at) => {
    // Coils without phase, before and behind the encoded axes.
    const array = ordered(plane, ["time", "x", "y", "slice"], { time: 4, slice: 3 });
    const path = writeNpyOf(at("k.npy"), { ...array, names: ["a", "x", "y", "b"] });
    await assert.rejects(readKspace(path, { runtime }), (error: Error & { hint?: string }) => {
      assert.match(error.message, /coils first or coils last/);
      assert.match(error.hint!, /--axes/);
      return true;
    });
  }));

Deno.test("slices of one coil are not taken for coils", () =>
  inFolder(async (at) => {
    const thick = scan(1, VOLUME);
    // A stack of different slices: k-space of planes of the volume.
    const planes = { ...thick, names: ["slice", "x", "y"], shape: VOLUME };
    const stacked = new Float32Array(2 * VOLUME[0] * VOLUME[1] * VOLUME[2]);
    void planes;
    const { data, shape } = scan(1, VOLUME.slice(1));
    for (let slice = 0; slice < VOLUME[0]; slice++) stacked.set(data, slice * data.length);
    const path = writeNpyOf(at("k.npy"), {
      names: [],
      shape: [VOLUME[0], shape[1], shape[2]],
      data: stacked,
    });
    const { axes, codes } = await read(path);
    assert.match(axes, /^slice 20/);
    assert.deepEqual(codes, ["axes-recognised"]);
  }));

Deno.test("an axis with missing lines is the phase encoding, whichever it is", () =>
  inFolder(async (at) => {
    const array = kept(plane, ({ x }) => x % 2 === 0 || Math.abs(x - 16) < 6);
    using file = await readKspace(writeNpyOf(at("k.npy"), array), { runtime });
    assert.equal(axesText(file.axes), "coil 6, phase1 33, readout 28");
    assert.deepEqual([file.height, file.width, file.transposed], [33, 28, false]);
  }));

Deno.test("frames of BART stay frames of the result", () =>
  inFolder(async (at) => {
    const repeat = { echo: 3, time: 2 };
    const array = ordered(plane, ["time", "echo", "coil", "y", "x"], repeat);
    const path = await writeCflOf(at("k"), array, { x: 0, y: 1, coil: 3, echo: 5, time: 10 });
    const { frames, magnitude } = await read(path);
    assert.deepEqual(frames, [{ name: "echo", size: 3 }, { name: "time", size: 2 }]);
    const level = (i: number) => partOf(magnitude, i).data.reduce((a, b) => a + b);
    for (const [i, factor] of [1, 2, 3, 2, 4, 6].entries()) {
      assert.ok(Math.abs(level(i) / level(0) - factor) < 0.01 * factor, `frame ${i}`);
    }
  }));
