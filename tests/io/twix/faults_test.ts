/** Siemens raw data that cannot become an image, and damaged files. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { readKspace } from "../../../src/recon/open.ts";
import { runtime } from "../../runtime.ts";
import { inFolder, same } from "../support.ts";
import { KSPACE, noiseScan, opened, refused, row, rows, WRITERS } from "./support.ts";
import { type MeasurementSpec, vbFile, vdFile } from "./writer.ts";

const UNSUPPORTED: readonly [string, Partial<MeasurementSpec>, RegExp][] = [
  ["EPI", { protocol: { "sFastImaging.lEPIFactor": 64 } }, /EPI \(factor 64\) needs its ghosts/],
  ["radial", { protocol: { "sKSpace.ucTrajectory": "0x2" } }, /Cartesian .* found radial/],
  ["BLADE", { protocol: { "sKSpace.ucTrajectory": 8 } }, /Cartesian .* found other/],
  [
    "multiband",
    { protocol: { "sSliceAcceleration.lMultiBandFactor": 2 } },
    /together \(factor 2\)/,
  ],
  [
    "multiband by its flags",
    { scans: [row(KSPACE, 0, { flags: ["multibandReference"] }), ...rows()] },
    /excited together,/,
  ],
  [
    "ramps",
    { meas: '<ParamLong."alRegridMode">  { 2 1  }' },
    /samples on the ramps .* need regridding/,
  ],
  ["swapped axes", { scans: rows(KSPACE, { flags: ["swapped"] }) }, /swapped/],
  ["no resolution", { protocol: { "sKSpace.lBaseResolution": undefined } }, /lBaseResolution/],
  ["a field of view of 0", { protocol: { "sSliceArray.asSlice[0].dPhaseFOV": 0 } }, /dPhaseFOV/],
  ["no image", { scans: [noiseScan([0, 1], 0)] }, /lines of an image is required/],
];
for (const [name, change, message] of UNSUPPORTED) {
  Deno.test(`${name}: refused with the reason`, async () => {
    await refused(vdFile({ scans: rows(), ...change }), message);
    await refused(vbFile({ scans: rows(), ...change }), message);
  });
}

Deno.test("a file that is cut is refused; without the mark of its end it is warned of", async () => {
  for (const write of [vbFile, vdFile]) {
    const whole = write({ scans: rows(), ended: false });
    const data = whole.length - (write === vdFile ? 700 : 30);
    await refused(whole.subarray(0, data), /after 4 scans: .* required, found/);
  }
  await opened(vbFile({ scans: rows(), ended: false }), async (file) => {
    assert.deepEqual(file.warnings?.map(({ code }) => code), ["measurement-cut-off"]);
    same(await file.readSlice(0), KSPACE);
  });
  await refused(vdFile({ scans: [...rows(), row(KSPACE, 1, { uid: 7 })] }), /after 5 scans/);
});

const damage = fc.array(
  fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 255))),
  {
    minLength: 1,
    maxLength: 5,
  },
);
for (const [software, write] of Object.entries(WRITERS)) {
  Deno.test(`${software}: damage ends in an InputError or in arrays of the announced shape`, () =>
    inFolder(async (at) => {
      const whole = write({ scans: rows(), sync: 40 });
      // Padding is skipped: the table, the texts and the scans are what damage can reach.
      const used = [...whole.keys()].filter((i) => whole[i] !== 0);
      const survives = fc.asyncProperty(
        damage,
        fc.boolean(),
        fc.nat(whole.length),
        async (bytes, isCut, keep) => {
          const damaged = isCut ? whole.slice(0, keep) : whole.slice();
          for (const [place, value] of bytes) {
            // In or beside what is used.
            damaged[(used[place % used.length] + place % 3) % whole.length] = value;
          }
          await Deno.writeFile(at("x"), damaged);
          try {
            using file = await readKspace(at("x"), { runtime });
            assert.ok(file.coils * file.height * file.width < 1e8);
            const { shape } = await file.readSlice(0);
            assert.deepEqual([...shape], [file.coils, 2, file.height, file.width]);
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
          }
        },
      );
      await fc.assert(survives, { numRuns: 200 });
    }));
}
