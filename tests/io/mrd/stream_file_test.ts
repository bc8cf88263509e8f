/** MRD streams that were saved as files. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError, UsageError } from "../../../src/errors.ts";
import { concatBytes } from "../../../src/io/bytes.ts";
import { detectFormat } from "../../../src/io/detect.ts";
import { encodeMessage, type MrdMessage } from "../../../src/io/mrd/messages.ts";
import { openMrdStream } from "../../../src/io/mrd/stream_file.ts";
import { openKspace } from "../../../src/io/open.ts";
import { readKspace } from "../../../src/recon/open.ts";
import type { NdArray } from "../../../src/ndarray.ts";
import { headerXml, lineOf, mrdHeader } from "../../mri/raw/support.ts";
import { runtime } from "../../runtime.ts";
import { inFolder, refuses, same, tabulate } from "../support.ts";

const COILS = 2, HEIGHT = 5, WIDTH = 6;
const KSPACE: NdArray = tabulate(
  [COILS, 2, HEIGHT, WIDTH],
  (...at) => 1 + Math.sin(Number(at.join(""))),
);
const HEADER: MrdMessage = {
  kind: "header",
  text: headerXml(mrdHeader({ matrix: [WIDTH, HEIGHT, 1] })),
  terminated: true,
};
const LINES = Array.from({ length: HEIGHT }, (_, row): MrdMessage => ({
  kind: "acquisition",
  acquisition: lineOf(KSPACE, row),
}));
const WAVEFORM: MrdMessage = {
  kind: "waveform",
  waveform: {
    header: {
      version: 1,
      flags: 0n,
      measurementUid: 1,
      scanCounter: 1,
      timeStamp: 1,
      numberOfSamples: 3,
      channels: 1,
      sampleTimeUs: 1,
      waveformId: 0,
    },
    data: Uint32Array.of(1, 2, 3),
  },
};
const TEXT: MrdMessage = { kind: "text", text: "INF of no use", terminated: false };
const CLOSE: MrdMessage = { kind: "close" };

const write = (path: string, ...messages: MrdMessage[]) =>
  Deno.writeFile(path, concatBytes(messages.map(encodeMessage)));

const BEFORE: Readonly<Record<string, MrdMessage[]>> = {
  "nothing before the header": [],
  "the name of a configuration": [{ kind: "configFile", text: "default.xml" }],
  "a configuration": [{ kind: "configText", text: "<configuration/>", terminated: false }],
};
for (const [name, before] of Object.entries(BEFORE)) {
  Deno.test(`a saved stream is its acquisitions: ${name}`, () =>
    inFolder(async (at) => {
      await write(at("scan.mrd"), ...before, HEADER, WAVEFORM, ...LINES, TEXT, CLOSE);
      assert.equal(detectFormat(at("scan.mrd")), "mrd-stream");
      using file = await readKspace(at("scan.mrd"), { runtime });
      assert.deepEqual([file.format, file.warnings], ["mrd-stream", undefined]);
      same(await file.readSlice(0), KSPACE);
      await refuses(() => openKspace(at("scan.mrd")), /found acquisitions/);
      await assert.rejects(() => readKspace(at("scan.mrd"), { group: "dataset" }), UsageError);
    }));
}

Deno.test("a stream without CLOSE, or cut within a message, is read with a warning", () =>
  inFolder(async (at) => {
    await write(at("open.mrd"), HEADER, ...LINES);
    using file = await readKspace(at("open.mrd"), { runtime });
    assert.deepEqual(file.warnings?.map(({ code }) => code), ["stream-cut-off"]);
    const whole = await Deno.readFile(at("open.mrd"));
    await Deno.writeFile(at("cut.mrd"), whole.subarray(0, -7));
    using cut = await readKspace(at("cut.mrd"), { runtime });
    const [{ code, message }] = cut.warnings!;
    assert.deepEqual([code, /after 4 acquisitions/.test(message)], ["stream-cut-off", true]);
    await Deno.writeFile(at("cut.mrd"), whole.subarray(0, 100));
    await refuses(() => readKspace(at("cut.mrd")), /after 0 acquisitions: .* ends after/);
  }));

Deno.test("a stream with two headers, none or an unknown message is refused", () =>
  inFolder(async (at) => {
    await write(at("two.mrd"), HEADER, ...LINES, HEADER);
    await refuses(() => readKspace(at("two.mrd")), /one XML header is required/);
    const header = encodeMessage(HEADER);
    await Deno.writeFile(at("odd.mrd"), concatBytes([header, Uint8Array.of(77, 3)]));
    await refuses(() => readKspace(at("odd.mrd")), /after 0 acquisitions: .* found 845/);
    await Deno.writeFile(at("none.mrd"), header.subarray(0, 6));
    await refuses(() => readKspace(at("none.mrd")), /Cannot tell what/);
  }));

Deno.test("MRD 2 is recognised, and the refusal says what to do", () =>
  inFolder(async (at) => {
    await Deno.writeTextFile(at("two.mrd"), "yardl\u0001\0\0\0{}");
    const hint = /MRD 2 .* mrd_to_ismrmrd/;
    await assert.rejects(() => readKspace(at("two.mrd")), (error: InputError) =>
      hint.test(error.hint!));
  }));

Deno.test("damage to a saved stream ends in an InputError or in acquisitions", () =>
  inFolder(async (at) => {
    await write(at("x"), HEADER, ...LINES, CLOSE);
    const whole = await Deno.readFile(at("x"));
    const change = fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(0, 1, 3, 127, 255));
    const survives = fc.asyncProperty(
      fc.array(change, { maxLength: 4 }),
      fc.nat(whole.length),
      async (changes, keep) => {
        const bytes = whole.slice(0, keep % 2 === 0 ? whole.length : keep);
        for (const [where, byte] of changes) bytes[where] = byte;
        await Deno.writeFile(at("x"), bytes);
        try {
          using file = await openMrdStream(at("x"));
          const all = Array.from({ length: file.acquisitionCount }, (_, i) => i);
          for (const { header, samples } of await file.read(all)) {
            assert.equal(samples.length, 2 * header.activeChannels * header.numberOfSamples);
          }
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      },
    );
    await fc.assert(survives, { numRuns: 150 });
  }));
