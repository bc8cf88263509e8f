/** What the tests of the streaming server share: scans as bytes, and clients that send them. */
import assert from "node:assert/strict";
import { ByteReader } from "../../src/io/mrd/byte_reader.ts";
import { MessageReader } from "../../src/io/mrd/message_reader.ts";
import { encodeMessage, type MrdMessage } from "../../src/io/mrd/messages.ts";
import {
  type Acquisition,
  type AcquisitionHeader,
  flagBits,
  type MrdImage,
} from "../../src/mrd/values.ts";
import { Rng } from "../../src/rng.ts";
import type { Duplex } from "../../src/serve/session_options.ts";
import type { Log, ServeLimits } from "../../src/serve/types.ts";

/** Sizes of the scans below: odd, even and small. */
export const SCAN = { coils: 2, rows: 9, columns: 12 };

/** An XML header for `slices` slices. */
export function headerXml({ rows, columns } = SCAN, slices = 1): string {
  const space = `<matrixSize><x>${columns}</x><y>${rows}</y><z>1</z></matrixSize>` +
    `<fieldOfView_mm><x>240</x><y>180</y><z>5</z></fieldOfView_mm>`;
  const limit = (name: string, maximum: number, center: number) =>
    `<${name}><minimum>0</minimum><maximum>${maximum}</maximum><center>${center}</center></${name}>`;
  return `<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">` +
    `<experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz>` +
    `</experimentalConditions><encoding><encodedSpace>${space}</encodedSpace>` +
    `<reconSpace>${space}</reconSpace><encodingLimits>` +
    limit("kspace_encoding_step_1", rows - 1, Math.floor(rows / 2)) +
    limit("slice", slices - 1, 0) +
    `</encodingLimits><trajectory>cartesian</trajectory></encoding></ismrmrdHeader>`;
}

/** A random complex image of every coil, `[coil][2][row][column]`, the same for the same seed. */
export function someImages(seed: number, { coils, rows, columns } = SCAN): Float32Array {
  const rng = new Rng(seed);
  return Float32Array.from({ length: coils * 2 * rows * columns }, () => rng.normal());
}

/** Root of the sum of squares over the coils: what `rss` must give, `[row][column]`. */
export function rssOf(images: Float32Array, { coils, rows, columns } = SCAN): Float32Array {
  const plane = rows * columns;
  return Float32Array.from({ length: plane }, (_, i) => {
    let sum = 0;
    for (let part = 0; part < 2 * coils; part++) sum += images[part * plane + i] ** 2;
    return Math.sqrt(sum);
  });
}

/** Centred orthonormal forward transform along one axis, straight from its definition. */
function transform(
  re: Float64Array,
  im: Float64Array,
  { n, step, starts }: { n: number; step: number; starts: readonly number[] },
): void {
  for (const start of starts) {
    const row = Array.from({ length: n }, (_, k) => {
      let a = 0, b = 0;
      for (let x = 0; x < n; x++) {
        const angle = -2 * Math.PI * (k - Math.floor(n / 2)) * (x - Math.floor(n / 2)) / n;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        a += re[start + x * step] * c - im[start + x * step] * s;
        b += re[start + x * step] * s + im[start + x * step] * c;
      }
      return [a / Math.sqrt(n), b / Math.sqrt(n)];
    });
    row.forEach(([a, b], k) => {
      re[start + k * step] = a;
      im[start + k * step] = b;
    });
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The acquisitions of a fully sampled slice. */
export function sliceAcquisitions(
  images: Float32Array,
  { slice = 0, slices = 1, size = SCAN, repetition = 0 } = {},
): Acquisition[] {
  const { coils, rows, columns } = size;
  const plane = rows * columns;
  const parts = range(coils).map((coil) => {
    const re = Float64Array.from(images.subarray(2 * coil * plane, (2 * coil + 1) * plane));
    const im = Float64Array.from(images.subarray((2 * coil + 1) * plane, (2 * coil + 2) * plane));
    transform(re, im, { n: columns, step: 1, starts: range(rows).map((y) => y * columns) });
    transform(re, im, { n: rows, step: columns, starts: range(columns) });
    return { re, im };
  });
  return range(rows).map((row) => {
    const samples = new Float32Array(2 * coils * columns);
    parts.forEach(({ re, im }, coil) => {
      for (let x = 0; x < columns; x++) {
        samples[2 * (coil * columns + x)] = re[row * columns + x];
        samples[2 * (coil * columns + x) + 1] = im[row * columns + x];
      }
    });
    const isLast = row === rows - 1;
    const flags = isLast
      ? flagBits("lastInSlice", ...(slice === slices - 1 ? ["lastInRepetition" as const] : []))
      : 0n;
    const header = acquisitionHeader({ row, slice, repetition, flags, size });
    return { header, trajectory: new Float32Array(0), samples };
  });
}

function acquisitionHeader({ row, slice, repetition, flags, size }: {
  row: number;
  slice: number;
  repetition: number;
  flags: bigint;
  size: typeof SCAN;
}): AcquisitionHeader {
  return {
    version: 1,
    flags,
    measurementUid: 7,
    scanCounter: row + 1,
    acquisitionTimeStamp: 0,
    physiologyTimeStamp: [0, 0, 0],
    numberOfSamples: size.columns,
    availableChannels: size.coils,
    activeChannels: size.coils,
    channelMask: [],
    discardPre: 0,
    discardPost: 0,
    centerSample: Math.floor(size.columns / 2),
    encodingSpaceRef: 0,
    trajectoryDimensions: 0,
    sampleTimeUs: 5,
    position: [1, 2, 3 + 5 * slice],
    readDir: [1, 0, 0],
    phaseDir: [0, 1, 0],
    sliceDir: [0, 0, 1],
    patientTablePosition: [0, 0, 0],
    idx: {
      kspaceEncodeStep1: row,
      kspaceEncodeStep2: 0,
      average: 0,
      slice,
      contrast: 0,
      phase: 0,
      repetition,
      set: 0,
      segment: 0,
      user: [],
    },
    userInt: [],
    userFloat: [],
  };
}

/** What a scan of `slices` slices sends: configuration, header, acquisitions, close. */
export function scanMessages(
  {
    seed = 0,
    slices = 1,
    config = "default",
    terminated = true,
    change = (a: Acquisition[]) => a,
  } = {},
): MrdMessage[] {
  const acquisitions = range(slices).flatMap((slice) =>
    sliceAcquisitions(someImages(100 * seed + slice), { slice, slices })
  );
  return [
    { kind: "configFile", text: config },
    { kind: "header", text: headerXml(SCAN, slices), terminated },
    ...change(acquisitions).map((acquisition) => ({ kind: "acquisition", acquisition }) as const),
    { kind: "close" },
  ];
}

/** Messages as bytes. */
export function encode(messages: readonly MrdMessage[]): Uint8Array<ArrayBuffer> {
  return concat(messages.map(encodeMessage));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What a server said. */
export interface Answer {
  readonly texts: string[];
  readonly images: MrdImage[];
  readonly closed: boolean;
  readonly messages: MrdMessage[];
}

/** Reads everything that comes from a server. */
export async function readAnswer(
  input: { read(target: Uint8Array): Promise<number | null> },
): Promise<Answer> {
  const reader = new MessageReader(new ByteReader(input));
  const messages: MrdMessage[] = [];
  for (;;) {
    const message = await reader.next();
    if (message === undefined) break;
    messages.push(message);
    if (message.kind === "close") break;
  }
  return {
    texts: messages.flatMap((m) => m.kind === "text" ? [m.text] : []),
    images: messages.flatMap((m) => m.kind === "image" ? [m.image] : []),
    closed: messages.at(-1)?.kind === "close",
    messages,
  };
}

/** Bytes as they come through a connection: in pieces of a size, then nothing or the end. */
export function pieces(
  bytes: Uint8Array,
  { size = Infinity, ends = true } = {},
): Pick<Duplex, "read"> {
  let at = 0;
  return {
    read(target) {
      if (at === bytes.length) return ends ? Promise.resolve(null) : new Promise(() => {});
      const part = bytes.subarray(at, at + Math.min(size, target.length));
      target.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
  };
}

/** A connection in memory: gives some bytes, and keeps what is written. */
export function memoryDuplex(bytes: Uint8Array, options: { size?: number; ends?: boolean } = {}) {
  const written: Uint8Array[] = [];
  return {
    ...pieces(bytes, options),
    write(part: Uint8Array) {
      written.push(part.slice());
      return Promise.resolve(part.length);
    },
    answer: () => readAnswer(pieces(concat(written))),
  };
}

/** Limits that no test comes near, but for those that it sets. */
export const LIMITS: ServeLimits = {
  message: { textBytes: 1 << 20, dataBytes: 1 << 20 },
  acquisitions: 10_000,
  memoryBytes: 1 << 26,
  queueBytes: 1 << 24,
  idleSeconds: 30,
  imageSeconds: 60,
  sessionSeconds: 300,
};

/** A log that can be looked at. */
export function memoryLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: (severity, text) => void lines.push(`${severity} ${text}`), lines };
}

/** Asserts that an image is the root of the sum of squares of these. */
export function assertRss(image: MrdImage, images: Float32Array): void {
  const expected = rssOf(images);
  assert.deepEqual(image.header.matrixSize, [SCAN.columns, SCAN.rows, 1]);
  assert.equal(image.data.length, expected.length);
  const worst = expected.reduce((w, value, i) => Math.max(w, Math.abs(value - image.data[i])), 0);
  assert.ok(worst < 1e-4, `an error of ${worst}`);
}
