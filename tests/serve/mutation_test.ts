/** Recorded sessions with bytes changed, cut, doubled or swapped: refused or worked on, no more. */
import assert from "node:assert/strict";
import { LarmorError } from "../../src/errors.ts";
import { parseMrdHeader } from "../../src/io/mrd/xml_header.ts";
import { Assembler } from "../../src/mri/raw/assembler.ts";
import { Rng } from "../../src/rng.ts";
import { LocalWork } from "../../src/serve/slice_work.ts";
import { Session } from "../../src/serve/session.ts";
import { type OpenWork, PLAIN_OUTPUT, type RecipeBook } from "../../src/serve/types.ts";
import { concat, encode, LIMITS, memoryDuplex, scanMessages } from "./support.ts";

const MUTATIONS = 3000;
/** Mutations that are reconstructed too. */
const RECONSTRUCTED = 40;

/** A few mutations of a recorded session. */
function mutated(bytes: Uint8Array, rng: Rng): Uint8Array {
  const at = () => Math.floor(rng.uniform() * bytes.length);
  let result = bytes.slice();
  for (let i = 1 + Math.floor(3 * rng.uniform()); i > 0; i--) {
    const [a, b] = [at(), at()].sort((x, y) => x - y);
    const kind = Math.floor(5 * rng.uniform());
    if (kind <= 1) result[a % result.length] = Math.floor(256 * rng.uniform());
    else if (kind === 2) result = result.slice(0, Math.max(1, a));
    else if (kind === 3) {
      const part = result.subarray(a, Math.min(b, a + 600));
      result = concat([result.subarray(0, a), part, result.subarray(a)]);
    } else result = concat([result.subarray(0, a), result.subarray(Math.min(b, a + 600))]);
  }
  return result;
}

/** Work that puts lines together and does not reconstruct. */
const assembling: OpenWork = ({ xml, memoryBytes }, onEvent) => {
  let assembler: Assembler | undefined;
  try {
    assembler = new Assembler(parseMrdHeader(xml, "the client"), { maxBytes: memoryBytes });
  } catch (error) {
    assert.ok(error instanceof LarmorError, `${(error as Error).stack}`);
    const { message } = error;
    queueMicrotask(() => onEvent({ kind: "failed", message }));
  }
  return {
    push(acquisition) {
      try {
        assembler?.push(acquisition);
      } catch (error) {
        assert.ok(error instanceof LarmorError, `${(error as Error).stack}`);
      }
      onEvent({ kind: "taken", bytes: acquisition.samples.byteLength, held: 0 });
    },
    finish() {
      assembler?.flush();
      onEvent({ kind: "done", images: 0, failures: 0 });
    },
    abort() {},
  };
};

const recipes: RecipeBook = {
  choose: () => ({ name: "rss", options: { method: "rss" }, output: PLAIN_OUTPUT, ignored: [] }),
};

async function run(bytes: Uint8Array, openWork: OpenWork): Promise<void> {
  const duplex = memoryDuplex(bytes);
  const log = () => {};
  const { error } = await new Session(duplex, { recipes, limits: LIMITS, openWork, log }).run();
  assert.ok(error === undefined || error instanceof LarmorError, `${(error as Error)?.stack}`);
  await duplex.answer();
}

Deno.test(`${MUTATIONS} mutated sessions crash nothing`, async () => {
  const recorded = [encode(scanMessages()), encode(scanMessages({ terminated: false, slices: 2 }))];
  const rng = new Rng(1);
  for (let i = 0; i < MUTATIONS; i++) await run(mutated(recorded[i % 2], rng), assembling);
});

Deno.test(`${RECONSTRUCTED} mutated sessions are reconstructed or refused`, async () => {
  const recorded = encode(scanMessages());
  const rng = new Rng(2);
  const openWork: OpenWork = (request, onEvent) =>
    new LocalWork(request, { device: "cpu", onEvent });
  for (let i = 0; i < RECONSTRUCTED; i++) await run(mutated(recorded, rng), openWork);
});
