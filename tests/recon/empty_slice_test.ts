/** A slice that holds nothing, or cannot be read, is left zero and named; the others come out. */
import assert from "node:assert/strict";
import { frameCount } from "../../src/io/axes.ts";
import { SliceError } from "../../src/errors.ts";
import { writeCflCoils } from "../../src/io/cfl.ts";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import { type NdArray, partOf, stack } from "../../src/ndarray.ts";
import { readKspace } from "../../src/recon/open.ts";
import { planReconstruction } from "../../src/recon/plan.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { reconReport } from "../../src/recon/report.ts";
import { openReconstruction } from "../../src/recon/stream.ts";
import { inFolder } from "../io/support.ts";
import { mrdHeader } from "../mri/raw/support.ts";
import { runtime } from "../runtime.ts";
import { brainKspace, linesOf, writeRaw } from "./raw_support.ts";

const SIZE = 26, COILS = 2;
const kspace = await brainKspace(SIZE, COILS);
const empty: NdArray = { data: kspace.data.map(() => 0), shape: kspace.shape };
const damaged: NdArray = { data: kspace.data.with(777, NaN), shape: kspace.shape };

/** Writes slices in each format. */
const WRITERS = {
  "fastMRI HDF5": async (at: string, slices: readonly NdArray[]) => {
    const content = { coils: COILS, height: SIZE, width: SIZE, kspace: (i: number) => slices[i] };
    await writeFastmri(`${at}.h5`, { slices: slices.length, ...content });
    return `${at}.h5`;
  },
  npy: async (at: string, slices: readonly NdArray[]) => {
    await writeNpyComplex(`${at}.npy`, stack(slices));
    return `${at}.npy`;
  },
  cfl: async (at: string, slices: readonly NdArray[]) => {
    await writeCflCoils(at, stack(slices));
    return `${at}.cfl`;
  },
  ISMRMRD: async (at: string, slices: readonly NdArray[]) => {
    const lines = slices.flatMap((all, slice) =>
      linesOf(all, { idx: { slice }, position: [0, 0, 5 * slice] })
    );
    return await writeRaw(`${at}.h5`, mrdHeader({ matrix: [SIZE, SIZE, 1] }), lines);
  },
};

const options = { method: "sense", device: runtime } as const;

for (const [format, write] of Object.entries(WRITERS)) {
  for (const [what, bad, reason] of [["empty", empty, /zero/], ["NaN", damaged, /NaN/]] as const) {
    for (const at of what === "empty" ? [0, 1, 2] : [1]) {
      Deno.test(`${format}: slice ${at} of 3 is ${what}, the others are as they were`, () =>
        inFolder(async (path) => {
          const slices = [kspace, kspace, kspace].with(at, bad);
          using file = await readKspace(await write(path("k"), slices), { runtime });
          const result = await reconstruct(file, options);
          const single = { ...options, slices: [at === 0 ? 1 : 0, at === 0 ? 2 : 1] } as const;
          const alone = await reconstruct(file, single);
          for (const slice of [0, 1, 2]) {
            const { data } = partOf(result.magnitude, slice);
            const expected = slice === at ? data.map(() => 0) : alone.magnitude.data;
            assert.deepEqual(data, expected, `slice ${slice}`);
          }
          assert.deepEqual(result.emptySlices, [at]);
          assert.equal(result.steps, alone.steps);
          assert.equal(result.coils.compressed, alone.coils.compressed);
          const [warning, ...others] = result.warnings
            .filter(({ code }) => code === "slices-left-empty");
          assert.deepEqual(others, []);
          assert.match(warning.message, new RegExp(`^Slice ${at} is left zero: `));
          assert.match(warning.message, reason);
          assert.deepEqual(reconReport(file, result).emptySlices, [at]);
          // The slice that is not there makes metrics neither better nor worse.
          const [all, one] = [result, alone].map(({ metrics }) => metrics!.head.psnr!);
          assert.ok(Math.abs(all - one) < 1e-6);
          assert.equal((await planReconstruction(file, options)).image[0], 3);
        }));
    }
  }

  Deno.test(`${format}: where no slice holds anything there is no image`, () =>
    inFolder(async (path) => {
      const opened = async (slices: readonly NdArray[]) => {
        using file = await readKspace(await write(path("k"), slices), { runtime });
        return await reconstruct(file, options);
      };
      await assert.rejects(opened([empty, empty]), SliceError);
      await assert.rejects(opened([damaged, damaged]), /NaN/);
    }));
}

/** A raw file of slices 5 mm apart, of which some have no lines. */
async function rawWithout(
  at: string,
  absent: readonly string[],
  { repetitions = 1, announced = 5 } = {},
) {
  const slices = 5;
  const slice = { minimum: 0, maximum: announced - 1, center: 0 };
  const limits = announced === 0 ? {} : { slice };
  const lines = Array.from({ length: repetitions * slices }, (_, i) => {
    const slice = i % slices, repetition = Math.floor(i / slices);
    return absent.includes(`${repetition}.${slice}`)
      ? []
      : linesOf(kspace, { idx: { slice, repetition }, position: [0, 0, 5 * slice] });
  }).flat();
  return await writeRaw(at, mrdHeader({ matrix: [SIZE, SIZE, 1], limits }), lines);
}

Deno.test("a slice whose lines are lost is left zero in its place, and the others stay in theirs", () =>
  inFolder(async (at) => {
    for (
      const [absent, options] of [
        [["0.2"], {}],
        [["0.3"], { announced: 0 }],
        [["1.4"], { repetitions: 2 }],
        [["0.0"], { repetitions: 2 }],
      ] as const
    ) {
      const path = await rawWithout(at(`${absent}.h5`), absent, options);
      using file = await readKspace(path, { runtime });
      const result = await reconstruct(file, { method: "rss", device: runtime });
      const [repetition, slice] = absent[0].split(".").map(Number);
      assert.deepEqual(result.emptySlices, [5 * repetition + slice]);
      assert.equal(result.magnitude.shape[0], 5 * frameCount(result.frames));
      assert.deepEqual(result.geometry!.affine.slice(8), [0, 0, 5, 0, 0, 0, 0, 1]);
      assert.match(result.warnings[0].message, /is left zero: .*lines are required, found none/);
    }
  }));

Deno.test("slices that the header announces and were never there are named, not filled in", () =>
  inFolder(async (at) => {
    for (const [absent, options] of [[[], { announced: 9 }], [["0.1", "0.3"], {}]] as const) {
      using file = await readKspace(await rawWithout(at("raw.h5"), absent, options), { runtime });
      const { warnings, emptySlices } = await reconstruct(file, { method: "rss", device: runtime });
      assert.deepEqual(emptySlices, []);
      assert.deepEqual(warnings.map(({ code }) => code), ["slices-missing"]);
    }
  }));

Deno.test("a loop over slices meets the empty one as zeros with the reason", () =>
  inFolder(async (path) => {
    const slices = [kspace, empty, kspace];
    using file = await readKspace(await WRITERS.npy(path("k"), slices), { runtime });
    const failures: boolean[] = [];
    for await (const slice of openReconstruction(file, { ...options, method: "rss" })) {
      failures.push(slice.failure instanceof SliceError);
      assert.deepEqual(slice.magnitude.shape, [SIZE, SIZE]);
    }
    assert.deepEqual(failures, [false, true, false]);
  }));

Deno.test("samples and their standard deviation are zero too where several are drawn", () =>
  inFolder(async (path) => {
    const slices = [empty, kspace];
    using file = await readKspace(await WRITERS.npy(path("k"), slices), { runtime });
    const drawn = { method: "dds", samples: 2, steps: 2, keepSamples: true } as const;
    const { std, samples } = await reconstruct(file, { ...drawn, device: runtime });
    assert.deepEqual(std!.shape, [2, SIZE, SIZE]);
    assert.ok(std!.data.subarray(0, SIZE * SIZE).every((value) => value === 0));
    assert.deepEqual(samples!.map(({ shape }) => shape), Array(2).fill([2, SIZE, SIZE]));
  }));
