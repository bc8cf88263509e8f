import assert from "node:assert/strict";
import { duration, ProgressLine } from "../../../src/cli/render/progress.ts";

function recorded(isTerminal: boolean, quiet = false) {
  let err = "", now = 0;
  const console = { out: () => {}, err: (text: string) => void (err += text), isTerminal };
  const line = new ProgressLine(console, "brain.h5", { quiet, now: () => now });
  const at = (ms: number, stage: string, slice: number, fraction: number) => {
    now = ms;
    line.update({ stage, slice, slices: 2, fraction });
  };
  return { line, at, written: () => err };
}

Deno.test("ProgressLine rewrites one line on a terminal, with an estimate, and clears it", () => {
  const { line, at, written } = recorded(true);
  at(0, "read", 0, 0);
  at(50, "calibrate", 0, 0.1);
  at(4000, "reconstruct", 0, 0.25);
  assert.equal(
    written(),
    "\r\x1b[Kbrain.h5: read slice 1/2, 0 %" +
      "\r\x1b[Kbrain.h5: reconstruct slice 1/2, 25 %, about 12 s left",
  );
  line[Symbol.dispose]();
  assert.ok(written().endsWith("left\r\x1b[K"));
});

Deno.test("ProgressLine logs each slice and the first of other stages where there is no terminal", () => {
  const { line, at, written } = recorded(false);
  at(0, "read", 0, 0);
  at(10, "reconstruct", 0, 0.1);
  at(2000, "reconstruct", 0, 0.4);
  at(2001, "read", 1, 0.5);
  at(3000, "reconstruct", 1, 0.6);
  line[Symbol.dispose]();
  assert.equal(
    written(),
    "brain.h5: read slice 1/2, 0 %\nbrain.h5: reconstruct slice 1/2, 10 %\n" +
      "brain.h5: reconstruct slice 2/2, 60 %, about 2 s left\n",
  );
});

Deno.test("ProgressLine says nothing when quiet", () => {
  for (const isTerminal of [true, false]) {
    const { line, at, written } = recorded(isTerminal, true);
    at(5000, "reconstruct", 1, 0.5);
    line[Symbol.dispose]();
    assert.equal(written(), "");
  }
});

Deno.test("duration() says seconds, minutes and hours", () => {
  assert.equal(duration(0.4), "0 s");
  assert.equal(duration(59.6), "1 min 0 s");
  assert.equal(duration(200), "3 min 20 s");
  assert.equal(duration(7500), "2 h 5 min");
});
