/** The framing of MRD streams: every message, cut in every way. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { ByteReader } from "../../../src/io/mrd/byte_reader.ts";
import { MessageReader } from "../../../src/io/mrd/message_reader.ts";
import {
  encodeMessage,
  type MessageLimits,
  type MrdMessage,
} from "../../../src/io/mrd/messages.ts";
import { encode, LIMITS, pieces, scanMessages } from "../../serve/support.ts";
import { refuses } from "../support.ts";

const IMAGE: MrdMessage = {
  kind: "image",
  image: {
    header: {
      version: 1,
      dataType: 2,
      flags: 1n << 63n,
      measurementUid: 1,
      matrixSize: [3, 2, 1],
      fieldOfView: [30, 20, 5],
      channels: 2,
      position: [1, 2, 3],
      readDir: [1, 0, 0],
      phaseDir: [0, 1, 0],
      sliceDir: [0, 0, 1],
      patientTablePosition: [0, 0, 0],
      average: 0,
      slice: 4,
      contrast: 0,
      phase: 0,
      repetition: 0,
      set: 0,
      acquisitionTimeStamp: 0,
      physiologyTimeStamp: [0, 0, 0],
      imageType: 1,
      imageIndex: 5,
      imageSeriesIndex: 6,
      userInt: [-1, 0, 0, 0, 0, 0, 0, 0],
      userFloat: [0.5, 0, 0, 0, 0, 0, 0, 0],
      attributeStringLength: 9,
    },
    attributes: "<meta>é</",
    data: Int16Array.from({ length: 12 }, (_, i) => i - 6),
  },
};
const WAVEFORM: MrdMessage = {
  kind: "waveform",
  waveform: {
    header: {
      version: 1,
      flags: 0n,
      measurementUid: 0,
      scanCounter: 2,
      timeStamp: 0,
      numberOfSamples: 3,
      channels: 2,
      sampleTimeUs: 100,
      waveformId: 1,
    },
    data: Uint32Array.of(1, 2, 3, 4, 5, 6),
  },
};
const TEXTS: MrdMessage[] = [
  { kind: "configText", text: "<configuration/>", terminated: true },
  { kind: "text", text: "Grüße", terminated: false },
  { kind: "text", text: "", terminated: false },
];
const SESSION = [...TEXTS, ...scanMessages().slice(0, -1), WAVEFORM, IMAGE, {
  kind: "close",
}] as MrdMessage[];

async function readAll(bytes: Uint8Array, size = Infinity, limits?: MessageLimits) {
  const reader = new MessageReader(new ByteReader(pieces(bytes, { size })), limits);
  const messages: MrdMessage[] = [];
  for (let message = await reader.next(); message; message = await reader.next()) {
    messages.push(message);
  }
  return messages;
}

/** Arrays that were left empty are zeros when they are read. */
function padded(messages: readonly MrdMessage[]): unknown {
  return JSON.parse(JSON.stringify(messages, (key, value) => {
    if (typeof value === "bigint") return `${value}`;
    if (key === "userInt" || key === "userFloat" || key === "user" || key === "channelMask") {
      return [...value, ...Array(16).fill(0)].slice(0, key === "channelMask" ? 16 : 8).map(String);
    }
    if (key === "attributeStringLength") return 0;
    return ArrayBuffer.isView(value) ? [...value as Float32Array] : value;
  }));
}

Deno.test("every message is read as it was written, in pieces of any size", async () => {
  const bytes = encode(SESSION);
  for (const size of [1, 2, 3, 7, 64, 341, 4096, Infinity]) {
    assert.deepEqual(padded(await readAll(bytes, size)), padded(SESSION));
  }
});

Deno.test("samples larger than a piece of the buffer are read in place", async () => {
  const samples = new Float32Array(2 * 2 * 65535).map((_, i) => i);
  const [, , first] = scanMessages();
  assert.ok(first.kind === "acquisition");
  const header = { ...first.acquisition.header, numberOfSamples: 65535 };
  const message = { kind: "acquisition", acquisition: { ...first.acquisition, header, samples } };
  const bytes = encode([message as MrdMessage, { kind: "close" }]);
  for (const size of [1000, 262144, Infinity]) {
    const [read, close] = await readAll(bytes, size);
    assert.ok(read.kind === "acquisition" && close.kind === "close");
    assert.ok(read.acquisition.samples.every((value, i) => value === i));
  }
});

Deno.test("texts end at their first NUL, counted or not", async () => {
  const raw = (content: string) => {
    const text = new TextEncoder().encode(content);
    return Uint8Array.of(5, 0, text.length, 0, 0, 0, ...text);
  };
  const read = async (content: string) => (await readAll(raw(content)))[0];
  assert.deepEqual(await read("abc"), { kind: "text", text: "abc", terminated: false });
  assert.deepEqual(await read("abc\0"), { kind: "text", text: "abc", terminated: true });
  assert.deepEqual(await read("a\0bc"), { kind: "text", text: "a", terminated: true });
  const wrong = (await readAll(Uint8Array.of(5, 0, 2, 0, 0, 0, 0xff, 0xfe)))[0];
  assert.equal(wrong.kind === "text" && wrong.text, "\ufffd\ufffd");
});

Deno.test("a stream cut anywhere ends between messages or is refused", async () => {
  const messages = [TEXTS[0], ...scanMessages().slice(0, 3), WAVEFORM, IMAGE];
  const ends = new Set([0]);
  let end = 0;
  for (const message of messages) ends.add(end += encodeMessage(message).length);
  const bytes = encode(messages);
  for (let length = 0; length < bytes.length; length += length < 40 ? 1 : 13) {
    const cut = readAll(bytes.subarray(0, length));
    if (ends.has(length)) await cut;
    else await refuses(() => cut, /the stream ends/);
  }
});

Deno.test("lengths beyond the limits are refused before any memory is taken", async () => {
  const limits = LIMITS.message;
  const huge = [0xff, 0xff, 0xff, 0xff];
  for (const id of [2, 3, 5]) {
    await refuses(() => readAll(Uint8Array.of(id, 0, ...huge), 1, limits), /length of 4294967295/);
  }
  const [, , message] = scanMessages();
  const acquisition = encodeMessage(message);
  acquisition.fill(0xff, 2 + 34, 2 + 40); // number_of_samples and channels
  await refuses(() => readAll(acquisition, Infinity, limits), /Cannot read the acquisition/);
  const image = encodeMessage(IMAGE);
  image.fill(0xff, 2 + 16, 2 + 22); // matrix_size
  await refuses(() => readAll(image, Infinity, limits), /Cannot read the image: at most/);
  const meta = encodeMessage(IMAGE);
  meta.fill(0xff, 2 + 198, 2 + 206);
  await refuses(() => readAll(meta, Infinity, limits), /attributes of the image/);
  const waveform = encodeMessage(WAVEFORM);
  waveform.fill(0xff, 2 + 28, 2 + 32);
  await refuses(() => readAll(waveform, Infinity, limits), /Cannot read the waveform/);
});

Deno.test("messages that do not exist, and what cannot be understood, are refused", async () => {
  for (const id of [0, 8, 1000, 1009, 1030, 65535]) {
    await refuses(() => readAll(Uint8Array.of(id & 255, id >> 8, 0, 0)), /as its number/);
  }
  const image = encodeMessage(IMAGE);
  image[4] = 99;
  await refuses(() => readAll(image), /data_type, found 99/);
  const [, , message] = scanMessages();
  const compressed = encodeMessage(message);
  compressed[2 + 2 + 6] |= 0x10; // flag 53
  await refuses(() => readAll(compressed), /compressed/);
  assert.throws(() => encodeMessage({ kind: "configFile", text: "x".repeat(1024) }), RangeError);
});

Deno.test("random bytes are read or refused, never anything else", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
    try {
      await readAll(bytes, Infinity, LIMITS.message);
    } catch (error) {
      assert.ok(error instanceof InputError, `${error}`);
    }
  }));
});

Deno.test("a reader that is stopped gives the reason, now and later", async () => {
  const reader = new ByteReader(pieces(new Uint8Array(3), { ends: false }));
  const waiting = reader.take(new Uint8Array(5));
  const reason = new Error("enough");
  reader.stop(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(reader.fill(new Uint8Array(1)), reason);
});
