/** Raw ISMRMRD files from acquisitions to images, where the truth is known. */
import assert from "node:assert/strict";
import { axesText } from "../../src/io/axes.ts";
import { InputError } from "../../src/errors.ts";
import { Assembler } from "../../src/mri/raw/assembler.ts";
import { flagBits } from "../../src/mrd/values.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { readKspace } from "../../src/recon/open.ts";
import { binFile } from "../../src/recon/raw_file.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { Rng } from "../../src/rng.ts";
import { inFolder } from "../io/support.ts";
import { lineOf, mrdHeader } from "../mri/raw/support.ts";
import { randomArray, relativeError } from "../mri/support.ts";
import { brainKspace, linesOf, writeRaw } from "./raw_support.ts";
import { type ReconstructOptions } from "../../src/recon/types.ts";
import { runtime } from "../runtime.ts";

const SIZE = 48, COILS = 3;
const kspace = await brainKspace(SIZE, COILS);
const plain = mrdHeader({ matrix: [SIZE, SIZE, 1] });

async function imageOf(path: string, options: ReconstructOptions = {}, noiseScans?: boolean) {
  using file = await readKspace(path, { runtime, noiseScans });
  return await reconstruct(file, { method: "rss", device: runtime, ...options });
}

/** Magnitude of the coils together, of all of k-space. */
async function truthOf(all: NdArray): Promise<Float32Array> {
  return await inFolderWith(async (at) => {
    const path = await writeRaw(at("full.h5"), plain, linesOf(all));
    return (await imageOf(path)).magnitude.data;
  });
}

async function inFolderWith<T>(run: (at: (name: string) => string) => Promise<T>): Promise<T> {
  let result: T;
  await inFolder(async (at) => {
    result = await run(at);
  });
  return result!;
}

const truth = await truthOf(kspace);

Deno.test("a raw file is what its acquisitions are, and lies where they say", () =>
  inFolder(async (at) => {
    const place = { position: [1, 2, 3], readDir: [1, 0, 0], phaseDir: [0, 1, 0] } as const;
    const path = await writeRaw(at("raw.h5"), plain, linesOf(kspace, place));
    using file = await readKspace(path, { runtime });
    assert.equal(file.format, "ismrmrd");
    assert.equal(axesText(file.axes), `slice 1, coil ${COILS}, phase1 ${SIZE}, readout ${SIZE}`);
    assert.deepEqual(file.geometry!.affine.filter((_, i) => i % 4 === 3), [
      -1 + SIZE / 2,
      -2 + SIZE / 2,
      3,
      1,
    ]);
    assert.deepEqual(await file.readSlice(0), kspace);
    await assert.rejects(async () => await file.readSlice(1), RangeError);
    const { metrics } = await reconstruct(file, { method: "rss", device: runtime });
    assert.ok(metrics!.whole.psnr! > 100);
  }));

/** 6/8 of the lines. */
const SIX_EIGHTHS = { rows: [SIZE / 4, SIZE] } as const;

// Without the phase: 0.09, 0.077, 0.055, 0.059 and 0.070.
const limits = { rss: 0.05, "zero-filled": 0.05, sense: 0.03, tv: 0.05, wavelet: 0.062 };
for (const [method, limit] of Object.entries(limits)) {
  Deno.test(`6/8 partial Fourier by ${method} comes near the full image`, () =>
    inFolder(async (at) => {
      const path = await writeRaw(at("raw.h5"), plain, linesOf(kspace, SIX_EIGHTHS));
      const { magnitude, mask, warnings } = await imageOf(path, { method });
      assert.deepEqual(warnings, []);
      assert.deepEqual(mask.partial?.rows, [SIZE / 4, SIZE]);
      const full = await imageOf(await writeRaw(at("full.h5"), plain, linesOf(kspace)), { method });
      const error = relativeError(magnitude.data, full.magnitude.data);
      assert.ok(error < limit, `${error}`);
    }));
}

for (const [method, isWarned] of [["pnp-admm", true], ["unet", true], ["tv", false]] as const) {
  Deno.test(
    `the run ${isWarned ? "says that" : "is silent as"} ${method} ${
      isWarned ? "leaves out" : "uses"
    } the phase of partial Fourier`,
    () =>
      inFolder(async (at) => {
        const path = await writeRaw(at("raw.h5"), plain, linesOf(kspace, SIX_EIGHTHS));
        const { warnings } = await imageOf(path, { method });
        assert.deepEqual(
          // These samples have no noise, which is less than the prior was trained for.
          warnings.map(({ code }) => code).filter((code) => code !== "outside-sigma-range"),
          isWarned ? ["partial-fourier-ignored"] : [],
        );
      }),
  );
}

Deno.test("an asymmetric echo comes near the full image by every method with a phase", () =>
  inFolder(async (at) => {
    const columns = [SIZE / 4, SIZE] as const;
    const path = await writeRaw(at("raw.h5"), plain, linesOf(kspace, { columns }));
    const { magnitude, mask } = await imageOf(path);
    assert.deepEqual(mask.partial?.columns, columns);
    assert.ok(mask.isLines);
    assert.ok(relativeError(magnitude.data, truth) < 0.03);
    for (const method of ["tv", "pnp-admm"]) {
      const { magnitude, warnings } = await imageOf(path, { method });
      const error = relativeError(magnitude.data, truth);
      assert.ok(error < 0.1, `${method} ${error}`);
      assert.deepEqual(warnings, []);
    }
  }));

/** Mixes coils, and adds noise that is mixed the same way. */
function mixed(all: NdArray, mix: Float32Array, sigma: number, seed: number): NdArray {
  const [coils, , height, width] = all.shape;
  const plane = 2 * height * width;
  const noise = new Rng(seed).normals(all.data.length);
  const data = new Float32Array(all.data.length);
  for (let i = 0; i < coils; i++) {
    for (let j = 0; j < coils; j++) {
      for (let n = 0; n < plane; n++) {
        const from = j * plane + n;
        data[i * plane + n] += mix[i * coils + j] * (all.data[from] + sigma * noise[from]);
      }
    }
  }
  return { data, shape: all.shape };
}

Deno.test("a noise scan undoes what mixed the coils", () =>
  inFolder(async (at) => {
    // Coils of equal, independent noise, then mixed: whitening must find equal, independent ones.
    const mix = Float32Array.of(3, 0, 0, 1.2, 1, 0, 0.4, -0.5, 0.5);
    const sigma = 1e-3 * Math.max(...truth);
    const silent = { data: new Float32Array(kspace.data.length), shape: kspace.shape };
    const scan = linesOf(mixed(silent, mix, sigma, 2), { flags: flagBits("noise") });
    const lines = linesOf(mixed(kspace, mix, sigma, 1));
    const { magnitude } = await imageOf(await writeRaw(at("w.h5"), plain, [...scan, ...lines]));
    const scale = magnitude.data.reduce((sum, value, i) => sum + value * truth[i], 0) /
      magnitude.data.reduce((sum, value) => sum + value * value, 0);
    const error = relativeError(magnitude.data.map((value) => scale * value), truth);
    // A rotation of the coils is free, so only the root sum of squares comes back: to the noise of
    // the image and of the 2304 noise samples (2 %).
    assert.ok(error < 0.03, `${error}`);
    const plainError = await imageOf(await writeRaw(at("p.h5"), plain, lines));
    const far = plainError.magnitude.data.map((value) => scale * value);
    assert.ok(relativeError(far, truth) > 0.1, "without the scan the coils stay mixed");
    const unused = await imageOf(await writeRaw(at("w.h5"), plain, [...scan, ...lines]), {}, false);
    assert.deepEqual(unused.magnitude.data, plainError.magnitude.data, "a scan that is not used");
  }));

Deno.test("coil maps come from a separate calibration scan", () =>
  inFolder(async (at) => {
    const header = mrdHeader({
      matrix: [SIZE, SIZE, 1],
      parallelImaging: { acceleration: [2, 1], calibrationMode: "separate" },
    });
    const calibration = linesOf(kspace, {
      rows: [SIZE / 2 - 10, SIZE / 2 + 10],
      flags: flagBits("calibration"),
    });
    const image = linesOf(kspace, { step: 2 });
    const path = await writeRaw(at("raw.h5"), header, [...calibration, ...image]);
    const { magnitude, mask } = await imageOf(path, { method: "sense" });
    assert.equal(mask.acceleration, 2);
    assert.ok(relativeError(magnitude.data, truth) < 0.1);
    const without = await writeRaw(at("none.h5"), header, image);
    await assert.rejects(imageOf(without, { method: "sense" }), /Cannot calibrate coil maps/);
  }));

Deno.test("calibration lines that flags alone tell are lines of the image", () =>
  inFolder(async (at) => {
    const header = mrdHeader({ matrix: [SIZE, SIZE, 1] });
    const inside = (row: number) => row >= SIZE / 2 - 10 && row < SIZE / 2 + 10;
    const all = linesOf(kspace).flatMap((line, row) => {
      if (row % 2 === 1 && !inside(row)) return [];
      const flags = !inside(row)
        ? 0n
        : flagBits(row % 2 === 0 ? "calibrationAndImaging" : "calibration");
      return [{ ...line, header: { ...line.header, flags } }];
    });
    const path = await writeRaw(at("flags.h5"), header, all);
    const { magnitude, mask } = await imageOf(path, { method: "sense" });
    assert.equal(mask.kept, all.length);
    assert.ok(mask.acs >= 20);
    assert.ok(relativeError(magnitude.data, truth) < 0.1);
  }));

/** The rows about the centre of k-space `[C, 2, H, W]`. */
function centralRows({ data, shape: [coils, , height, width] }: NdArray, rows: number): NdArray {
  const first = Math.floor(height / 2) - Math.floor(rows / 2);
  const planes = Array.from({ length: 2 * coils }, (_, plane) => {
    const start = (plane * height + first) * width;
    return Array.from(data.subarray(start, start + rows * width));
  });
  return ndarray(Float32Array.from(planes.flat()), [coils, 2, rows, width]);
}

Deno.test("coil maps come from a reference scan with an encoding of its own", () =>
  inFolder(async (at) => {
    const parallelImaging = { acceleration: [2, 1], calibrationMode: "separate" } as const;
    const image = { matrix: [SIZE, SIZE, 1], parallelImaging } as const;
    const flags = flagBits("calibration");
    const reference = linesOf(centralRows(kspace, 24), { flags, encodingSpaceRef: 1 });
    const lines = [...reference, ...linesOf(kspace, { step: 2 })];
    const field = [SIZE, SIZE, 1] as const;
    const same = mrdHeader(image, { matrix: [SIZE, 24, 1], fieldOfView: field });
    const path = await writeRaw(at("same.h5"), same, lines);
    const { magnitude } = await imageOf(path, { method: "sense" });
    assert.ok(relativeError(magnitude.data, truth) < 0.1);
    const other = mrdHeader(image, { matrix: [SIZE, 24, 1], fieldOfView: [SIZE, SIZE / 2, 1] });
    const halved = await writeRaw(at("other.h5"), other, lines);
    await assert.rejects(
      imageOf(halved, { method: "sense" }),
      /The calibration lines of encoding 1 are not used: its field of view is 48 x 24 x 1 mm/,
    );
  }));

Deno.test("separate calibration lines beside the centre of k-space serve", () =>
  inFolder(async (at) => {
    const parallelImaging = { acceleration: [2, 1], calibrationMode: "separate" } as const;
    const header = mrdHeader({ matrix: [SIZE, SIZE, 1], parallelImaging });
    const rows = [SIZE / 2 + 1, SIZE / 2 + 21] as const;
    const apart = linesOf(kspace, { rows, flags: flagBits("calibration") });
    const path = await writeRaw(at("raw.h5"), header, [...apart, ...linesOf(kspace, { step: 2 })]);
    const { magnitude } = await imageOf(path, { method: "sense" });
    const error = relativeError(magnitude.data, truth);
    assert.ok(error < 0.15, `${error}`);
  }));

Deno.test("readout oversampling is removed, and the image interpolated to reconSpace", () =>
  inFolder(async (at) => {
    const header = mrdHeader({
      matrix: [SIZE, SIZE, 1],
      recon: [SIZE, 2 * SIZE, 1],
      reconFieldOfView: [SIZE / 2, SIZE, 1],
    });
    const path = await writeRaw(at("raw.h5"), header, linesOf(kspace));
    const { magnitude, metrics } = await imageOf(path);
    assert.deepEqual(magnitude.shape, [1, 2 * SIZE, SIZE]);
    assert.ok(metrics!.whole.psnr! > 30);
  }));

Deno.test("repetitions are volumes, slices lie in order, and one slice is read at a time", () =>
  inFolder(async (at) => {
    const shape = [2, 2, 6, 8];
    const all: Record<string, NdArray> = {};
    const lines = [0, 1].flatMap((repetition) =>
      [0, 2, 1].flatMap((slice) => {
        const one = randomArray(shape, 10 * repetition + slice + 1);
        all[`${repetition} ${slice}`] = one;
        const position = [0, 0, 5 * (slice === 2 ? 1 : slice === 1 ? 2 : 0)] as const;
        return linesOf(one, { position, idx: { slice, repetition } });
      })
    );
    // Slices that are acquired line by line in turn.
    lines.sort((a, b) => a.header.idx.kspaceEncodeStep1 - b.header.idx.kspaceEncodeStep1);
    const path = await writeRaw(at("raw.h5"), mrdHeader({ matrix: [8, 6, 1] }), lines);
    using file = await readKspace(path, { runtime });
    assert.deepEqual(file.frames, [{ name: "repetition", size: 2 }]);
    assert.equal(file.slices, 6);
    const order = [0, 1].flatMap((repetition) =>
      [0, 2, 1].map((slice) => `${repetition} ${slice}`)
    );
    for (const index of [5, 0, 3, 1, 4, 2]) {
      assert.deepEqual(await file.readSlice(index), all[order[index]], order[index]);
    }
    assert.equal(file.geometry!.affine[10], 5);
    const { frames, magnitude } = await reconstruct(file, { method: "rss", device: runtime });
    assert.deepEqual(frames, file.frames);
    assert.equal(magnitude.shape[0], 6);
  }));

Deno.test("of two encodings the one asked for is reconstructed, and the other is told of", () =>
  inFolder(async (at) => {
    const header = mrdHeader({ matrix: [8, 6, 1] }, { matrix: [10, 4, 1] });
    const [a, b] = [randomArray([1, 2, 6, 8], 1), randomArray([1, 2, 4, 10], 2)];
    const lines = [...linesOf(a), ...linesOf(b, { encodingSpaceRef: 1 })];
    const path = await writeRaw(at("raw.h5"), header, lines);
    using first = await readKspace(path, { runtime });
    assert.match(first.warnings![0].message, /Encoding 1 is left out/);
    assert.deepEqual(await first.readSlice(0), a);
    using second = await readKspace(path, { runtime, encoding: 1 });
    assert.deepEqual(await second.readSlice(0), b);
    await assert.rejects(readKspace(path, { runtime, encoding: 2 }), InputError);
  }));

Deno.test("a 3-D scan is reconstructed pixel by pixel of its readout", () =>
  inFolder(async (at) => {
    const [depth, height, width] = [12, 14, 10];
    const volume = randomArray([2, 2, depth * height, width], 5);
    const lines = Array.from({ length: depth * height }, (_, line) =>
      lineOf(volume, line, {
        idx: { kspaceEncodeStep1: line % height, kspaceEncodeStep2: Math.floor(line / height) },
      }));
    const path = await writeRaw(at("raw.h5"), mrdHeader({ matrix: [width, height, depth] }), lines);
    const { magnitude, metrics } = await imageOf(path);
    assert.deepEqual(magnitude.shape, [width, height, depth]);
    assert.ok(metrics!.whole.psnr! > 100);
    // Parseval: the energy of the images is that of k-space.
    const energy = (data: Float32Array) => data.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(energy(magnitude.data) / energy(volume.data) - 1) < 1e-4);
  }));

Deno.test("a bin of a stream is reconstructed as a file is", async () => {
  const assembler = new Assembler(plain);
  for (const line of linesOf(kspace)) assembler.push(line);
  const [bin] = assembler.flush();
  const { magnitude } = await reconstruct(binFile(runtime, bin), {
    method: "rss",
    device: runtime,
  });
  assert.deepEqual(magnitude.data, truth);
});

Deno.test("raw files that make no sense are refused with what is wrong", () =>
  inFolder(async (at) => {
    const lines = linesOf(kspace);
    const cases: [string, typeof lines, RegExp][] = [
      [
        "noise only",
        linesOf(kspace, { flags: flagBits("noise") }),
        /lines of an image are required/,
      ],
      ["nothing", [], /found 0 acquisitions/],
      ["a line twice", [...lines, lines[3]], /each line once is required/],
      ["NaN", [...lines.slice(1), {
        ...lines[0],
        samples: lines[0].samples.with(9, NaN),
      }], /finite samples is required, found NaN/],
      ["a row outside", [lineOf(kspace, 0, { idx: { kspaceEncodeStep1: 999 } })], /row 999/],
      ["no such encoding", linesOf(kspace, { encodingSpaceRef: 3 }), /encodings 0 to 0/],
    ];
    for (const [name, acquisitions, message] of cases) {
      const path = await writeRaw(at(`${name}.h5`), plain, acquisitions);
      await assert.rejects(imageOf(path), (error: unknown) => {
        assert.ok(error instanceof InputError, `${name}: ${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
    const limits = { kspaceEncodeStep1: { minimum: 0, maximum: SIZE - 1, center: SIZE / 2 } };
    const header = mrdHeader({ matrix: [SIZE, SIZE, 1], limits });
    const path = await writeRaw(at("missing.h5"), header, lines.toSpliced(4, 3));
    using file = await readKspace(path, { runtime });
    assert.match(file.warnings![0].message, /fewer lines \(down to 45\) than the 48/);
  }));
