/** dciodvfy and pydicom (Debian's packages) as judges of the DICOM that `recon` writes. */
import assert from "node:assert/strict";
import { writeDicom } from "../../src/recon/dicom.ts";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { writeNifti } from "../../src/io/mod.ts";
import { makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { runHere, someKspace } from "../cli/support.ts";
import { inFolder, tabulate } from "../io/support.ts";
import { needsCommand, run, testWith } from "../tools.ts";
import { needsModule, PYTHON } from "./python.ts";
import { type Reconstruction } from "../../src/recon/types.ts";

/** An oblique volume with voxels of 0.9 x 0.8 x 3.1 mm. */
const AFFINE = obliqueAffine([0.9, 0.8, 3.1], [12.25, -30.123456789, 101.5]);

/** Rotation by the angles 0.3 about z, then 0.5 about x. */
function obliqueAffine(sizes: readonly number[], origin: readonly number[]): number[] {
  const [c, s, C, S] = [Math.cos(0.3), Math.sin(0.3), Math.cos(0.5), Math.sin(0.5)];
  const rotation = [[c, -s, 0], [C * s, C * c, -S], [S * s, S * c, C]];
  const rows = rotation.map((row, i) => [...row.map((value, j) => value * sizes[j]), origin[i]]);
  return [...rows.flat(), 0, 0, 0, 1];
}

/** A result as `recon` has it, with a standard deviation. */
function someResult(known: boolean): Reconstruction {
  const spec = parseMaskSpec("equispaced:R=2,acs=4");
  if (spec.kind === "file") throw new Error("a formula is required");
  const magnitude = tabulate([3, 5, 7], (z, y, x) => 1e-5 * (1 + 35 * z + 7 * y + x));
  return {
    magnitude,
    complex: tabulate([3, 2, 5, 7], () => 0),
    std: { ...magnitude, data: magnitude.data.map((value) => value / 10) },
    metrics: null,
    slices: [0, 1],
    coils: {
      count: 1,
      leftOut: [],
      whitened: null,
      varianceRatio: null,
      correlation: null,
      compressed: null,
      energyKept: null,
    },
    warnings: [],
    emptySlices: [],
    geometry: { affine: AFFINE, known },
    mask: makeMask(spec, 7, 5),
    method: "dps",
    device: "cpu",
    steps: 100,
    nfe: 100,
    drawn: 4,
    sigma: [0.01, 0.01, 0.01],
    seconds: { read: 0, calibrate: 0, compile: 0, reconstruct: 0, audit: 0 },
  };
}

/** Errors that dciodvfy finds in each file of a folder; its warnings are not errors. */
async function dciodvfyErrors(folder: string): Promise<string[]> {
  const errors: string[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const { stdout, stderr } = await new Deno.Command("dciodvfy", { args: [`${folder}/${name}`] })
      .output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.match(text, /^MRImage$/m, text);
    errors.push(...text.split("\n").filter((line) => line.startsWith("Error")));
  }
  return errors;
}

testWith(
  needsCommand("dciodvfy"),
  "dciodvfy finds no error, with a patient and without",
  async () => {
    await inFolder(async (at) => {
      const patient = {
        PatientName: "Müller^Jörg",
        PatientID: "007",
        PatientBirthDate: "19700131",
        PatientSex: "M",
        StudyDate: "20260102",
        StudyTime: "101500",
        StudyInstanceUID: "1.2.3.4",
        EchoTime: "3.5",
        SeriesNumber: "4",
        MRAcquisitionType: "2D",
      };
      for (const [name, tags] of Object.entries({ anonymous: {}, patient })) {
        await writeDicom(at(name), someResult(name === "patient"), { source: "test", tags });
        for (const series of ["magnitude", "std"]) {
          assert.deepEqual(await dciodvfyErrors(at(`${name}/${series}`)), []);
        }
      }
    });
  },
);

/** What pydicom finds in the files of a series, in the order of their names. */
interface Found {
  readonly pixels: readonly (readonly (readonly number[])[])[];
  readonly slope: number;
  /** RAS+ millimetres of the first, a middle and the last voxel, each (slice, row, column). */
  readonly places: readonly (readonly number[])[];
  readonly uids: readonly string[];
  readonly study: string;
  readonly series: readonly [number, string];
  readonly patient: readonly string[];
}

const READ = `
import glob, json, sys
import numpy as np, pydicom
files = [pydicom.dcmread(p) for p in sorted(glob.glob(sys.argv[1] + "/*.dcm"))]
def place(s, r, c):
    d = files[s]
    row, column = np.array(d.ImageOrientationPatient[:3], float), np.array(d.ImageOrientationPatient[3:], float)
    dr, dc = map(float, d.PixelSpacing)
    lps = np.array(d.ImagePositionPatient, float) + row * dc * c + column * dr * r
    return (lps * [-1, -1, 1]).tolist()
n, (h, w) = len(files), files[0].pixel_array.shape
first = files[0]
print(json.dumps({
    "pixels": [d.pixel_array.tolist() for d in files],
    "slope": float(first.RealWorldValueMappingSequence[0].RealWorldValueSlope),
    "places": [place(0, 0, 0), place(n // 2, 1, 3), place(n - 1, h - 1, w - 1)],
    "uids": [d.SOPInstanceUID for d in files] + [first.SeriesInstanceUID],
    "study": first.StudyInstanceUID,
    "series": [int(first.SeriesNumber), first.SeriesDescription],
    "patient": [str(first.PatientName), first.PatientID, first.PatientBirthDate],
}))`;

const pydicom = async (folder: string): Promise<Found> =>
  JSON.parse(await run(PYTHON, ["-c", READ, folder]));

testWith(
  needsModule("pydicom"),
  "pydicom reads the same pixels, and two series of one study",
  async () => {
    await inFolder(async (at) => {
      const result = someResult(true);
      await writeDicom(at("d"), result, { source: "test", tags: {} });
      const series = { magnitude: result.magnitude, std: result.std! };
      const found: Found[] = [];
      for (const [name, { data }] of Object.entries(series)) {
        const one = await pydicom(at(`d/${name}`));
        const pixels = one.pixels.flat(2);
        assert.equal(Math.max(...pixels), 65535);
        pixels.forEach((stored, i) =>
          assert.ok(Math.abs(stored * one.slope - data[i]) <= 0.5001 * one.slope)
        );
        assert.deepEqual(one.patient, ["", "", ""]);
        found.push(one);
      }
      const [magnitude, std] = found;
      assert.equal(magnitude.study, std.study);
      assert.deepEqual([magnitude.series[0], std.series[0]], [1, 2]);
      const uids = [...magnitude.uids, ...std.uids];
      assert.equal(new Set(uids).size, uids.length);
    });
  },
);

/** Where the sform of a NIfTI puts voxels (slice, row, column); offsets of nifti1.h. */
const SFORM = `
import gzip, json, struct, sys
header = gzip.open(sys.argv[1]).read(348)
rows = [struct.unpack_from("<4f", header, 280 + 16 * i) for i in range(3)]
print(json.dumps([[a * c + b * r + e * s + d for a, b, e, d in rows]
                  for s, r, c in json.loads(sys.argv[2])]))`;

testWith(
  needsModule("pydicom"),
  "NIfTI and DICOM agree where a voxel lies to 1e-3 mm",
  async () => {
    await inFolder(async (at) => {
      const result = someResult(true);
      await writeDicom(at("d"), result, { source: "test", tags: {} });
      await writeNifti(at("r.nii.gz"), { image: result.magnitude, geometry: result.geometry! });
      const { places } = await pydicom(at("d/magnitude"));
      const voxels = JSON.stringify([[0, 0, 0], [1, 1, 3], [2, 4, 6]]);
      const nifti = JSON.parse(await run(PYTHON, ["-c", SFORM, at("r.nii.gz"), voxels]));
      assertPlaces(places, nifti);
    });
  },
);

function assertPlaces(found: Found["places"], expected: Found["places"]): void {
  found.flat().forEach((value, i) =>
    assert.ok(Math.abs(value - expected.flat()[i]) < 1e-3, `${found} is not ${expected}`)
  );
}

testWith(needsModule("pydicom"), "recon --dicom writes what recon.nii.gz holds", async () => {
  await inFolder(async (at) => {
    await writeFastmri(at("k.h5"), {
      slices: 2,
      coils: 3,
      height: 26,
      width: 20,
      kspace: (slice) => someKspace(slice),
      geometry: { affine: AFFINE, known: true },
    });
    await Deno.writeTextFile(at("tags.yaml"), "PatientName: Doe^Jane\nPatientID: 007\n");
    const out = ["--output", at("out"), "--method", "rss", "--json", "--quiet"];
    const args = [at("k.h5"), "--dicom", "--dicom-tags", at("tags.yaml"), ...out];
    const { code, out: line, err } = await runHere(args);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(line).outputs.dicom, at("out/dicom"));
    const found = await pydicom(at("out/dicom/magnitude"));
    assert.deepEqual(found.patient, ["Doe^Jane", "007", ""]);
    const voxels = JSON.stringify([[0, 0, 0], [1, 1, 3], [1, 19, 25]]);
    const nifti = JSON.parse(await run(PYTHON, ["-c", SFORM, at("out/recon.nii.gz"), voxels]));
    assertPlaces(found.places, nifti);
  });
});
