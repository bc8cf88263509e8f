/** ISMRMRD files: written, read, and damaged. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { writeMrdImages } from "../../../src/io/mrd/image_writer.ts";
import { openMrd } from "../../../src/io/mrd/mrd_file.ts";
import { MrdWriter } from "../../../src/io/mrd/mrd_writer.ts";
import type { Acquisition, ImageHeader, MrdImage, Waveform } from "../../../src/mrd/values.ts";
import { Rng } from "../../../src/rng.ts";
import { acquisitionHeader, headerXml, mrdHeader } from "../../mri/raw/support.ts";
import { fixture, inFolder } from "../support.ts";

const HEADER = mrdHeader({ matrix: [8, 4, 1] });
const RUNS = 40;
/** libhdf5 loops on some damaged files. */
const TIME_LIMIT = 4000;

/** Acquisitions that all differ, in length and coils too. */
function acquisitions(count: number): Acquisition[] {
  return Array.from({ length: count }, (_, n) => {
    const numberOfSamples = 1 + n % 7, activeChannels = 1 + n % 3;
    const trajectoryDimensions = n % 2 === 0 ? 0 : 2;
    const rng = new Rng(n);
    return {
      header: acquisitionHeader({
        scanCounter: n,
        numberOfSamples,
        activeChannels,
        trajectoryDimensions,
        channelMask: Array(16).fill(2n ** 64n - 1n - BigInt(n)),
      }),
      trajectory: rng.normals(numberOfSamples * trajectoryDimensions),
      samples: rng.normals(2 * numberOfSamples * activeChannels),
    };
  });
}

const WAVEFORM: Waveform = {
  header: {
    version: 1,
    flags: 0n,
    measurementUid: 1,
    scanCounter: 2,
    timeStamp: 3,
    numberOfSamples: 3,
    channels: 2,
    sampleTimeUs: 5,
    waveformId: 1,
  },
  data: Uint32Array.of(1, 2, 3, 4, 5, 0xffff_ffff),
};

async function write(path: string, all: readonly Acquisition[], xml = headerXml(HEADER)) {
  await using writer = await MrdWriter.create(path, xml);
  for (const acquisition of all) writer.append(acquisition);
  writer.appendWaveform(WAVEFORM);
  await writer.finish();
  return path;
}

Deno.test("an ISMRMRD file gives back every number that was written", () =>
  inFolder(async (at) => {
    const written = acquisitions(150); // more than two batches of the writer, and of the reader
    using file = (await openMrd(await write(at("raw.h5"), written)))!;
    const header = JSON.parse(JSON.stringify(file.header)); // without what is undefined
    assert.deepEqual(header, { ...HEADER, h1Frequency: 63500000 });
    assert.equal(file.group, "dataset");
    assert.equal(file.acquisitionCount, 150);
    assert.deepEqual(await Array.fromAsync(file.acquisitions()), written);
    const headers = await Array.fromAsync(file.headers());
    assert.deepEqual(headers, written.map(({ header }) => header));
    const some = [149, 0, 1, 2, 77, 5];
    assert.deepEqual(await file.read(some), some.map((n) => written[n]));
    assert.deepEqual(await Array.fromAsync(file.waveforms()), [WAVEFORM]);
  }));

Deno.test("an unfinished ISMRMRD file leaves nothing, and a finished one no other", () =>
  inFolder(async (at) => {
    const [one] = acquisitions(1);
    {
      await using writer = await MrdWriter.create(at("raw.h5"), headerXml(HEADER));
      writer.append(one);
    }
    assert.deepEqual([...Deno.readDirSync(at("."))], []);
    await write(at("raw.h5"), [one]);
    assert.deepEqual([...Deno.readDirSync(at("."))].map(({ name }) => name), ["raw.h5"]);
    await assert.rejects(MrdWriter.create(at("none/raw.h5"), ""), /Cannot write.*no such file/);
    await using writer = await MrdWriter.create(at("other.h5"), "");
    assert.throws(() => writer.append({ ...one, samples: new Float32Array(3) }), RangeError);
  }));

Deno.test("openMrd() tells ISMRMRD from other HDF5, and refuses what is no HDF5", async () => {
  assert.equal(await openMrd(fixture("hdf5/gzip.h5")), undefined);
  assert.equal(await openMrd(fixture("hdf5/single.mat")), undefined);
  await assert.rejects(openMrd(fixture("npy/kspace_2d.npy")), InputError);
  await assert.rejects(openMrd("none.h5"), /no such file/);
});

Deno.test("openMrd() names the groups when the one asked for is absent", () =>
  inFolder(async (at) => {
    const path = await write(at("raw.h5"), acquisitions(1));
    await assert.rejects(openMrd(path, { group: "other" }), /found the groups dataset/);
    using file = (await openMrd(path, { group: "dataset" }))!;
    assert.equal(file.acquisitionCount, 1);
  }));

Deno.test("openMrd() refuses a wrong header and a truncated file", () =>
  inFolder(async (at) => {
    const path = await write(at("raw.h5"), acquisitions(3), "<svg/>");
    await assert.rejects(openMrd(path), /raw\.h5: XML <ismrmrdHeader> is required, found <svg>/);
    const whole = await Deno.readFile(await write(at("raw.h5"), acquisitions(100)));
    await Deno.writeFile(at("cut.h5"), whole.subarray(0, whole.length - 1000));
    await assert.rejects(openMrd(at("cut.h5")), /truncated/);
  }));

/** Reads everything: an InputError, or what the headers announce. */
async function readsOrRefuses(path: string): Promise<void> {
  try {
    using file = await openMrd(path, { timeLimit: TIME_LIMIT });
    if (file === undefined) return;
    for await (const { header, samples } of file.acquisitions()) {
      assert.equal(samples.length, 2 * header.numberOfSamples * header.activeChannels);
    }
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
  }
}

Deno.test("openMrd() survives a file with damaged bytes", () =>
  inFolder(async (at) => {
    const whole = await Deno.readFile(await write(at("raw.h5"), acquisitions(20)));
    const change = fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(0, 1, 127, 255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = whole.slice();
        for (const [where, byte] of changes) bytes[where] = byte;
        await Deno.writeFile(at("damaged.h5"), bytes);
        await readsOrRefuses(at("damaged.h5"));
      }),
      { numRuns: RUNS },
    );
  }));

const IMAGE_HEADER: ImageHeader = {
  version: 1,
  dataType: 5,
  flags: 0n,
  measurementUid: 1,
  matrixSize: [3, 2, 1],
  fieldOfView: [30, 20, 5],
  channels: 1,
  position: [1, 2, 3],
  readDir: [1, 0, 0],
  phaseDir: [0, 1, 0],
  sliceDir: [0, 0, 1],
  patientTablePosition: [0, 0, 0],
  average: 0,
  slice: 0,
  contrast: 0,
  phase: 0,
  repetition: 0,
  set: 0,
  acquisitionTimeStamp: 0,
  physiologyTimeStamp: [0, 0, 0],
  imageType: 1,
  imageIndex: 1,
  imageSeriesIndex: 0,
  userInt: Array(8).fill(0),
  userFloat: Array(8).fill(0),
  attributeStringLength: 0,
};

Deno.test("writeMrdImages() refuses series that are empty, mixed or too many", () =>
  inFolder(async (at) => {
    const image: MrdImage = { header: IMAGE_HEADER, attributes: "", data: new Float32Array(6) };
    const other = { ...image, data: new Float32Array(5) };
    for (const series of [[], [[]], [[image, other]], Array(5).fill([image])]) {
      await assert.rejects(writeMrdImages(at("images.h5"), { series }), RangeError);
    }
    await writeMrdImages(at("images.h5"), { series: [[image], [image, image]] });
    assert.deepEqual([...Deno.readDirSync(at("."))].map(({ name }) => name), ["images.h5"]);
  }));
