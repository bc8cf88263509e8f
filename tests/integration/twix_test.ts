/** PyPI's twixtools and pymapvbvd as judges of Siemens raw data. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readKspace } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { runtime } from "../runtime.ts";
import { openTwix } from "../../src/io/twix/open.ts";
import type { Acquisition } from "../../src/mrd/values.ts";
import { Rng } from "../../src/rng.ts";
import { inFolder } from "../io/support.ts";
import { vbFile, vdFile } from "../io/twix/writer.ts";
import { DATA, needsData, ROOT, run, testWith } from "../tools.ts";
import { needsPypi, VENV_PYTHON } from "./python.ts";

const PHANTOM = "kspace/twix_gre_phantom.dat";
const JUDGES = { twixtools: "twixtools", mapvbvd: "pymapvbvd" } as const;
type Judge = keyof typeof JUDGES;

interface Judged {
  /** `[line, coil, sample, re/im]`. */
  readonly samples: Float32Array;
  readonly shape: readonly number[];
  readonly directions?: readonly (readonly number[])[];
}

async function judged(judge: Judge, path: string, out: string): Promise<Judged> {
  const script = join(ROOT, "tests/integration/twix_judge.py");
  const { shape, directions } = JSON.parse(await run(VENV_PYTHON, [script, judge, path, out]));
  const { buffer } = await Deno.readFile(out);
  return { samples: new Float32Array(buffer), shape, directions: directions ?? undefined };
}

async function ours(path: string): Promise<Acquisition[]> {
  using file = await openTwix(path);
  return await file.read(Array.from({ length: file.acquisitionCount }, (_, i) => i));
}

function sameSamples(acquisitions: readonly Acquisition[], { samples, shape }: Judged): void {
  const [{ header: { activeChannels, numberOfSamples } }] = acquisitions;
  assert.deepEqual(shape, [acquisitions.length, activeChannels, numberOfSamples]);
  const all = acquisitions.flatMap((each) => [...each.samples]);
  assert.equal(all.length, samples.length);
  assert.equal(all.findIndex((value, i) => value !== samples[i]), -1);
}

for (const judge of Object.keys(JUDGES) as Judge[]) {
  testWith(
    needsPypi(judge) ?? needsData(PHANTOM),
    `${JUDGES[judge]} reads the same k-space from twix_gre_phantom.dat, sample by sample`,
    () =>
      inFolder(async (at) => {
        const path = join(DATA, PHANTOM);
        const acquisitions = await ours(path);
        assert.equal(acquisitions.length, 160);
        const theirs = await judged(judge, path, at("k"));
        sameSamples(acquisitions, theirs);
        const [{ header: { phaseDir, readDir, sliceDir } }] = acquisitions;
        // Columns of the judge, which turns readout and phase for images of an inverse transform.
        theirs.directions?.forEach((row, i) => {
          [-phaseDir[i], -readDir[i], sliceDir[i]].forEach((value, j) =>
            assert.ok(Math.abs(value - row[j]) < 1e-6, `${row}`)
          );
        });
      }),
  );

  for (const [software, write] of Object.entries({ VB: vbFile, VD: vdFile })) {
    testWith(
      needsPypi(judge),
      `${JUDGES[judge]} reads the same from a ${software} file as the tests write it`,
      () =>
        inFolder(async (at) => {
          const rng = new Rng(1);
          const coil = () => Float32Array.from({ length: 24 }, () => rng.normal());
          // Turned by 0.3 about an oblique axis.
          const quaternion = [
            Math.cos(0.15),
            0,
            0.6 * Math.sin(0.15),
            0.8 * Math.sin(0.15),
          ] as const;
          const scans = [0, 1, 2, 3, 4].map((line) => ({
            line,
            quaternion,
            coils: [coil(), coil()],
          }));
          await Deno.writeFile(at("x.dat"), write({ scans }));
          const theirs = await judged(judge, at("x.dat"), at("k"));
          const acquisitions = await ours(at("x.dat"));
          sameSamples(acquisitions, theirs);
          const [{ header: { readDir } }] = acquisitions;
          theirs.directions?.forEach((row, i) => {
            assert.ok(Math.abs(row[1] + readDir[i]) < 1e-6);
          });
        }),
    );
  }
}

testWith(
  needsData(PHANTOM),
  "twix_gre_phantom.dat shows the phantom with its air in front, as gravity has it",
  async () => {
    using file = await readKspace(join(DATA, PHANTOM), { runtime });
    const { magnitude: { data, shape }, geometry } = await reconstruct(file, {
      method: "rss",
      device: runtime,
    });
    assert.deepEqual([...shape], [1, 160, 160]);
    // Rows go backwards in the patient, who lay on the back: RAS y falls by a pixel of 1.25 mm.
    assert.ok(geometry!.known && Math.abs(geometry!.affine[5] + 1.249) < 1e-3);
    const mean = (rows: readonly [number, number]) => {
      let sum = 0;
      for (let y = rows[0]; y < rows[1]; y++) {
        for (let x = 50; x < 75; x++) sum += data[160 * y + x];
      }
      return sum / 25 / (rows[1] - rows[0]);
    };
    // Water stands level from row 14 down to the bottom of the phantom at row 152.
    const [air, water, bottom, outside] = [[2, 11], [17, 26], [140, 149], [155, 160]] as const;
    assert.ok(mean(air) < 0.2 * mean(water) && mean(outside) < 0.2 * mean(bottom));
  },
);
