/** Raw files whose header is not what the lines are: the image is right, or the run says why not. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import type { Acquisition } from "../../src/mrd/values.ts";
import type { MrdHeader } from "../../src/mrd/xml_header.ts";
import { Assembler } from "../../src/mri/raw/assembler.ts";
import { imagesOf } from "../../src/recon/mrd_images.ts";
import { type EncodingChange, mrdHeader } from "../mri/raw/support.ts";
import { relativeError } from "../mri/support.ts";
import { runtime } from "../runtime.ts";
import { bothWays, brainKspace, codes, linesOf } from "./raw_support.ts";

const SIZE = 48;
const kspace = await brainKspace(SIZE, 3);

async function refuses(header: MrdHeader, lines: readonly Acquisition[], message: RegExp) {
  const expected = (error: unknown) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, message);
    return true;
  };
  await assert.rejects(bothWays(header, lines), expected);
  await assert.rejects(async () => {
    const assembler = new Assembler(header);
    for (const line of lines) assembler.push(line);
    for (const bin of assembler.flush()) await bin.readSlice(runtime, 0);
  }, expected);
}

const partial = linesOf(kspace, { rows: [SIZE / 4, SIZE], firstRow: SIZE / 4 })
  .map((line): Acquisition => {
    const { header } = line, { idx } = header;
    const kspaceEncodeStep1 = idx.kspaceEncodeStep1 - SIZE / 4;
    return { ...line, header: { ...header, idx: { ...idx, kspaceEncodeStep1 } } };
  });
const withUser = partial.map((line) => {
  const { header } = line;
  const user = [0, 0, 0, 0, 0, SIZE / 4, 0, 0];
  return { ...line, header: { ...header, idx: { ...header.idx, user } } };
});
const partialHeader = (center: number) => {
  const limits = { kspaceEncodeStep1: { minimum: 0, maximum: 35, center } };
  return mrdHeader({ matrix: [SIZE, SIZE, 1], limits });
};

for (
  const [name, center, lines] of [
    ["missing", 0, partial],
    ["the middle of the matrix", 24, partial],
    ["wrong, and right in the acquisitions", 24, withUser],
  ] as const
) {
  Deno.test(`partial Fourier whose centre is ${name} gives the image of the right header`, async () => {
    const right = await bothWays(partialHeader(SIZE / 4), partial);
    assert.deepEqual(codes(right.fromFile), []);
    const { fromFile, streamed } = await bothWays(partialHeader(center), lines);
    assert.deepEqual(fromFile.magnitude, right.fromFile.magnitude);
    assert.deepEqual(streamed[0].magnitude, right.fromFile.magnitude);
    assert.deepEqual(fromFile.mask.partial?.rows, [SIZE / 4, SIZE]);
    assert.deepEqual(codes(fromFile), ["kspace-centre"]);
    assert.deepEqual(codes(streamed[0]), ["kspace-centre"]);
  });
}

for (const [stated, left] of [[96, 48], [72, 48], [90, 45]]) {
  Deno.test(`a header that states ${stated} samples of lines that have ${left}: the image is that of ${left}`, async () => {
    const cropped = left === SIZE ? kspace : await brainKspace(left, 3);
    const height = cropped.shape[2];
    const lines = linesOf(cropped);
    const spaces: EncodingChange = {
      matrix: [stated, height, 1],
      fieldOfView: [2 * stated, 2 * height, 5],
      recon: [left, height, 1],
      reconFieldOfView: [2 * left, 2 * height, 5],
    };
    const truth = await bothWays(mrdHeader({ matrix: [left, height, 1] }), lines);
    const old = lines.map((line) => ({
      ...line,
      header: { ...line.header, centerSample: Math.floor(stated / 2) },
    }));
    for (const some of [lines, old]) {
      const { fromFile, streamed } = await bothWays(mrdHeader(spaces), some);
      assert.deepEqual(fromFile.magnitude, truth.fromFile.magnitude);
      assert.deepEqual(streamed[0].magnitude, truth.fromFile.magnitude);
      assert.deepEqual(codes(fromFile), ["oversampling-removed"]);
      assert.deepEqual(codes(streamed[0]), ["oversampling-removed"]);
      assert.equal(fromFile.geometry!.affine[0], -2);
    }
  });
}

Deno.test("an asymmetric echo of half the samples is no readout without oversampling", async () => {
  const columns = [SIZE / 2 - 2, SIZE] as const;
  const header = mrdHeader({
    matrix: [SIZE, SIZE, 1],
    recon: [SIZE / 2 + 2, SIZE, 1],
    reconFieldOfView: [SIZE / 2 + 2, SIZE, 1],
  });
  const { fromFile } = await bothWays(header, linesOf(kspace, { columns }));
  assert.deepEqual(codes(fromFile), []);
});

Deno.test("2-D slices that are counted in encodedSpace.z come out as slices, with a warning", async () => {
  const header = mrdHeader({ matrix: [SIZE, SIZE, 3], fieldOfView: [SIZE, SIZE, 15] });
  const lines = [0, 1, 2].flatMap((slice) =>
    linesOf(kspace, { idx: { slice }, position: [0, 0, 6 * slice] })
  );
  const truth = await bothWays(mrdHeader({ matrix: [SIZE, SIZE, 1] }), linesOf(kspace));
  const { fromFile, streamed } = await bothWays(header, lines);
  assert.deepEqual(fromFile.magnitude.shape, [3, SIZE, SIZE]);
  assert.deepEqual(
    fromFile.magnitude.data.subarray(SIZE * SIZE, 2 * SIZE * SIZE),
    truth.fromFile.magnitude.data,
  );
  assert.deepEqual(codes(fromFile), ["slices-in-matrix"]);
  // Slices are 5 mm thick and 6 mm apart.
  assert.equal(fromFile.geometry!.sliceThickness, 5);
  assert.equal(fromFile.geometry!.affine[10], 6);
  assert.deepEqual(
    imagesOf(fromFile.magnitude, fromFile, 0).map(({ header }) => header.fieldOfView),
    [
      ...Array(3).fill([SIZE, SIZE, 5]),
    ],
  );
  assert.deepEqual(streamed.map(({ magnitude }) => magnitude.shape), [
    ...Array(3).fill([1, SIZE, SIZE]),
  ]);
  assert.ok(relativeError(streamed[2].magnitude.data, truth.fromFile.magnitude.data) < 1e-6);
});

Deno.test("partitions of a header without a depth are refused", async () => {
  const header = mrdHeader({ matrix: [SIZE, SIZE, 1] });
  const lines = [0, 1].flatMap((kspaceEncodeStep2) =>
    linesOf(kspace).map((line): Acquisition => {
      const idx = { ...line.header.idx, kspaceEncodeStep2 };
      return { ...line, header: { ...line.header, idx } };
    })
  );
  await assert.rejects(bothWays(header, lines), /partition/);
});

Deno.test("simultaneous slices are refused, by the element and by the free parameter", async () => {
  const parallelImaging = { acceleration: [1, 1], multibandFactor: 2 } as const;
  const lines = linesOf(kspace);
  const matrix = [SIZE, SIZE, 1] as const;
  await refuses(
    mrdHeader({ matrix, parallelImaging: { ...parallelImaging, calibrationMode: "other" } }),
    lines,
    /one by one are required, found 2 at once \(multiband\)/,
  );
  const single = { ...parallelImaging, multibandFactor: 1, calibrationMode: "other" } as const;
  const { fromFile } = await bothWays(mrdHeader({ matrix, parallelImaging: single }), lines);
  assert.deepEqual(codes(fromFile), []);
});

/** The lines with coordinates of their samples. */
function withTrajectory(at: (line: number, part: number) => readonly number[]): Acquisition[] {
  return linesOf(kspace).map((line, row) => {
    const points = Array.from({ length: SIZE }, (_, i) => at(row, i / (SIZE - 1) - 0.5));
    const header = { ...line.header, trajectoryDimensions: points[0].length };
    return { ...line, header, trajectory: Float32Array.from(points.flat()) };
  });
}

const plain = mrdHeader({ matrix: [SIZE, SIZE, 1] });

for (
  const [name, at] of [
    ["lines of a grid", (row: number, t: number) => [t, row / SIZE - 0.5]],
    ["the readout alone", (_: number, t: number) => [t, 0]],
    ["lines to and fro", (row: number, t: number) => [row % 2 ? t : -t, row / SIZE, 0]],
    ["one coordinate", (_: number, t: number) => [t]],
    ["zeros", () => [0, 0]],
  ] as const
) {
  Deno.test(`a trajectory beside Cartesian lines is accepted: ${name}`, async () => {
    const { fromFile, streamed } = await bothWays(plain, withTrajectory(at));
    assert.deepEqual(codes(fromFile), []);
    assert.equal(streamed.length, 1);
  });
}

for (
  const [name, at, found] of [
    [
      "radial",
      (row: number, t: number) => [t * Math.cos(row), t * Math.sin(row)],
      /an angle of 57 degrees/,
    ],
    [
      "spiral",
      (_: number, t: number) => [(t + 0.5) * Math.cos(9 * t), (t + 0.5) * Math.sin(9 * t)],
      /a curved line/,
    ],
  ] as const
) {
  Deno.test(`${name} lines under the name cartesian are refused`, () =>
    refuses(plain, withTrajectory(at), found));
}
