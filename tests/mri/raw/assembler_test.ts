/** From acquisitions to k-space: every line in its place, every image complete once. */
import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { Assembler } from "../../../src/mri/raw/assembler.ts";
import type { RawBin } from "../../../src/mri/raw/bin.ts";
import { type Acquisition, type Flag, flagBits } from "../../../src/mrd/values.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { randomArray, relativeError } from "../support.ts";
import { acquisitionHeader, type EncodingChange, lineOf, mrdHeader } from "./support.ts";
import { runtime } from "../../runtime.ts";

/** All rows of k-space `[C, 2, H, W]`. */
function lines(
  kspace: NdArray,
  change: (row: number) => Parameters<typeof lineOf>[2] = () => ({}),
) {
  return Array.from({ length: kspace.shape[2] }, (_, row) => lineOf(kspace, row, change(row)));
}

const encoded = ([, , height, width]: readonly number[]): EncodingChange => ({
  matrix: [width, height, 1],
});

/** All bins of some acquisitions. */
function assemble(acquisitions: readonly Acquisition[], ...encodings: EncodingChange[]): RawBin[] {
  const assembler = new Assembler(mrdHeader(...encodings));
  const bins = acquisitions.flatMap((acquisition) => assembler.push(acquisition));
  return [...bins, ...assembler.flush()];
}

const planeOf = (bin: RawBin) => bin.readSlice(runtime, 0);

for (const [height, width] of [[6, 8], [5, 7], [1, 4]]) {
  Deno.test(`lines in any order make k-space of ${height} x ${width}`, async () => {
    const kspace = randomArray([3, 2, height, width]);
    const [bin, ...rest] = assemble(lines(kspace).toReversed(), encoded(kspace.shape));
    assert.deepEqual(rest, []);
    assert.deepEqual(await planeOf(bin), kspace);
    assert.equal(bin.lines, height);
  });

  Deno.test(`reversed and shortened lines land in place in ${height} x ${width}`, async () => {
    const kspace = randomArray([2, 2, height, width], 2);
    const reversed = assemble(
      lines(kspace, (row) => row % 2 === 0 ? {} : { reversed: true, flags: flagBits("reverse") }),
      encoded(kspace.shape),
    );
    assert.deepEqual(await planeOf(reversed[0]), kspace);
    const first = 1, end = width;
    const [echo] = assemble(
      lines(kspace, () => ({ columns: [first, end] })),
      encoded(kspace.shape),
    );
    const found = await planeOf(echo);
    found.data.forEach((value, i) =>
      assert.equal(value, i % width < first ? 0 : kspace.data[i], `element ${i}`)
    );
  });
}

Deno.test("samples to discard leave their columns empty, in reversed lines too", async () => {
  const kspace = randomArray([1, 2, 2, 8]);
  const discarded = lines(kspace, (row) => ({
    discardPre: 1,
    discardPost: 2,
    ...(row === 1 && { reversed: true, flags: flagBits("reverse") }),
  }));
  const { data } = await planeOf(assemble(discarded, encoded(kspace.shape))[0]);
  data.forEach((value, i) => {
    const column = i % 8, row = Math.floor(i / 8) % 2;
    const kept = row === 0 ? column >= 1 && column < 6 : column >= 2 && column < 7;
    assert.equal(value, kept ? kspace.data[i] : 0, `row ${row}, column ${column}`);
  });
});

Deno.test("counters are placed about the centre of the limits, as in the documentation", async () => {
  const kspace = randomArray([1, 2, 140, 4]);
  // 84 lines whose 28th is the centre: DC is row 70, so the first one is row 42.
  const acquired = Array.from({ length: 84 }, (_, i) => lineOf(kspace, 42 + i, { firstRow: 42 }));
  const limits = { kspaceEncodeStep1: { minimum: 0, maximum: 83, center: 28 } };
  const [bin] = assemble(acquired, { matrix: [4, 140, 1], limits });
  const found = await planeOf(bin);
  for (const row of [41, 42, 70, 125, 126]) {
    const inside = row >= 42 && row < 126;
    assert.equal(found.data[row * 4], inside ? kspace.data[row * 4] : 0, `row ${row}`);
  }
  assert.deepEqual(bin.partial, { rows: [42, 126], columns: undefined });
});

Deno.test("averages are combined by the inverse of their variance", async () => {
  const [a, b, c] = [1, 2, 3].map((seed) => randomArray([2, 2, 4, 6], seed));
  const averages = [
    ...lines(a, () => ({ sampleTimeUs: 2, idx: { average: 0 } })),
    ...lines(b, () => ({ sampleTimeUs: 6, idx: { average: 1 } })),
    lineOf(c, 3, { sampleTimeUs: 8, idx: { kspaceEncodeStep1: 3, average: 2 } }),
  ];
  const { data } = await planeOf(assemble(averages, encoded(a.shape))[0]);
  const expected = a.data.map((value, i) => {
    const mean = (2 * value + 6 * b.data[i]) / 8;
    return Math.floor(i / 6) % 4 === 3 ? (8 * mean + 8 * c.data[i]) / 16 : mean;
  });
  assert.ok(relativeError(data, expected) < 1e-6);
});

Deno.test("an image ends with the last line of its slice, and no later", () => {
  const kspace = randomArray([1, 2, 4, 4]);
  const assembler = new Assembler(mrdHeader(encoded(kspace.shape)));
  const ended: string[] = [];
  for (const repetition of [0, 1]) {
    for (let row = 0; row < 4; row++) {
      for (const slice of [0, 1]) {
        const flags = row === 3 ? flagBits("lastInSlice") : 0n;
        const line = lineOf(kspace, row, {
          flags,
          idx: { kspaceEncodeStep1: row, slice, repetition },
        });
        for (const { counters } of assembler.push(line)) {
          ended.push(`${counters.repetition}.${counters.slice} at row ${row}`);
        }
      }
    }
  }
  assert.deepEqual(ended, ["0.0 at row 3", "0.1 at row 3", "1.0 at row 3", "1.1 at row 3"]);
  assert.deepEqual(assembler.flush(), []);
  const late = lineOf(kspace, 0, { idx: { kspaceEncodeStep1: 0, average: 1 } });
  assert.throws(() => assembler.push(late), /its image has ended before/);
});

Deno.test("the last of a slice counts in the last average only", () => {
  const kspace = randomArray([1, 2, 2, 4]);
  const limits = { average: { minimum: 0, maximum: 1, center: 0 } };
  const assembler = new Assembler(mrdHeader({ ...encoded(kspace.shape), limits }));
  const counts = [0, 1].flatMap((average) =>
    [0, 1].map((row) => {
      const flags = row === 1 ? flagBits("lastInSlice") : 0n;
      return assembler.push(
        lineOf(kspace, row, { flags, idx: { kspaceEncodeStep1: row, average } }),
      ).length;
    })
  );
  assert.deepEqual(counts, [0, 0, 0, 1]);
});

Deno.test("without flags a later repetition ends the earlier one, and flush the rest", () => {
  const kspace = randomArray([1, 2, 2, 4]);
  const assembler = new Assembler(mrdHeader(encoded(kspace.shape)));
  const push = (row: number, repetition: number) =>
    assembler.push(lineOf(kspace, row, { idx: { kspaceEncodeStep1: row, repetition } }));
  assert.deepEqual([push(0, 0), push(1, 0)].map((bins) => bins.length), [0, 0]);
  assert.deepEqual(push(0, 1).map(({ counters }) => counters.repetition), [0]);
  assert.deepEqual(push(1, 1), []);
  assert.deepEqual(assembler.flush().map(({ counters }) => counters.repetition), [1]);
});

for (const flag of ["lastInRepetition", "lastInMeasurement"] as const) {
  Deno.test(`${flag} ends all slices`, () => {
    const kspace = randomArray([1, 2, 1, 4]);
    const assembler = new Assembler(mrdHeader(encoded(kspace.shape)));
    assert.deepEqual(assembler.push(lineOf(kspace, 0, { idx: { slice: 4 } })), []);
    const bins = assembler.push(lineOf(kspace, 0, { flags: flagBits(flag), idx: { slice: 9 } }));
    assert.deepEqual(bins.map(({ counters }) => counters.slice), [4, 9]);
  });
}

Deno.test("images are told apart by each of their counters, not by averages or segments", () => {
  const kspace = randomArray([1, 2, 4, 4]);
  const counters = ["slice", "contrast", "phase", "repetition", "set"] as const;
  const different = counters.map((name) => lineOf(kspace, 0, { idx: { [name]: 1 } }));
  const segments = lines(kspace, (row) => ({ idx: { kspaceEncodeStep1: row, segment: row % 2 } }));
  assert.equal(assemble([...segments, ...different], encoded(kspace.shape)).length, 6);
});

Deno.test("lines that are no image are passed over", () => {
  const kspace = randomArray([1, 2, 2, 4]);
  const others: Flag[] = ["navigation", "phaseCorrection", "dummyScan", "highPriorityFeedback"];
  const skipped = others.map((flag) => lineOf(kspace, 0, { flags: flagBits(flag) }));
  const [bin, ...rest] = assemble([...skipped, ...lines(kspace)], encoded(kspace.shape));
  assert.equal(bin.lines, 2);
  assert.deepEqual(rest, []);
});

Deno.test("calibration lines are part of the image when embedded, and apart when separate", async () => {
  const kspace = randomArray([2, 2, 8, 6]);
  const calibration = flagBits("calibration"), both = flagBits("calibrationAndImaging");
  const all = lines(kspace, (row) => ({
    flags: row % 2 === 0 ? row > 2 && row < 6 ? both : 0n : calibration,
  })).filter((_, row) => row % 2 === 0 || (row > 2 && row < 6));
  for (const mode of ["embedded", "interleaved", "separate"] as const) {
    const parallelImaging = { acceleration: [2, 1], calibrationMode: mode } as const;
    const [bin] = assemble(all, { ...encoded(kspace.shape), parallelImaging });
    assert.equal(bin.lines, mode === "separate" ? 4 : 6);
    assert.equal(bin.hasCalibration, mode === "separate");
  }
  const parallelImaging = { acceleration: [2, 1], calibrationMode: "separate" } as const;
  const apart = [
    ...lines(kspace, () => ({ flags: calibration })).slice(2, 7),
    ...lines(kspace).filter((_, row) => row % 2 === 0),
  ];
  const [bin] = assemble(apart, { ...encoded(kspace.shape), parallelImaging });
  const block = (await bin.readCalibration(runtime, 0))!;
  assert.deepEqual(block.shape, [2, 2, 5, 6]); // rows 2 to 6 about row 4
  assert.equal(block.data[0], kspace.data[2 * 6]);
});

/** What is wrong with one line, and what the message says. */
const kspace = randomArray([2, 2, 4, 6]);
const good = lineOf(kspace, 1);
const bad = (samples: Float32Array, change: Partial<Acquisition["header"]> = {}): Acquisition => ({
  ...good,
  samples,
  header: { ...good.header, ...change },
});
const WRONG: Record<string, [Acquisition, RegExp]> = {
  "too few samples": [bad(good.samples.slice(2)), /24 values of samples is required, found 22/],
  "NaN": [bad(good.samples.with(5, NaN)), /finite samples is required, found NaN/],
  "infinity": [bad(good.samples.with(0, -Infinity)), /finite samples is required, found -Infinity/],
  "no samples": [
    bad(new Float32Array(), { numberOfSamples: 0 }),
    /at least one sample and channel/,
  ],
  "no channels": [
    bad(new Float32Array(), { activeChannels: 0 }),
    /at least one sample and channel/,
  ],
  "another encoding": [bad(good.samples, { encodingSpaceRef: 9 }), /one of the 1 encodings/],
  "a line beyond the matrix": [lineOf(kspace, 1, { idx: { kspaceEncodeStep1: 4 } }), /row 4/],
  "an echo beyond the line": [bad(good.samples, { centerSample: 60 }), /the centre at 60/],
  "everything discarded": [bad(good.samples, { discardPre: 4, discardPost: 4 }), /found -2 of 6/],
  "a position of NaN": [bad(good.samples, { position: [0, NaN, 0] }), /a finite position/],
  "compressed data": [bad(good.samples, { flags: flagBits("compression2") }), /uncompressed/],
  "a trajectory that is not there": [bad(good.samples, { trajectoryDimensions: 2 }), /trajectory/],
  "the same line twice": [lineOf(kspace, 0), /line 0,.* each line once is required/],
  "another number of coils": [
    lineOf(randomArray([3, 2, 4, 6]), 2),
    /2 coils are required.*found 3/,
  ],
};
for (const [name, [acquisition, message]] of Object.entries(WRONG)) {
  Deno.test(`push() refuses ${name}, and the next line may come`, () => {
    const assembler = new Assembler(mrdHeader(encoded(kspace.shape)));
    assembler.push(lineOf(kspace, 0));
    assert.throws(() => assembler.push(acquisition), (error: unknown) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return true;
    });
    assembler.push(good);
    assert.equal(assembler.flush()[0].lines, 2);
  });
}

Deno.test("an assembler holds no more than it is allowed", () => {
  const line = 8 * 2 * 6, image = 4 * line;
  const assembler = new Assembler(mrdHeader(encoded(kspace.shape)), { maxBytes: image });
  const push = (row: number, slice: number) =>
    assembler.push(lineOf(kspace, row, { idx: { kspaceEncodeStep1: row, slice } }));
  for (const [row, slice] of [[0, 0], [1, 0], [0, 1], [1, 1]]) push(row, slice);
  assert.equal(assembler.heldBytes, image);
  assert.throws(() => push(2, 0), /at most 384 bytes are allowed, found 384 .* and 384 that wait/);
  assembler.flush();
  assert.equal(assembler.heldBytes, 0);
  // A few samples of a header that announces a large image are refused before anything is made.
  const large = new Assembler(mrdHeader({ matrix: [6, 65535, 1] }), { maxBytes: image });
  assert.throws(() => large.push(good), /found 6291360 for k-space/);
});

Deno.test("a header is refused whose only encoding is spiral, or too large", () => {
  const header = (change: Partial<EncodingChange>) => mrdHeader({ matrix: [4, 4, 1], ...change });
  assert.throws(() => new Assembler(header({ trajectory: "spiral" })), /found spiral/);
  const matrix = [65535, 65535, 65535] as const;
  assert.throws(() => new Assembler(header({ matrix })), /at most 2147483648 points/);
});

Deno.test("a noise scan of another number of coils is refused", async () => {
  const noise = acquisitionHeader({
    flags: flagBits("noise"),
    numberOfSamples: 8,
    activeChannels: 3,
  });
  const [bin] = assemble(
    [{ header: noise, samples: randomArray([48]).data, trajectory: new Float32Array() }, good],
    encoded(kspace.shape),
  );
  await assert.rejects(bin.readSlice(runtime, 0), /a noise scan of 2 coils is required, found 3/);
});
