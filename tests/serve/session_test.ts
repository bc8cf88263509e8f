/** One conversation after the other, with work that only takes notes. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { encodeMessage, type MrdMessage } from "../../src/io/mrd/messages.ts";
import { extraConfiguration } from "../../src/serve/extra_configuration.ts";
import { Session } from "../../src/serve/session.ts";
import type { SessionOptions } from "../../src/serve/session_options.ts";
import { quoted } from "../../src/quoted.ts";
import { type OpenWork, PLAIN_OUTPUT, type RecipeBook } from "../../src/serve/types.ts";
import type { WorkEvent } from "../../src/serve/types.ts";
import { type Answer, encode, LIMITS, memoryDuplex, memoryLog, scanMessages } from "./support.ts";

const IMAGE_BYTES = 5000;

/** Work that counts, and gives an image of zeros for every acquisition. */
function countingWork(onPush?: (send: (event: WorkEvent) => void) => void) {
  const seen = { opened: 0, pushed: 0, finished: 0, aborted: 0, xml: "" };
  const open: OpenWork = ({ xml }, onEvent) => {
    seen.opened++;
    seen.xml = xml;
    return {
      push({ samples }) {
        seen.pushed++;
        onPush?.(onEvent);
        queueMicrotask(() => onEvent({ kind: "taken", bytes: samples.byteLength, held: 0 }));
      },
      finish() {
        seen.finished++;
        queueMicrotask(() => onEvent({ kind: "done", images: 0, failures: 0 }));
      },
      abort: () => void seen.aborted++,
    };
  };
  return { seen, open };
}

/** A book that takes every name but `unknown`, and remembers what was asked. */
function noting() {
  const asked: { name?: string | undefined; changes?: Readonly<Record<string, string>> } = {};
  const book: RecipeBook = {
    choose(name, changes) {
      if (name === "unknown") throw new InputError("Cannot find the recipe");
      Object.assign(asked, { name, changes });
      const options = name === "null" ? null : {};
      return { name: name ?? "default", options, output: PLAIN_OUTPUT, ignored: [] };
    },
  };
  return { asked, book };
}

async function converse(
  bytes: Uint8Array,
  options: Partial<SessionOptions> & { size?: number; ends?: boolean } = {},
) {
  const { size = Infinity, ends = true, ...rest } = options;
  const duplex = memoryDuplex(bytes, { size, ends });
  const { seen, open } = countingWork();
  const { asked, book } = noting();
  const { log, lines } = memoryLog();
  const session = new Session(duplex, {
    recipes: book,
    limits: LIMITS,
    openWork: open,
    log,
    ...rest,
  });
  const result = await session.run();
  const answer: Answer = await duplex.answer();
  return { result, answer, seen, asked, lines };
}

const SCAN_MESSAGES = scanMessages({ config: "tv" });
const acquisitions = SCAN_MESSAGES.filter(({ kind }) => kind === "acquisition");
const header = SCAN_MESSAGES[1];

Deno.test("a session hands over the header and every acquisition, and closes", async () => {
  for (const size of [1, 100, Infinity]) {
    const { result, answer, seen, asked } = await converse(encode(SCAN_MESSAGES), { size });
    assert.equal(result.error, undefined);
    assert.deepEqual([result.acquisitions, seen.pushed], [9, 9]);
    assert.deepEqual([seen.opened, seen.finished, seen.aborted], [1, 1, 0]);
    assert.equal(header.kind === "header" && header.text, seen.xml);
    assert.equal(asked.name, "tv");
    assert.ok(answer.closed);
  }
});

Deno.test("the server's texts end as the client's do", async () => {
  for (const terminated of [true, false]) {
    const { answer } = await converse(encode(scanMessages({ terminated })));
    const flavours = answer.messages.flatMap((m) => m.kind === "text" ? [m.terminated] : []);
    assert.ok(flavours.length > 0 && flavours.every((found) => found === terminated));
  }
});

Deno.test("JSON after the header names the recipe and changes options", async () => {
  const json = {
    parameters: { config: "sense", customconfig: "", steps: 3, fast: true, list: [] },
  };
  const text = { kind: "text", text: JSON.stringify(json), terminated: true } as const;
  const { asked } = await converse(encode([...SCAN_MESSAGES.slice(0, 2), text, ...acquisitions]));
  assert.deepEqual(asked, { name: "sense", changes: { steps: "3", fast: "true" } });
  const late = await converse(encode([...SCAN_MESSAGES.slice(0, 3), text, { kind: "close" }]));
  assert.equal(late.asked.name, "tv");
  assert.match(late.lines.join("\n"), /Client: \{"parameters"/);
});

Deno.test("extraConfiguration() reads JSON with parameters and nothing else", () => {
  const parameters = (value: unknown) => extraConfiguration(JSON.stringify({ parameters: value }));
  assert.deepEqual(parameters({ config: "a", customconfig: "b" }), { name: "b", changes: {} });
  assert.deepEqual(parameters({ config: "None" }), { changes: {} });
  assert.deepEqual(parameters(null), { changes: {} });
  for (const text of ["", "tv", "<xml/>", "[]", "null", "3", '{"a":1}', '{"parameters":[1]}']) {
    assert.equal(extraConfiguration(text), undefined, text);
  }
});

Deno.test("JSON that would take long to read is refused", async () => {
  const [config, header, ...rest] = SCAN_MESSAGES;
  const json = (text: string) => ({ kind: "text", text, terminated: true }) as const;
  const deep = json(`{"parameters":${"[".repeat(50_000)}${"]".repeat(50_000)}}`);
  const many = Array.from({ length: 6 }, (_, text) => {
    const named = Array.from({ length: 200 }, (_, i) => [`${text} ${i}`, 1]);
    return json(JSON.stringify({ parameters: Object.fromEntries(named) }));
  });
  for (const texts of [[deep], many]) {
    const { result, answer, seen } = await converse(encode([config, header, ...texts, ...rest]));
    assert.ok(result.error instanceof InputError);
    assert.match(answer.texts.join("\n"), /Cannot take the configuration: at most .* found/);
    assert.equal(seen.opened, 0);
  }
});

Deno.test("a configuration as text may name a recipe, or be JSON", async () => {
  const rest = SCAN_MESSAGES.slice(1);
  const configText = (text: string) => ({ kind: "configText", text, terminated: true }) as const;
  assert.equal((await converse(encode([configText("tv"), ...rest]))).asked.name, "tv");
  const json = configText('{"parameters":{"config":"wavelet","steps":2}}');
  const { asked } = await converse(encode([json, ...rest]));
  assert.deepEqual(asked, { name: "wavelet", changes: { steps: "2" } });
});

Deno.test("connections without data and queries without a header end without work", async () => {
  const empty = await converse(new Uint8Array());
  assert.deepEqual([empty.answer.messages, empty.seen.opened], [[], 0]);
  const query = await converse(encode([SCAN_MESSAGES[0], { kind: "close" }]));
  assert.equal(query.result.error, undefined);
  assert.deepEqual(query.answer.messages, [{ kind: "close" }]);
  assert.equal(query.seen.opened, 0);
});

Deno.test("a stream that ends without CLOSE is worked on to the end", async () => {
  const { result, answer, seen } = await converse(encode(SCAN_MESSAGES.slice(0, -1)));
  assert.equal(result.error, undefined);
  assert.equal(seen.finished, 1);
  assert.match(answer.texts.join("\n"), /WRN The stream ended without CLOSE/);
  assert.ok(answer.closed);
});

Deno.test("messages out of order are refused, and the client is told", async () => {
  const cases: [MrdMessage[], RegExp][] = [
    [[SCAN_MESSAGES[0], ...acquisitions], /a header is required before/],
    [[...SCAN_MESSAGES.slice(0, 2), header], /a second header/],
    [[...SCAN_MESSAGES.slice(0, 4), SCAN_MESSAGES[0]], /required before the data/],
    [[{ kind: "configFile", text: "unknown" }, ...SCAN_MESSAGES.slice(1)], /find the recipe/],
  ];
  for (const [messages, reason] of cases) {
    const { result, answer, lines, seen } = await converse(encode(messages));
    assert.ok(result.error instanceof InputError);
    assert.match(answer.texts.at(-1) ?? "", reason);
    assert.match(lines.join("\n"), reason);
    assert.ok(answer.closed);
    assert.equal(seen.aborted, seen.opened);
  }
});

Deno.test("a session cut off within a message is refused; at its boundaries it ends", async () => {
  let end = 0;
  const ends = SCAN_MESSAGES.map((message) => end += encodeMessage(message).length);
  const bytes = encode(SCAN_MESSAGES);
  for (const boundary of ends) {
    const { result, answer } = await converse(bytes.subarray(0, boundary));
    assert.equal(result.error, undefined, `at ${boundary}`);
    assert.ok(answer.closed);
    const cut = await converse(bytes.subarray(0, boundary - 1));
    assert.ok(cut.result.error instanceof InputError);
    assert.match(cut.answer.texts.join("\n"), /ERR .*the stream ends/);
    assert.equal(cut.seen.aborted, cut.seen.opened);
  }
});

Deno.test("too many acquisitions are refused", async () => {
  const limits = { ...LIMITS, acquisitions: 4 };
  const { result, answer, seen } = await converse(encode(SCAN_MESSAGES), { limits });
  assert.ok(result.error instanceof InputError);
  assert.match(answer.texts.join("\n"), /at most 4 are allowed/);
  assert.deepEqual([seen.pushed, seen.aborted], [4, 1]);
});

Deno.test("a client that says nothing more is refused when its time is over", async () => {
  const limits = { ...LIMITS, idleSeconds: 0.1 };
  const bytes = encode(SCAN_MESSAGES.slice(0, 5));
  const { result, answer, seen } = await converse(bytes, { limits, ends: false });
  assert.ok(result.error instanceof InputError);
  assert.match(answer.texts.join("\n"), /nothing arrived for 0.1 s/);
  assert.ok(answer.closed);
  assert.equal(seen.aborted, 1);
});

Deno.test("a client that does not read is dropped when its time is over", async () => {
  const image = (send: (event: WorkEvent) => void) =>
    send({ kind: "image", bytes: new Uint8Array(IMAGE_BYTES) });
  const { open } = countingWork(image);
  const duplex = {
    ...memoryDuplex(encode(SCAN_MESSAGES), { ends: false }),
    write: () => new Promise<number>(() => {}),
  };
  const { log, lines } = memoryLog();
  const limits = { ...LIMITS, idleSeconds: 0.1 };
  const { book } = noting();
  const session = new Session(duplex, { recipes: book, limits, openWork: open, log });
  const { error } = await session.run();
  assert.ok(error instanceof InputError);
  assert.match(lines.join("\n"), /the client read nothing for 0.1 s/);
});

Deno.test("work that fails ends the session with its reason", async () => {
  const { open } = countingWork((send) => send({ kind: "failed", message: "no memory" }));
  const { result, answer } = await converse(encode(SCAN_MESSAGES), { openWork: open });
  assert.ok(result.error instanceof InputError);
  assert.match(answer.texts.join("\n"), /ERR no memory/);
  assert.ok(answer.closed);
});

Deno.test("a bug in the server is not shown to the client", async () => {
  const openWork: OpenWork = () => {
    throw new TypeError("secret");
  };
  const { result, answer } = await converse(encode(SCAN_MESSAGES), { openWork });
  assert.ok(result.error instanceof TypeError);
  assert.match(answer.texts.join("\n"), /Internal error of the server/);
  assert.doesNotMatch(answer.texts.join("\n"), /secret/);
});

Deno.test("a client is sent so many texts and no more", async () => {
  const { open } = countingWork((send) => {
    for (let i = 0; i < 30; i++) send({ kind: "log", severity: "WRN", text: `line ${i}` });
  });
  const { answer, lines } = await converse(encode(SCAN_MESSAGES), { openWork: open });
  assert.ok(answer.texts.length < 60);
  assert.match(answer.texts.at(-1) ?? "", /only in the server's log/);
  assert.ok(lines.length > 9 * 30);
});

Deno.test("a pipe gets the header back, images and no texts", async () => {
  const { answer } = await converse(encode(SCAN_MESSAGES), { pipe: true });
  assert.deepEqual(answer.messages.map(({ kind }) => kind), ["header", "close"]);
});

Deno.test("the recipe null opens no work", async () => {
  const { result, seen } = await converse(encode(scanMessages({ config: "null" })));
  assert.deepEqual([result.error, result.acquisitions, seen.opened], [undefined, 9, 0]);
});

Deno.test("quoted() keeps control characters out of the log", () => {
  assert.equal(quoted("a\x1b[31m\nb\u202ec"), "a [31m b c");
  assert.ok(quoted("x".repeat(1000)).length < 210);
});
