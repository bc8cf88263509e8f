/** Raw data whose exponent is positive, as Siemens writes them: a dot lies where its header says. */
import assert from "node:assert/strict";
import type { Acquisition, Triple } from "../../src/mrd/values.ts";
import type { MrdHeader } from "../../src/mrd/xml_header.ts";
import type { NdArray } from "../../src/ndarray.ts";
import { readKspace } from "../../src/recon/open.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { reconReport } from "../../src/recon/report.ts";
import { inFolder } from "../io/support.ts";
import { type EncodingChange, lineOf, mrdHeader } from "../mri/raw/support.ts";
import { runtime } from "../runtime.ts";
import { writeRaw } from "./raw_support.ts";

/** K-space of a dot, `[coil, 2, partition and row, column]`, with the sign + or - (`sign`). */
function dotKspace([width, height, depth]: Triple, [x, y, z]: Triple, sign: 1 | -1): NdArray {
  const data = new Float32Array(2 * depth * height * width);
  const plane = depth * height * width;
  const cycles = (k: number, at: number, n: number) =>
    (k - Math.floor(n / 2)) * (at - Math.floor(n / 2)) / n;
  for (let i = 0; i < plane; i++) {
    const column = i % width, row = Math.floor(i / width) % height;
    const partition = Math.floor(i / (width * height));
    const turns = cycles(column, x, width) + cycles(row, y, height) + cycles(partition, z, depth);
    data[i] = Math.cos(2 * Math.PI * turns);
    data[plane + i] = sign * Math.sin(2 * Math.PI * turns);
  }
  return { data, shape: [1, 2, depth * height, width] };
}

const PLACE = {
  position: [10, 20, 30],
  readDir: [0, 1, 0],
  phaseDir: [0, 0, 1],
  sliceDir: [1, 0, 0],
} as const;

function dotLines(matrix: Triple, dot: Triple, sign: 1 | -1): Acquisition[] {
  const kspace = dotKspace(matrix, dot, sign);
  return Array.from({ length: matrix[1] * matrix[2] }, (_, line) =>
    lineOf(kspace, line, {
      ...PLACE,
      idx: {
        kspaceEncodeStep1: line % matrix[1],
        kspaceEncodeStep2: Math.floor(line / matrix[1]),
      },
    }));
}

const headerOf = (vendor: string | undefined, encoding: EncodingChange): MrdHeader => ({
  ...mrdHeader(encoding),
  system: { vendor },
});

/** The brightest voxel in LPS millimetres, and the part of the energy that lies elsewhere. */
async function brightest(path: string, fourierSign?: "+" | "-" | "auto") {
  using file = await readKspace(path, { runtime, fourierSign });
  const result = await reconstruct(file, { method: "rss", device: runtime });
  const { data, shape: [, rows, columns] } = result.magnitude;
  const most = data.reduce((best, value, i) => value > data[best] ? i : best, 0);
  const voxel = [most % columns, Math.floor(most / columns) % rows];
  voxel.push(Math.floor(most / (rows * columns)), 1);
  const { affine } = result.geometry!;
  const ras = [0, 1, 2].map((i) => voxel.reduce((sum, v, j) => sum + affine[4 * i + j] * v, 0));
  const energy = data.reduce((sum, value) => sum + value * value, 0);
  return {
    lps: [-ras[0], -ras[1], ras[2]].map((mm) => Math.round(mm * 1000) / 1000),
    elsewhere: 1 - data[most] ** 2 / energy,
    sign: reconReport(file, result).input.fourierSign,
  };
}

for (const [width, height] of [[8, 6], [7, 9], [8, 5], [13, 11]]) {
  Deno.test(`a dot of ${width} x ${height} lies at its millimetres for either sign`, () =>
    inFolder(async (at) => {
      const matrix: Triple = [width, height, 1], dot: Triple = [1, height - 1, 0];
      const encoding = { matrix, fieldOfView: [2 * width, 3 * height, 5] } as const;
      const mm = [
        10,
        20 + 2 * (1 - Math.floor(width / 2)),
        30 + 3 * (height - 1 - Math.floor(height / 2)),
      ];
      for (const [vendor, sign] of [["SIEMENS", 1], ["GE", -1], [undefined, -1]] as const) {
        const path = at(`${vendor}.h5`);
        await writeRaw(path, headerOf(vendor, encoding), dotLines(matrix, dot, sign));
        const found = await brightest(path);
        assert.deepEqual(found.lps, mm, `vendor ${vendor}`);
        assert.ok(found.elsewhere < 1e-6);
        assert.equal(found.sign!.sign, sign === 1 ? "+" : "-");
      }
    }));
}

Deno.test("the option wins over the vendor, in both directions", () =>
  inFolder(async (at) => {
    const matrix: Triple = [7, 5, 1], dot: Triple = [5, 1, 0];
    const mm = [10, 20 + 2, 30 - 1];
    const siemens = at("siemens.h5"), other = at("other.h5");
    await writeRaw(
      siemens,
      headerOf("Siemens Healthineers", { matrix }),
      dotLines(matrix, dot, -1),
    );
    await writeRaw(other, headerOf("Philips", { matrix }), dotLines(matrix, dot, 1));
    assert.deepEqual((await brightest(siemens, "-")).lps, mm);
    const taken = await brightest(other, "+");
    assert.deepEqual(taken.lps, mm);
    assert.deepEqual(taken.sign, { sign: "+", from: "option" });
    assert.deepEqual((await brightest(other)).lps, [10, 20 - 2, 30 + 1]);
  }));

for (const [x, y, z, kept] of [[10, 6, 3, 5], [12, 5, 4, 6], [7, 4, 6, 7]]) {
  Deno.test(`3-D: ${x} x ${y} x ${z} of Siemens turns its partitions and crops ${kept}`, () =>
    inFolder(async (at) => {
      const matrix: Triple = [x, y, z];
      const left = Math.floor(x / 2) - Math.floor(kept / 2);
      const dot: Triple = [left + 1, y - 1, 0];
      const header = headerOf("SIEMENS", {
        matrix,
        recon: [kept, y, z],
        reconFieldOfView: [kept, y, z],
        limits: {
          kspaceEncodeStep2: { minimum: 0, maximum: z - 1, center: Math.floor(z / 2) },
        },
      });
      const path = await writeRaw(at("raw.h5"), header, dotLines(matrix, dot, 1));
      const { lps, elsewhere } = await brightest(path);
      assert.deepEqual(lps, [
        10 - Math.floor(z / 2),
        20 + 1 - Math.floor(kept / 2),
        30 + y - 1 - Math.floor(y / 2),
      ]);
      assert.ok(elsewhere < 1e-6, `${elsewhere}`);
    }));
}
