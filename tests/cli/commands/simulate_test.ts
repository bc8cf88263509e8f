import assert from "node:assert/strict";
import { simulate } from "../../../src/cli/commands/simulate.ts";
import { Hdf5File } from "../../../src/io/hdf5/library.ts";
import { describe } from "../../../src/io/hdf5/dataset.ts";
import { readAttribute, readNumbers } from "../../../src/io/hdf5/values.ts";
import { readMapsFile } from "../../../src/io/maps_file.ts";
import { openNiftiImage, readAllSlices } from "../../../src/io/nifti/read.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { readNpy, writeNpy } from "../../../src/io/numpy/npy.ts";
import { openKspace } from "../../../src/io/open.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { inFolder, same, sharedData, tabulate } from "../../io/support.ts";
import { assertRefused, namesIn, runHere, runTask } from "../support.ts";

const runSimulate = (args: readonly string[]) => runHere(args, { command: simulate });

const AFFINE = [-0.9, 0, 0, 10, 0, 0.8, 0, 20, 0, 0, 5, 30, 0, 0, 0, 1];

/** Two slices of a bright ellipse with an edge off the centre, 24 rows and 20 columns. */
const volume: NdArray = tabulate([2, 24, 20], (slice, row, column) => {
  const radius = Math.hypot((row - 11) / 9, (column - 10) / 7);
  return radius < 1 ? 100 + 20 * slice + 40 * Number(row + column > 20) : 0;
});

async function writeVolume(path: string): Promise<string> {
  await writeNifti(path, { image: volume, geometry: { affine: AFFINE, known: true } });
  return path;
}

async function imageOf(path: string): Promise<NdArray> {
  using file = openNiftiImage(path);
  return await readAllSlices(file);
}

Deno.test("recon --simulate gives what simulate and then recon give", async () => {
  await inFolder(async (at) => {
    const image = await writeVolume(at("v.nii.gz"));
    const options = ["--mask", "equispaced:R=2,acs=8", "--method", "sense", "--quiet"];
    const made = ["--coils", "4", "--noise", "0.05", "--seed", "3", "--output", at("k.h5")];
    assert.equal((await runSimulate([image, ...made, "--quiet"])).code, 0);
    const two = await runHere([at("k.h5"), ...options, "--output", at("two")]);
    const short = ["--simulate", "coils=4,noise=0.05,seed=3", "--output", at("one")];
    const one = await runHere([image, ...options, ...short]);
    assert.deepEqual([one.code, two.code], [0, 0], one.err + two.err);
    same(await imageOf(at("one/recon.nii.gz")), await imageOf(at("two/recon.nii.gz")));
    for (const name of ["one", "two"]) {
      using written = openNiftiImage(at(`${name}/recon.nii.gz`));
      const { affine, known } = written.geometry!;
      assert.ok(known && affine.every((value, i) => Math.abs(value - AFFINE[i]) < 1e-5));
    }
    const report = JSON.parse(Deno.readTextFileSync(at("one/recon.json")));
    assert.equal(report.input.format, "nifti");
    assert.deepEqual(report.input.shape, [2, 24, 20]);
  });
});

for (const name of ["k.mrd.h5", "k.mrd"]) {
  Deno.test(`${name} reconstructs to what the same k-space in .h5 does, at the same place`, () =>
    inFolder(async (at) => {
      const image = await writeVolume(at("v.nii.gz"));
      const made = ["--coils", "3", "--mask", "equispaced:R=2,acs=8", "--slices", "1:2", "--quiet"];
      const images = [];
      for (const file of ["k.h5", name]) {
        assert.equal((await runSimulate([image, ...made, "--output", at(file)])).code, 0);
        const options = ["--method", "sense", "--json", "--output", at(`of-${file}`)];
        const { code, out, err } = await runHere([at(file), ...options]);
        assert.equal(code, 0, err);
        const { warnings, mask } = JSON.parse(out);
        assert.deepEqual([warnings, mask.acsLines], [[], 9]);
        images.push(openNiftiImage(at(`of-${file}/recon.nii.gz`)));
      }
      const [plain, raw] = images;
      // The readout of raw images is along their columns.
      const [pixels, turned] = await Promise.all(images.map(async (image) => {
        return (await image.readSlice(0)).data.subarray(0, 20 * 24);
      }));
      assert.deepEqual([raw.rows, raw.columns], [20, 24]);
      assert.ok(pixels.every((value, i) => value === turned[(i % 20) * 24 + Math.floor(i / 20)]));
      const place = ({ geometry }: typeof raw, ...voxel: number[]) =>
        [0, 4, 8].map((row) =>
          [...voxel, 0, 1].reduce((sum, at, i) => sum + at * geometry!.affine[row + i], 0)
        );
      // The second slice of the volume, 5 mm above the first.
      const expected = [10 - 0.9 * 3, 20 + 0.8 * 7, 30 + 5];
      for (const found of [place(plain, 3, 7), place(raw, 7, 3)]) {
        found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-4, `${found}`));
      }
      images.forEach((file) => file[Symbol.dispose]());
    }));
}

Deno.test("MRD of a mask of points is refused before anything is written", () =>
  inFolder(async (at) => {
    const image = await writeVolume(at("v.nii.gz"));
    const made = ["--mask", "poisson:R=2,acs=4", "--quiet", "--output", at("k.mrd")];
    assertRefused(await runSimulate([image, ...made]), 2, /whole lines are required, found points/);
    assert.deepEqual(namesIn(at(".")), ["v.nii.gz"]);
  }));

Deno.test("simulated k-space without noise reconstructs to the image it was made from", async () => {
  await inFolder(async (at) => {
    const image = await writeVolume(at("v.nii.gz"));
    const simulation = ["--simulate", "coils=6,noise=0", "--method", "rss", "--also", "npy"];
    const { code, err } = await runHere([image, ...simulation, "--quiet", "--output", at("out")]);
    assert.equal(code, 0, err);
    const { data } = readNpy(at("out/recon.npy"));
    const worst = data.reduce((most, v, i) => Math.max(most, Math.abs(v - volume.data[i])), 0);
    assert.ok(worst < 0.01, `off by ${worst}`);
  });
});

Deno.test("simulate --mask writes undersampled k-space that recon takes as acquired", async () => {
  await inFolder(async (at) => {
    const image = await writeVolume(at("v.nii.gz"));
    const args = ["--mask", "equispaced:R=2,acs=6", "--output", at("k.h5"), "--json"];
    const made = await runSimulate([image, ...args]);
    assert.equal(made.code, 0, made.err);
    const line = JSON.parse(made.out);
    assert.equal(line.schema, "larmor.simulate/1");
    assert.deepEqual(line.output, {
      path: at("k.h5"),
      slices: 2,
      coils: 8,
      readout: 24,
      phase: 20,
    });
    const { out } = await runHere([at("k.h5"), "--dry-run", "--json"]);
    const plan = JSON.parse(out);
    assert.deepEqual(plan.mask, {
      spec: "data",
      acceleration: 20 / 13,
      acsLines: 6,
      padding: 0,
      partial: null,
      kept: 13,
      of: 20,
    });
    assert.equal(plan.full, false);
  });
});

Deno.test("simulate writes the same k-space as HDF5, .npy and .cfl, and slices of it", async () => {
  await inFolder(async (at) => {
    await writeNpy(at("v.npy"), volume);
    const slices: NdArray[] = [];
    for (const name of ["k.h5", "k.npy", "k.cfl"]) {
      const args = [at("v.npy"), "--coils", "3", "--slices", "1:2", "--output", at(name)];
      const { code, err, out } = await runSimulate(args);
      assert.equal(code, 0, err);
      assert.match(out, /slice 1, coil 3, readout 24, phase 20/);
      using file = await openKspace(at(name));
      assert.deepEqual([file.slices, file.coils, file.height, file.width], [1, 3, 20, 24]);
      slices.push(await file.readSlice(0));
    }
    same(slices[1], slices[0]);
    same(slices[2], slices[0]);
    const { shape } = readMapsFile(at("k.npy"));
    assert.deepEqual(shape, [1, 1, 3, 2, 20, 24]);
  });
});

Deno.test("simulate stores the truth and fastMRI's attributes", async () => {
  await inFolder(async (at) => {
    const args = [await writeVolume(at("v.nii.gz")), "--coils", "3", "--output", at("k.h5")];
    assert.equal((await runSimulate([...args, "--quiet"])).code, 0);
    using file = await Hdf5File.open(at("k.h5"));
    const info = describe(file, "reconstruction_rss")!;
    assert.deepEqual([...info.shape], [2, 24, 20]);
    assert.deepEqual(readNumbers(file, info), [...volume.data]);
    assert.deepEqual(readAttribute(file, "max"), [160]);
    assert.equal(readAttribute(file, "acquisition"), "simulated");
  });
});

Deno.test("simulate draws a phantom where there is no image", async () => {
  await inFolder(async (at) => {
    const args = ["--size", "48", "--contrast", "FLAIR", "--lesions", "2", "--coils", "2"];
    const { code, out, err } = await runSimulate([...args, "--output", at("p.h5")]);
    assert.equal(code, 0, err);
    assert.match(out, /slice 1, coil 2, readout 48, phase 48/);
  });
});

Deno.test("simulate refuses what makes no sense, and leaves nothing", async () => {
  await inFolder(async (at) => {
    const image = at("v.npy");
    await writeNpy(image, volume);
    await writeNpy(at("zero.npy"), { ...volume, data: new Float32Array(volume.data.length) });
    await writeNpy(at("nan.npy"), { ...volume, data: volume.data.map(() => NaN) });
    const before = namesIn(at("."));
    const output = ["--output", at("k.h5")];
    const cases: [string[], number, RegExp][] = [
      [[image, image], 2, /one is required/],
      [[image, "--coils", "0"], 2, /--coils/],
      [[image, "--noise", "-1"], 2, /--noise/],
      [[image, "--size", "64"], 2, /for the phantom alone/],
      [["--size", "8"], 2, /--size/],
      [["--contrast", "T3"], 2, /T1, T2, FLAIR, PD/],
      [[image, "--outptu", "k.h5"], 2, /--output\?/],
      [[image, "--slices", "0:9"], 2, /within 0:2/],
      [[image, "--output", at("k.nii")], 2, /ends in .mrd.h5, .mrd, .h5/],
      [[at("missing.nii"), ...output], 3, /no such file/],
      [[at("zero.npy"), ...output], 3, /zero/],
      [[at("nan.npy"), ...output], 3, /NaN/],
      [[image, "--mask", at("missing.txt"), ...output], 3, /missing/],
      [[image, "--output", at("nowhere/k.h5")], 3, /Cannot write/],
      [[image, "--output", at("nowhere/k.npy")], 3, /Cannot write/],
    ];
    for (const [args, code, message] of cases) {
      const safe = args.includes("--output") ? args : [...args, ...output];
      assertRefused(await runSimulate([...safe, "--quiet"]), code, message);
    }
    assert.deepEqual(namesIn(at(".")), before);
  });
});

Deno.test("simulate --help lists its options", async () => {
  const { code, out } = await runTask("simulate", ["--help"]);
  assert.equal(code, 0);
  for (const name of ["coils", "noise", "seed", "mask", "output", "size", "contrast"]) {
    assert.match(out, new RegExp(`^  --${name} `, "m"));
  }
});

Deno.test("a validation volume goes through simulate and back", async () => {
  const path = sharedData("validation/openms_patient20_study2_T1W.nii.gz");
  if (path === undefined) return;
  await inFolder(async (at) => {
    const made = ["--slices", "18:20", "--coils", "4", "--noise", "0.01", "--quiet"];
    assert.equal((await runSimulate([path, ...made, "--output", at("k.h5")])).code, 0);
    const args = [at("k.h5"), "--method", "sense", "--mask", "equispaced:R=2,acs=24", "--json"];
    const { code, out, err } = await runHere([...args, "--output", at("out")]);
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).metrics.head.psnr > 30, out);
  });
});
