/** What no client can do: hold the server, its memory, its workers or its log. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { cappedLog, sparseLog } from "../../src/serve/capped_log.ts";
import { Memory } from "../../src/serve/memory.ts";
import { recorded, type Recording } from "../../src/serve/recording.ts";
import { Session } from "../../src/serve/session.ts";
import type { Duplex, SessionOptions } from "../../src/serve/session_options.ts";
import { LocalWork } from "../../src/serve/slice_work.ts";
import { type OpenWork, PLAIN_OUTPUT, type RecipeBook } from "../../src/serve/types.ts";
import type { RecipeOptions, WorkEvent } from "../../src/serve/types.ts";
import { assertImages, session, talk, withServer } from "./client.ts";
import {
  encode,
  headerXml,
  LIMITS,
  memoryDuplex,
  memoryLog,
  scanMessages,
  sliceAcquisitions,
  someImages,
} from "./support.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const anything: RecipeBook = {
  choose: () => ({ name: "any", options: {}, output: PLAIN_OUTPUT, ignored: [] }),
};

/** Work that takes everything and never ends. */
function endless() {
  const seen = { aborted: 0 };
  const openWork: OpenWork = (_request, onEvent) => ({
    push: ({ samples }) => onEvent({ kind: "taken", bytes: samples.byteLength, held: 0 }),
    finish() {},
    abort: () => void seen.aborted++,
  });
  return { openWork, seen };
}

async function converse(duplex: Duplex, options: Partial<SessionOptions> = {}) {
  const { log, lines } = memoryLog();
  const { openWork, seen } = endless();
  const { error } = await new Session(duplex, {
    recipes: anything,
    limits: LIMITS,
    openWork,
    log,
    ...options,
  }).run();
  assert.ok(error instanceof InputError, `${error}`);
  return { message: error.message, lines, seen };
}

const SCAN = encode(scanMessages());

Deno.test("a client that sends a byte now and then is dropped by --idle", async () => {
  let at = 0;
  const duplex = {
    ...memoryDuplex(SCAN),
    async read(target: Uint8Array) {
      await pause(20);
      target[0] = SCAN[at++];
      return 1;
    },
  };
  const limits = { ...LIMITS, idleSeconds: 0.2 };
  const start = performance.now();
  const { message } = await converse(duplex, { limits });
  assert.match(message, /no whole message arrived for 0.2 s/);
  assert.ok(performance.now() - start < 10_000); // all of SCAN would take minutes
});

Deno.test("a client that reads a byte now and then is dropped by --idle", async () => {
  const openWork: OpenWork = (_request, onEvent) => ({
    push() {},
    finish: () => onEvent({ kind: "image", bytes: new Uint8Array(1 << 20) }),
    abort() {},
  });
  const duplex = { ...memoryDuplex(SCAN), write: () => pause(20).then(() => 1) };
  const limits = { ...LIMITS, idleSeconds: 0.2 };
  const { message } = await converse(duplex, { limits, openWork });
  assert.match(message, /the client read nothing for 0.2 s/);
});

/**
 * A scan that comes in pieces, each after a wait, to a session that drops clients which are idle for 0.6 s:
 * how it ends, and the acquisitions that were taken.
 */
async function inPieces(wait: (at: number) => Promise<void>, recording?: Recording) {
  let at = 0;
  const plain = {
    ...memoryDuplex(SCAN),
    async read(target: Uint8Array) {
      if (at === SCAN.length) return null;
      await wait(at);
      const part = SCAN.subarray(at, at + 200);
      target.set(part);
      at += part.length;
      return part.length;
    },
  };
  const openWork: OpenWork = (_request, onEvent) => ({
    push() {},
    finish: () => onEvent({ kind: "done", images: 0, failures: 0 }),
    abort() {},
  });
  const duplex = recording === undefined ? plain : recorded(plain, recording, {
    saving: (saved) => session.pace.except(saved),
    onFailure: () => {},
  });
  const { log } = memoryLog();
  const limits = { ...LIMITS, idleSeconds: 0.6 };
  const session: Session = new Session(duplex, { recipes: anything, limits, openWork, log });
  const { error, acquisitions } = await session.run();
  return [error, acquisitions];
}

Deno.test("a slow client that goes on reading and sending is not dropped", async () => {
  assert.deepEqual(await inPieces(() => pause(5)), [undefined, 9]);
});

Deno.test("a client is not blamed for time in which the server does not run", async () => {
  const stopped = async (at: number) => {
    await pause(1);
    for (const start = performance.now(); at === 400 && performance.now() - start < 900;);
    await pause(1);
  };
  assert.deepEqual(await inPieces(stopped), [undefined, 9]);
});

Deno.test("a client is not blamed for a disk that takes its time", async () => {
  let writes = 0;
  const write = () => pause(writes++ === 2 ? 900 : 0);
  const recording = { failure: undefined, write, close: () => Promise.resolve() };
  assert.deepEqual(await inPieces(() => pause(5), recording), [undefined, 9]);
});

Deno.test("a connection that breaks aborts its work: amid the data, and after CLOSE", async () => {
  for (const bytes of [SCAN.subarray(0, SCAN.length - 500), SCAN]) {
    const { read } = memoryDuplex(bytes);
    const duplex = {
      ...memoryDuplex(bytes),
      read: async (target: Uint8Array) => {
        const count = await read(target);
        if (count !== null) return count;
        throw new Error("Connection reset by peer");
      },
    };
    const { message, seen, lines } = await converse(duplex);
    assert.match(message, /the connection broke/);
    assert.equal(seen.aborted, 1);
    assert.match(lines.join("\n"), /ERR .*connection broke/);
  }
});

Deno.test("a session has its time, however busy it is", async () => {
  const limits = { ...LIMITS, sessionSeconds: 0.1 };
  const { message, seen } = await converse(memoryDuplex(SCAN), { limits });
  assert.match(message, /a session may take 0.1 s/);
  assert.equal(seen.aborted, 1);
});

const SIZE = { coils: 2, rows: 32, columns: 32 };

/** The events of one slice, until it is done. */
function workOn(options: RecipeOptions, imageSeconds: number): Promise<WorkEvent[]> {
  const events: WorkEvent[] = [];
  return new Promise((resolve) => {
    const request = {
      options,
      output: PLAIN_OUTPUT,
      xml: headerXml(SIZE),
      memoryBytes: 1e9,
      queueBytes: 1e9,
      imageSeconds,
    };
    const work = new LocalWork(request, {
      device: "cpu",
      onEvent: (event) => {
        events.push(event);
        if (event.kind === "done" || event.kind === "failed") resolve(events);
      },
    });
    sliceAcquisitions(someImages(1, SIZE), { size: SIZE }).forEach((each) => work.push(each));
    work.finish();
  });
}

Deno.test("an image has its time; the session goes on without it", async () => {
  const events = await workOn({ method: "sense", steps: 100_000 }, 0.3);
  const lines = events.flatMap((event) => event.kind === "log" ? [event.text] : []);
  assert.match(lines.join("\n"), /slice 0: Cannot finish the image: it may take 0.3 s/);
  assert.deepEqual(events.at(-1), { kind: "done", images: 0, failures: 1 });
});

Deno.test("a worker's sessions take turns within a slice, and one that has gone stops", async () => {
  const recipes: RecipeBook = {
    choose: (name) => ({
      name: `${name}`,
      options: name === "bomb" ? { method: "sense", steps: 100_000 } : { method: "rss" },
      output: PLAIN_OUTPUT,
      ignored: [],
    }),
  };
  const bomb = encode([
    { kind: "configFile", text: "bomb" },
    { kind: "header", text: headerXml(SIZE), terminated: true },
    ...sliceAcquisitions(someImages(1, SIZE), { size: SIZE }).map((acquisition) =>
      ({ kind: "acquisition", acquisition }) as const
    ),
    { kind: "close" },
  ]);
  await withServer(async ({ port, lines }) => {
    const conn = await Deno.connect({ port });
    for (let done = 0; done < bomb.length;) done += await conn.write(bomb.subarray(done));
    while (!lines.some((line) => /Recipe bomb/.test(line))) await pause(10);
    for (let i = 0; i < 3; i++) assertImages(await talk(port, session(i, 2)), i, 2);
    conn.close(); // noticed when the client is told that the work goes on
    while (!lines.some((line) => /ERR 1: .*(broke|Broken)/.test(line))) await pause(10);
    assertImages(await talk(port, session(7)), 7);
  }, { recipes });
});

Deno.test("when all sessions hold too much, the one that holds most gives way", () => {
  const memory = new Memory(100);
  const told: string[] = [];
  const share = (name: string) => memory.share((reason) => told.push(`${name}: ${reason.message}`));
  const [small, large, late] = ["small", "large", "late"].map(share);
  small.hold(30);
  large.hold(60);
  assert.deepEqual([memory.total, told.length], [90, 0]);
  late.hold(20);
  assert.match(told.join(), /^large: .*at most 100 bytes of all clients.*found 110.*\(60\)$/);
  large.hold(80); // it has no say any more
  assert.deepEqual([memory.total, told.length], [50, 1]);
  small.release();
  assert.equal(memory.total, 20);
});

Deno.test("the memory is for the whole server", async () => {
  const hold: OpenWork = (_request, onEvent) => ({
    push: () => onEvent({ kind: "taken", bytes: 0, held: 4000 }),
    finish() {},
    abort() {},
  });
  const memory = new Memory(6000);
  const begun = encode(scanMessages().slice(0, 3));
  const open = () => converse(memoryDuplex(begun, { ends: false }), { memory, openWork: hold });
  const { message } = await Promise.race([open(), open()]);
  assert.match(message, /at most 6000 bytes of all clients/);
});

Deno.test("no client fills the log", async () => {
  const { log, lines } = memoryLog();
  const capped = cappedLog(log, 3);
  for (let i = 0; i < 10; i++) capped("INF", `${i}`);
  assert.deepEqual(lines.slice(0, 3), ["INF 0", "INF 1", "INF 2"]);
  assert.match(lines[3], /^WRN More than 3 messages/);
  assert.equal(lines.length, 4);
  const sparse = sparseLog(log, 1000);
  for (let i = 0; i < 10; i++) sparse("WRN", "refused");
  assert.equal(lines.length, 5);
  const texts = Array.from({ length: 1000 }, () => ({
    kind: "text" as const,
    text: "hello",
    terminated: true,
  }));
  const [config, header, ...data] = scanMessages();
  await withServer(async ({ port, lines }) => {
    assertImages(await talk(port, encode([config, header, ...texts, ...data])), 0);
    assert.ok(lines.length < 220, `${lines.length} lines`);
  });
});
