/** Reading PNG. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { decodePng, encodePng, encodePngRgb } from "../../src/io/png.ts";
import { ndarray } from "../../src/ndarray.ts";

Deno.test("decodePng gives what encodePng wrote, in 8 and 16 bits, and colours", () => {
  const image = ndarray(Float32Array.of(0, 0.25, 0.5, 0.75, 1, 0.1), [2, 3]);
  for (const [bits, tolerance] of [[8, 0.002], [16, 1e-5]] as const) {
    const { data, shape } = decodePng(encodePng(image, bits), "a.png");
    assert.deepEqual(shape, [1, 2, 3]);
    data.forEach((value, i) => assert.ok(Math.abs(value - image.data[i]) < tolerance, `${bits}`));
  }
  const pixels = Uint8Array.of(255, 0, 51, 0, 255, 102);
  const { data, shape } = decodePng(encodePngRgb(pixels, 1, 2), "c.png");
  assert.deepEqual(shape, [3, 1, 2]);
  assert.deepEqual([...data.map((value) => Math.round(255 * value))], [255, 0, 0, 255, 51, 102]);
});

Deno.test("a damaged PNG, or another file, is refused", () => {
  const whole = encodePng(ndarray(new Float32Array(64), [8, 8]));
  for (const bytes of [whole.subarray(0, 40), whole.subarray(0, 9), Uint8Array.of(1, 2, 3)]) {
    assert.throws(() => decodePng(bytes, "b.png"), InputError);
  }
  const huge = whole.slice();
  huge.set([0, 255, 255, 255, 0, 255, 255, 255], 16);
  assert.throws(() => decodePng(huge, "h.png"), InputError);
});

/** A chunk of a PNG with its right checksum: without it nothing behind the header would be looked at. */
function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), data.length + 8);
  return bytes;
}

const SIDES = [0, 0, 0, 9, 0, 0, 0, 8];
/** Header, palette, transparency and pixels of 16 bits in colour, of a palette, and of 4 bits, interlaced. */
const KINDS = [
  { header: [...SIDES, 16, 2, 0, 0, 0], pixels: 8 * (1 + 54) },
  { header: [...SIDES, 8, 3, 0, 0, 0], pixels: 8 * (1 + 9) },
  { header: [...SIDES, 4, 0, 0, 0, 1], pixels: 100 },
];

const png = (chunks: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...chunks.map(([type, data]) => chunk(type, data)),
  ]);

Deno.test("a PNG that does not hold the pixels that it announces, or more, is refused", () => {
  const size = (side: number) => [0, 0, side >> 8, side & 255];
  for (const interlaced of [0, 1]) {
    const header = (side: number) =>
      Uint8Array.from([...size(side), ...size(side), 8, 0, 0, 0, interlaced]);
    for (const [side, bytes] of [[8, 10], [8, 4e7], [4096, 10], [4097, 4097 * 4098]]) {
      const chunks = [
        ["IHDR", header(side)],
        ["IDAT", deflateSync(new Uint8Array(bytes))],
        ["IEND", new Uint8Array()],
      ] as const;
      assert.throws(() => decodePng(png(chunks), "p.png"), InputError, `${side}: ${bytes}`);
    }
  }
});

Deno.test("a damaged PNG with right checksums is an InputError or a picture from 0 to 1", () => {
  const damage = fc.record({
    kind: fc.constantFrom(...KINDS),
    changes: fc.array(fc.tuple(fc.nat(3), fc.nat(40), fc.oneof(fc.nat(17), fc.nat(255))), {
      maxLength: 4,
    }),
    order: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
    inOrder: fc.boolean(),
  });
  const survives = fc.property(damage, ({ kind, changes, order, inOrder }) => {
    const chunks = [
      ["IHDR", Uint8Array.from(kind.header)],
      ["PLTE", new Uint8Array(48).fill(7)],
      ["tRNS", new Uint8Array(16)],
      ["IDAT", deflateSync(new Uint8Array(kind.pixels))],
    ] as const;
    for (const [number, at, value] of changes) {
      const { 1: data } = chunks[number];
      data[at % data.length] = value;
    }
    const end = ["IEND", new Uint8Array()] as const;
    const bytes = png([...(inOrder ? chunks : order.map((i) => chunks[i])), end]);
    try {
      const { data, shape } = decodePng(bytes, "d.png");
      assert.equal(data.length, shape.reduce((a, b) => a * b));
      assert.ok(data.every((value) => value >= 0 && value <= 1));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  });
  fc.assert(survives, { numRuns: 250 });
});
