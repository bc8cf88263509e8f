/** The fixed headers, byte by byte. */
import {
  ACQUISITION,
  acquisitionLengths,
  type HeaderFormat,
  IMAGE,
  WAVEFORM,
} from "../../../src/io/mrd/headers.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { flagBits, FLAGS, hasFlag } from "../../../src/mrd/values.ts";
import { acquisitionHeader } from "../../mri/raw/support.ts";

/** Headers of the sizes that the C structs have, any bytes (no NaN, which does not compare). */
const bytesOf = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size, max: 126 }).map((bytes) => bytes.slice());

const HEADERS = {
  "an acquisition": { size: 340, format: ACQUISITION },
  "an image": { size: 198, format: IMAGE },
} as const;

for (const [name, { size, format }] of Object.entries(HEADERS)) {
  Deno.test(`the header of ${name} is ${size} bytes that are all read and written`, () => {
    fc.assert(fc.property(bytesOf(size), (bytes) => {
      assert.deepEqual((format as HeaderFormat<unknown>).encode(format.parse(bytes)), bytes);
    }));
    assert.throws(() => format.parse(new Uint8Array(size - 1)), InputError);
  });
}

Deno.test("the header of a waveform has holes where C aligns it", () => {
  const header = {
    version: 1,
    flags: 1n << 63n,
    measurementUid: 2,
    scanCounter: 3,
    timeStamp: 4,
    numberOfSamples: 5,
    channels: 6,
    sampleTimeUs: 7.5,
    waveformId: 1024,
  };
  const bytes = WAVEFORM.encode(header);
  assert.equal(bytes.length, 40);
  assert.deepEqual(WAVEFORM.parse(bytes), header);
  const view = new DataView(bytes.buffer);
  assert.equal(view.getBigUint64(8, true), 1n << 63n);
  assert.equal(view.getFloat32(32, true), 7.5);
  assert.equal(view.getUint16(36, true), 1024);
  assert.throws(() => WAVEFORM.parse(bytes.subarray(1)), InputError);
});

Deno.test("fields of an acquisition lie where ismrmrd.h puts them", () => {
  const view = new DataView(new ArrayBuffer(400), 30); // not at the start of its buffer
  view.setBigUint64(2, 1n << 18n | 1n << 63n, true);
  view.setUint16(34, 256, true);
  view.setUint16(38, 32, true);
  view.setBigUint64(40 + 8 * 15, 0xffff_ffff_ffff_ffffn, true);
  view.setUint16(172, 128, true);
  view.setUint16(176, 2, true);
  view.setFloat32(190, -12.5, true);
  view.setUint16(242, 17, true);
  view.setUint16(254, 3, true);
  view.setInt32(276 + 28, -5, true);
  view.setFloat32(308 + 28, 0.25, true);
  const header = ACQUISITION.parse(new Uint8Array(view.buffer, 30, 340));
  assert.ok(hasFlag(header, "noise") && hasFlag(header, "user8"));
  assert.ok(!hasFlag(header, "lastInSlice", "reverse"));
  assert.equal(header.channelMask[15], 0xffff_ffff_ffff_ffffn);
  assert.equal(header.position[2], -12.5);
  assert.equal(header.idx.kspaceEncodeStep1, 17);
  assert.equal(header.idx.repetition, 3);
  assert.equal(header.userInt[7], -5);
  assert.equal(header.userFloat[7], 0.25);
  assert.deepEqual(acquisitionLengths(header), { samples: 2 * 256 * 32, trajectory: 512 });
});

Deno.test("a header that is written and read is the same, 64-bit masks included", () => {
  const header = acquisitionHeader({
    flags: flagBits("firstInSlice", "user8"),
    channelMask: Array.from({ length: 16 }, (_, i) => 2n ** 64n - 1n - BigInt(i)),
    idx: { slice: 65535, user: [1, 2, 3, 4, 5, 6, 7, 8] },
  });
  assert.deepEqual(ACQUISITION.parse(ACQUISITION.encode(header)), header);
});

Deno.test("flags have the numbers of ismrmrd.h", () => {
  assert.equal(FLAGS.noise, 19);
  assert.equal(FLAGS.lastInMeasurement, 25);
  assert.equal(flagBits("firstInEncodeStep1"), 1n);
  assert.equal(flagBits("user8"), 1n << 63n);
});
