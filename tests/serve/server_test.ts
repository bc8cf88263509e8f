/** The server with its workers, and clients over TCP. */
import assert from "node:assert/strict";
import { encodeMessage, type MrdMessage } from "../../src/io/mrd/messages.ts";
import { Recorder } from "../../src/serve/recording.ts";
import { type ServerOptions } from "../../src/serve/server.ts";
import { openMrd } from "../../src/io/mrd/mrd_file.ts";
import { inFolder } from "../io/support.ts";
import { namesIn } from "../cli/support.ts";
import {
  assertRss,
  encode,
  headerXml,
  LIMITS,
  readAnswer,
  SCAN,
  scanMessages,
  someImages,
} from "./support.ts";
import { assertImages, session, talk, withServer } from "./client.ts";

Deno.test("8 sessions at once: all images right, while bad clients come and go", async () => {
  await withServer(async ({ port, lines }) => {
    const garbage = crypto.getRandomValues(new Uint8Array(5000));
    garbage[0] = 77;
    const good = Array.from({ length: 8 }, (_, i) => talk(port, session(i, 3)));
    const bad = [
      talk(port, garbage),
      talk(port, session(1).subarray(0, 3000), "vanish"),
      talk(port, Uint8Array.of(3, 0, 0xff, 0xff, 0xff, 0xff)),
    ];
    (await Promise.all(good)).forEach((answer, i) => assertImages(answer, i, 3));
    const [noise, , length] = await Promise.all(bad);
    assert.match(noise.texts.join("\n"), /ERR Cannot read the message/);
    assert.match(length.texts.join("\n"), /length of 4294967295/);
    assert.ok(lines.some((line) => /ERR \d+: Cannot read the message/.test(line)));
  });
});

Deno.test("the first image leaves before the last slice arrives", async () => {
  await withServer(async ({ port }) => {
    using conn = await Deno.connect({ port });
    const messages = scanMessages({ slices: 2 });
    const first = encode(messages.slice(0, 2 + SCAN.rows));
    await conn.write(first);
    // Reading goes on until the image is there; only then the second slice is sent.
    const seen: MrdMessage[] = [];
    const { MessageReader } = await import("../../src/io/mrd/message_reader.ts");
    const { ByteReader } = await import("../../src/io/mrd/byte_reader.ts");
    const reader = new MessageReader(new ByteReader(conn));
    while (seen.at(-1)?.kind !== "image") seen.push((await reader.next())!);
    await conn.write(encode(messages.slice(2 + SCAN.rows)));
    while (seen.at(-1)?.kind !== "close") seen.push((await reader.next())!);
    assert.equal(seen.filter(({ kind }) => kind === "image").length, 2);
  });
});

type Change = Parameters<typeof scanMessages>[0];

/** Scans with a fault, what the client is told, and how many images it gets all the same. */
const FAULTS: readonly [string, Change | MrdMessage[], RegExp, number][] = [
  ["a line twice", { change: (a) => [a[0], ...a] }, /WRN .*twice/, 1],
  ["a line missing", { change: (a) => a.toSpliced(3, 1) }, /WRN slice 0: 1 lines are missing/, 1],
  [
    "a sample that is NaN",
    { change: (a) => (a[2].samples[5] = NaN, a) },
    /WRN .*finite samples/,
    1,
  ],
  [
    "another number of coils",
    {
      change: (a) => [...a.slice(0, 2), {
        ...a[2],
        header: { ...a[2].header, activeChannels: 1 },
        samples: a[2].samples.subarray(24),
      }, ...a.slice(3)],
    },
    /WRN .*2 coils are required/,
    1,
  ],
  [
    "a line outside of the matrix",
    {
      change: (a) => {
        const idx = { ...a[2].header.idx, kspaceEncodeStep1: 400 };
        return [...a.slice(0, 2), { ...a[2], header: { ...a[2].header, idx } }, ...a.slice(3)];
      },
    },
    /WRN .*Cannot place/,
    1,
  ],
  [
    "an encoding that does not exist",
    {
      change: (a) => [{ ...a[0], header: { ...a[0].header, encodingSpaceRef: 3 } }, ...a.slice(1)],
    },
    /WRN .*encoding 3/,
    1,
  ],
  [
    "garbage instead of a header",
    [
      { kind: "header", text: "<ismrmrdHeader><enc", terminated: false },
      ...scanMessages().slice(2),
    ],
    /ERR .*header/i,
    0,
  ],
  ["no line at all", { change: () => [] }, /INF Recipe/, 0],
];

Deno.test("faults in the data are told to the client, and the session goes on where it can", async () => {
  await withServer(async ({ port, lines }) => {
    for (const [fault, scan, told, images] of FAULTS) {
      const messages = Array.isArray(scan) ? scan : scanMessages(scan);
      const answer = await talk(port, encode(messages));
      assert.match(answer.texts.join("\n"), told, fault);
      assert.equal(answer.images.length, images, `${fault}: ${answer.texts}`);
      assert.ok(answer.closed, fault);
      assert.ok(lines.some((line) => told.test(line.replace(/ \d+: /, " "))), fault);
    }
    assertImages(await talk(port, session(5)), 5);
  });
});

Deno.test("clients that vanish at any message, or within one, disturb nobody", async () => {
  await withServer(async ({ port }) => {
    const messages = scanMessages({ slices: 2 });
    let end = 0;
    const ends = messages.map((message) => end += encodeMessage(message).length);
    const bytes = encode(messages);
    await Promise.all(
      ends.flatMap((at) => [
        talk(port, bytes.subarray(0, at), "vanish"),
        talk(port, bytes.subarray(0, at - 1), "vanish"),
      ]).slice(0, 15),
    );
    for (const at of ends.slice(8)) await talk(port, bytes.subarray(0, at - 1), "vanish");
    assertImages(await talk(port, session(3)), 3);
  });
});

Deno.test("two encodings make two series", async () => {
  const xml = headerXml();
  const [encoding] = /<encoding>.*<\/encoding>/.exec(xml)!;
  const messages = scanMessages({
    change: (a) => [
      ...a,
      ...a.map((each) => ({ ...each, header: { ...each.header, encodingSpaceRef: 1 } })),
    ],
  });
  messages[1] = {
    kind: "header",
    text: xml.replace(encoding, encoding + encoding),
    terminated: true,
  };
  await withServer(async ({ port }) => {
    const { images, texts } = await talk(port, encode(messages));
    assert.deepEqual(images.map(({ header }) => header.imageSeriesIndex), [0, 2], texts.join("\n"));
    images.forEach((image) => assertRss(image, someImages(0)));
  });
});

Deno.test("more samples than memory allows, and more clients than connections, are refused", async () => {
  const limits = { ...LIMITS, memoryBytes: 1000 };
  await withServer(async ({ port }) => {
    const { texts, closed } = await talk(port, session(1));
    assert.match(texts.join("\n"), /ERR .*at most 1000 bytes/);
    assert.ok(closed);
  }, { limits });
  await withServer(async ({ port, lines }) => {
    const first = await Deno.connect({ port });
    await first.write(session(1).subarray(0, 10));
    while (!lines.some((line) => /Connection from/.test(line))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { texts } = await talk(port, session(2));
    assert.match(texts.join("\n"), /at most 1 are possible/);
    first.close();
  }, { connections: 1 });
});

Deno.test("a server that is ended finishes what is in work, and refuses what has not begun", async () => {
  await withServer(async ({ port, lines, stop }) => {
    using waiting = await Deno.connect({ port });
    using busy = await Deno.connect({ port });
    const messages = scanMessages({ seed: 4, slices: 2 });
    const begun = 4; // configuration, header and two lines
    await busy.write(encode(messages.slice(0, begun)));
    while (!lines.some((line) => /Recipe/.test(line))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const ended = stop();
    await assert.rejects(() => Deno.connect({ port }));
    await waiting.read(new Uint8Array(1)); // it is closed
    await busy.write(encode(messages.slice(begun)));
    assertImages(await readAnswer(busy), 4, 2);
    busy.closeWrite();
    await ended;
  });
});

Deno.test("raw data become an ISMRMRD file, and stay as they came where the session fails", async () => {
  await inFolder(async (at) => {
    const recorder = new Recorder(at("."));
    const record: ServerOptions["record"] = (session, log) => recorder.record(session, log);
    const bytes = encode(scanMessages({ seed: 6 }));
    const cut = bytes.subarray(0, bytes.length - 100);
    await withServer(async ({ port }) => {
      assertImages(await talk(port, bytes), 6);
      await talk(port, cut, "half");
      await talk(port, new Uint8Array(), "half");
    }, { record });
    const [whole, part, stream, ...others] = namesIn(at(".")).map(at);
    assert.deepEqual(others, []);
    assert.deepEqual(Deno.readFileSync(stream), cut);
    assert.equal(stream, part.replace(".h5", ".mrd"));
    const sent = scanMessages({ seed: 6 }).flatMap((m) =>
      m.kind === "acquisition" ? [m.acquisition] : []
    );
    for (const [path, count] of [[whole, sent.length], [part, sent.length - 1]] as const) {
      using file = (await openMrd(path))!;
      assert.equal(file.xml, headerXml());
      const kept = await Array.fromAsync(file.acquisitions());
      assert.equal(kept.length, count);
      kept.forEach(({ header, samples }, i) => {
        assert.equal(header.flags, sent[i].header.flags);
        assert.deepEqual(samples, sent[i].samples);
      });
    }
  });
});
