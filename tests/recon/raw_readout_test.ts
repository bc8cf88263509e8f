/** Raw lines whose readout, echo or calibration flags are not what the header says. */
import assert from "node:assert/strict";
import { flagBits } from "../../src/mrd/values.ts";
import { zeros } from "../../src/ndarray.ts";
import { type EncodingChange, mrdHeader } from "../mri/raw/support.ts";
import { bothWays, brainKspace, codes, linesOf } from "./raw_support.ts";

const SIZE = 48;
const kspace = await brainKspace(SIZE, 3);

for (const size of [48, 45]) {
  Deno.test(`a matrix of ${size} samples for twice the field of view of ${size} pixels is that of the image`, async () => {
    const lines = linesOf(await brainKspace(size, 3));
    const truth = await bothWays(mrdHeader({ matrix: [size, size, 1] }), lines);
    const spaces: EncodingChange = {
      matrix: [size, size, 1],
      fieldOfView: [4 * size, 2 * size, 5],
      reconFieldOfView: [2 * size, 2 * size, 5],
    };
    const { fromFile, streamed } = await bothWays(mrdHeader(spaces), lines);
    assert.deepEqual(fromFile.magnitude, truth.fromFile.magnitude);
    assert.deepEqual(streamed[0].magnitude, truth.fromFile.magnitude);
    assert.deepEqual(codes(fromFile), ["oversampling-removed"]);
    assert.equal(fromFile.geometry!.affine[0], -2);
  });
}

Deno.test("a readout whose object keeps to the middle half is interpolated as its header says", async () => {
  const width = 96, kept = 40;
  const points = (place: number) => {
    const kspace = zeros([2, 2, kept, width]);
    for (let i = 0; i < kept * width; i++) {
      const turn = 2 * Math.PI * place * (i % width - width / 2) / width;
      // Brighter at the centre of the phase encoding, as k-space is.
      const size = 1 / (1 + Math.abs(Math.floor(i / width) - kept / 2));
      kspace.data[i] = kspace.data[2 * kept * width + i] = size * Math.cos(turn);
      kspace.data[kept * width + i] = size * Math.sin(turn);
    }
    return linesOf(kspace);
  };
  const spaces: EncodingChange = {
    matrix: [width, kept, 1],
    fieldOfView: [2 * width, kept, 5],
    reconFieldOfView: [width, kept, 5],
  };
  const at = async (place: number) =>
    codes((await bothWays(mrdHeader(spaces), points(place))).fromFile);
  assert.deepEqual(await at(10), ["readout-interpolated"]);
  assert.deepEqual(await at(-40), ["oversampling-removed"]);
});

for (const centerSample of [0, 10, SIZE / 2 - 1]) {
  Deno.test(`whole lines whose center_sample is ${centerSample} have one place`, async () => {
    const lines = linesOf(kspace);
    const wrong = lines.map((line) => ({ ...line, header: { ...line.header, centerSample } }));
    const header = mrdHeader({ matrix: [SIZE, SIZE, 1] });
    const right = await bothWays(header, lines);
    const { fromFile, streamed } = await bothWays(header, wrong);
    assert.deepEqual(fromFile.magnitude, right.fromFile.magnitude);
    assert.deepEqual(streamed[0].magnitude, right.fromFile.magnitude);
    assert.deepEqual(codes(fromFile), []);
  });
}

Deno.test("an asymmetric echo that is not where center_sample says is told of", async () => {
  const lines = linesOf(kspace, { columns: [12, SIZE] });
  const header = mrdHeader({ matrix: [SIZE, SIZE, 1] });
  assert.deepEqual(codes((await bothWays(header, lines)).fromFile), []);
  const wrong = lines.map((line) => ({ ...line, header: { ...line.header, centerSample: 18 } }));
  const { fromFile, streamed } = await bothWays(header, wrong);
  assert.deepEqual(codes(fromFile), ["readout-centre"]);
  assert.deepEqual(codes(streamed[0]), ["readout-centre"]);
  assert.match(fromFile.warnings[0].message, /at sample 18 .*, the data at sample 1[123]/);
});

for (const all of [false, true]) {
  Deno.test(`lines flagged 20 between those of the image are lines of it (${all ? "all of a block" : "the others"})`, async () => {
    const isBlock = (y: number) => y >= SIZE / 2 - 8 && y < SIZE / 2 + 8;
    const flags = flagBits("calibration");
    const lines = linesOf(kspace).filter((_, y) => y % 2 === 0 || isBlock(y));
    const marked = lines.map((line) => {
      const y = line.header.idx.kspaceEncodeStep1;
      const isMarked = isBlock(y) && (all || y % 2 === 1);
      return isMarked ? { ...line, header: { ...line.header, flags } } : line;
    });
    const header = mrdHeader({ matrix: [SIZE, SIZE, 1] });
    const plain = await bothWays(header, lines, "sense");
    const { fromFile, streamed } = await bothWays(header, marked, "sense");
    assert.deepEqual(fromFile.magnitude, plain.fromFile.magnitude);
    assert.deepEqual(streamed[0].magnitude, plain.fromFile.magnitude);
    assert.equal(fromFile.mask.acs, 17);
  });
}
