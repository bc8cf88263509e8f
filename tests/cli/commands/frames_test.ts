import assert from "node:assert/strict";
import dcmjs from "dcmjs";
import { openNiftiImage } from "../../../src/io/nifti/read.ts";
import { writeNifti } from "../../../src/io/nifti/write.ts";
import { interleave } from "../../../src/io/planar.ts";
import { ndarray, sizeOf } from "../../../src/ndarray.ts";
import { assertRefused, runHere } from "../support.ts";
import { inFolder } from "../../io/support.ts";
import { nrmse, scan, truth, writeCflOf, writeNpyOf } from "../../recon/layout/support.ts";

/** Oblique: columns and rows turned about z. */
const AFFINE = [-1.6, 1.2, 0, 40, 1.2, 1.6, 0, -30, 0, 0, 3, 10, 0, 0, 0, 1];
const GEOMETRY = { affine: AFFINE, known: true };
const RSS = ["--method", "rss", "--quiet", "--device", "cpu"];
/** Rows, columns, and slices. */
const [ROWS, COLUMNS, SLICES] = [24, 20, 3];

/** Volumes that differ by a factor, the slices of one after those of another. */
function volumes(frames: number) {
  const one = truth([ROWS, COLUMNS]);
  const data = Float32Array.from(
    { length: frames * SLICES * one.length },
    (_, i) => {
      const image = Math.floor(i / one.length);
      return one[i % one.length] * (1 + Math.floor(image / SLICES)) * (1 + 0.2 * (image % SLICES));
    },
  );
  return ndarray(data, [frames * SLICES, ROWS, COLUMNS]);
}

const reportOf = (path: string) => JSON.parse(Deno.readTextFileSync(path));

Deno.test("a 4-D and a 5-D image come out with the dimensions and the affine that they have", () =>
  inFolder(async (at) => {
    for (
      const frames of [[{ name: "time", size: 2 }], [
        { name: "time", size: 1 },
        { name: "dim5", size: 2 },
      ]]
    ) {
      const image = volumes(2);
      await writeNifti(at("in.nii"), { image, frames, geometry: GEOMETRY });
      const args = [at("in.nii"), "--simulate", "coils=4,noise=0", ...RSS, "--output", at("out")];
      const { code, err, out } = await runHere(args);
      assert.equal(code, 0, err);
      assert.match(out, /axes.*time/);
      using found = openNiftiImage(at("out/recon.nii.gz"));
      assert.deepEqual(found.frames, frames);
      found.geometry!.affine.forEach((value, i) => assert.ok(Math.abs(value - AFFINE[i]) < 1e-5));
      for (let slice = 0; slice < found.slices; slice++) {
        const { data } = await found.readSlice(slice);
        const size = ROWS * COLUMNS;
        const wanted = image.data.subarray(slice * size, (slice + 1) * size);
        data.subarray(0, size).forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-3));
      }
      assert.deepEqual(reportOf(at("out/recon.json")).frames, frames);
      await Deno.remove(at("out"), { recursive: true });
    }
  }));

Deno.test("slices of a frame lie where they lie in the file; those of two frames are refused", () =>
  inFolder(async (at) => {
    const frames = [{ name: "time", size: 2 }];
    await writeNifti(at("in.nii"), { image: volumes(2), frames, geometry: GEOMETRY });
    const run = (slices: string, output: string) =>
      runHere([
        ...[at("in.nii"), "--simulate", "coils=2,noise=0", ...RSS],
        ...["--slices", slices, "--output", at(output)],
      ]);
    assert.equal((await run("4:6", "part")).code, 0);
    using part = openNiftiImage(at("part/recon.nii.gz"));
    assert.deepEqual([part.slices, part.frames], [2, undefined]);
    // Slice 4 is the second of the second frame.
    const place = [3, 7, 11].map((i) => AFFINE[i] + AFFINE[i - 1]);
    place.forEach((value, i) =>
      assert.ok(Math.abs(part.geometry!.affine[4 * i + 3] - value) < 1e-5)
    );
    assertRefused(await run("2:5", "both"), 2, /slices of one frame, or whole frames of 3 slices/);
  }));

Deno.test("5-D NIfTI k-space keeps its time axis", () =>
  inFolder(async (at) => {
    // x phase, y readout, z, t, coil: the coil is the slowest.
    const { data, shape: [coils] } = scan(3, [ROWS, COLUMNS]);
    const plane = ROWS * COLUMNS;
    const planar = new Float32Array(2 * coils * 2 * SLICES * plane);
    for (let image = 0; image < coils * 2 * SLICES; image++) {
      const coil = Math.floor(image / (2 * SLICES)), time = Math.floor(image / SLICES) % 2;
      for (let i = 0; i < 2 * plane; i++) {
        const value = data[2 * (coil * plane + i % plane) + Math.floor(i / plane)];
        planar[2 * image * plane + i] = (1 + time) * value;
      }
    }
    const image = ndarray(planar, [coils * 2 * SLICES, 2, ROWS, COLUMNS]);
    assert.equal(interleave(image).length, planar.length);
    const frames = [{ name: "time", size: 2 }, { name: "coil", size: coils }];
    await writeNifti(at("k.nii"), { image, frames, geometry: GEOMETRY });
    const args = [at("k.nii"), "--domain", "kspace", ...RSS, "--dicom", "--output", at("out")];
    const { code, err, out } = await runHere(args);
    assert.equal(code, 0, err);
    assert.match(out, /axes {3}phase1 20, readout 24, slice 3, time 2, coil 3/);
    using found = openNiftiImage(at("out/recon.nii.gz"));
    assert.deepEqual([found.slices, found.frames], [6, [{ name: "time", size: 2 }]]);
    found.geometry!.affine.forEach((value, i) => assert.ok(Math.abs(value - AFFINE[i]) < 1e-5));
    const { buffer } = await Deno.readFile(at("out/dicom/magnitude/0005.dcm"));
    const { dict } = dcmjs.data.DicomMessage.readFile(buffer);
    // TemporalPositionIdentifier, NumberOfTemporalPositions, AcquisitionNumber.
    const tags = ["00200100", "00200105", "00200012"].map((tag) => Number(dict[tag].Value[0]));
    assert.deepEqual(tags, [2, 2, 2]);
  }));

Deno.test("3-D k-space of BART comes out in the order of its dimensions", () =>
  inFolder(async (at) => {
    const sizes = [18, 20, 14];
    const array = scan(4, sizes);
    const path = await writeCflOf(at("k"), array, { x: 0, y: 1, z: 2, coil: 3 });
    const { code, err, out } = await runHere([path, ...RSS, "--output", at("out")]);
    assert.equal(code, 0, err);
    assert.match(out, /axes {3}readout 18, phase1 20, phase2 14, coil 4/);
    using found = openNiftiImage(at("out/recon.nii.gz"));
    assert.deepEqual([found.columns, found.rows, found.slices], sizes);
    const image = new Float32Array(sizeOf(sizes));
    for (let z = 0; z < sizes[2]; z++) {
      const { data } = await found.readSlice(z);
      for (let y = 0; y < sizes[1]; y++) {
        for (let x = 0; x < sizes[0]; x++) {
          image[(x * sizes[1] + y) * sizes[2] + z] = data[y * sizes[0] + x];
        }
      }
    }
    assert.ok(nrmse(image, truth(sizes)) < 0.03);
  }));

Deno.test("--strict makes an error of axes that had to be recognised, and --axes settles them", () =>
  inFolder(async (at) => {
    const array = scan(4, [ROWS, COLUMNS]);
    const { data } = array;
    const last = new Float32Array(data.length);
    for (let i = 0; i < data.length / 2; i++) {
      const to = (i % (ROWS * COLUMNS)) * 4 + Math.floor(i / (ROWS * COLUMNS));
      last.set(data.subarray(2 * i, 2 * i + 2), 2 * to);
    }
    const path = writeNpyOf(at("k.npy"), { names: [], shape: [ROWS, COLUMNS, 4], data: last });
    const args = [path, ...RSS, "--strict", "--output", at("out")];
    assertRefused(await runHere(args), 3, /axes are taken as readout 24, phase1 20, coil 4/);
    const named = await runHere([...args, "--axes", "readout,phase,coil"]);
    assert.equal(named.code, 0, named.err);
    const bad = await runHere([...args, "--axes", "readout,phase,foil"]);
    assertRefused(bad, 2, /the axis 'foil'[^]*Did you mean coil/);
    const image = [path, "--simulate", "coils=2", "--axes", "coil,readout,phase1"];
    assertRefused(await runHere(image), 2, /Cannot combine --simulate with --axes/);
  }));
