/**
 * Writes and reads an ISMRMRD file of 4 GB or more, and checks a sum for each coil of each line and
 * that memory stays flat. By hand, as it takes minutes and the disk space:
 *
 *     deno run -A tests/integration/mrd_4gb.ts [FOLDER] [GIGABYTES]
 */
import { join } from "node:path";
import { openMrd } from "../../src/io/mrd/mrd_file.ts";
import { MrdWriter } from "../../src/io/mrd/mrd_writer.ts";
import type { Acquisition } from "../../src/mrd/values.ts";
import { acquisitionHeader, headerXml, mrdHeader } from "../mri/raw/support.ts";

const COILS = 32, SAMPLES = 512;
const BYTES = COILS * SAMPLES * 8;
/** Sequences of floats that repeat after a prime number of values. */
const PERIOD = 16_777_213;

/** Line `line`: every coil and sample another value. */
function lineNumber(line: number, into: Float32Array): Acquisition {
  let value = (line * 7919) % PERIOD;
  for (let i = 0; i < into.length; i++) {
    into[i] = value;
    value += 104_729;
    if (value >= PERIOD) value -= PERIOD;
  }
  const header = acquisitionHeader({
    scanCounter: line,
    numberOfSamples: SAMPLES,
    activeChannels: COILS,
    centerSample: SAMPLES / 2,
    idx: { kspaceEncodeStep1: line % 256, slice: Math.floor(line / 256) },
  });
  return { header, samples: into, trajectory: new Float32Array() };
}

/** A sum over the bits of one coil's samples that depends on their order. */
function checksum(samples: Float32Array, coil: number): number {
  const words = new Uint32Array(
    samples.buffer,
    samples.byteOffset + coil * SAMPLES * 8,
    SAMPLES * 2,
  );
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum, 31) + words[i] | 0;
  return sum;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

const folder = Deno.args[0] ?? Deno.makeTempDirSync();
const lines = Math.ceil(Number(Deno.args[1] ?? 4.3) * 1e9 / BYTES);
const path = join(folder, "large.h5");
let start = performance.now();
{
  await using writer = await MrdWriter.create(
    path,
    headerXml(mrdHeader({ matrix: [SAMPLES, 256, 1] })),
  );
  // The writer keeps what it has not written, so arrays may only be used again later.
  const ring = Array.from({ length: 256 }, () => new Float32Array(COILS * SAMPLES * 2));
  for (let line = 0; line < lines; line++) writer.append(lineNumber(line, ring[line % 256]));
  await writer.finish();
}
const size = Deno.statSync(path).size;
const rate = (from: number) => Math.round(size / 1e6 / ((performance.now() - from) / 1000));
say(`wrote ${megabytes(size)} MB, ${lines} acquisitions, at ${rate(start)} MB/s`);

const expected = new Float32Array(COILS * SAMPLES * 2);
const rss: number[] = [];
let line = 0, wrong = 0;
start = performance.now();
using file = (await openMrd(path))!;
for await (const { header, samples } of file.acquisitions()) {
  lineNumber(line, expected);
  if (header.scanCounter !== line) wrong++;
  for (let coil = 0; coil < COILS; coil++) {
    if (checksum(samples, coil) !== checksum(expected, coil)) wrong++;
  }
  if (line++ % 512 === 0) rss.push(Deno.memoryUsage().rss);
}
say(`read ${line} acquisitions at ${rate(start)} MB/s with their checks: ${wrong} sums wrong`);
const tenth = Math.ceil(rss.length / 10);
say(
  `resident memory, MB: first tenth up to ${megabytes(Math.max(...rss.slice(0, tenth)))}, ` +
    `last tenth up to ${megabytes(Math.max(...rss.slice(-tenth)))}, most ${
      megabytes(Math.max(...rss))
    }`,
);
start = performance.now();
for await (const _ of file.headers()) line--;
say(`indexed all headers at ${rate(start)} MB/s`);
Deno.removeSync(path);
if (wrong > 0 || line !== 0) throw new Error("the file did not come back as it was written");
