/** The commands as processes of their own: permissions, streams, signals, exit codes. */
import assert from "node:assert/strict";
import { inFolder } from "../../io/support.ts";
import {
  assertRefused,
  namesIn,
  runTask,
  SIZE,
  someKspace,
  taskCommand,
  writeH5,
} from "../support.ts";

Deno.test("deno task recon needs no network, and its stdout is one line of JSON", async () => {
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--method", "rss", "--json", "--output", at("out")];
    const { code, out, err } = await runTask("recon", args);
    assert.equal(code, 0, err);
    assert.match(out, /^\{[^\n]*\}\n$/);
    assert.deepEqual(Object.keys(JSON.parse(out)).slice(0, 2), ["schema", "input"]);
    assert.match(err, /^k\.h5: read slice 1\/2, 0 %\n/);
  });
});

Deno.test("deno task recon ends with 2 for an unknown option and with 4 for an absent device", async () => {
  assertRefused(await runTask("recon", ["--devise", "cpu"]), 2, /--device\?/);
  await inFolder(async (at) => {
    const args = [await writeH5(at("k.h5")), "--device", "cuda", "--output", at("out")];
    const outcome = await runTask("recon", args);
    if (outcome.code === 0) return; // this machine has CUDA
    assertRefused(outcome, 4, /cuda(.|\n)*install/i);
    assert.deepEqual(namesIn(at(".")), ["k.h5"]);
  });
});

/** Starts a reconstruction that takes a while, and waits until it is under way. */
async function started(input: string, output: string): Promise<Deno.ChildProcess> {
  const args = [input, "--method", "sense", "--steps", "400", "--output", output];
  const child = taskCommand("recon", args).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let seen = ""; !seen.includes("reconstruct slice 1/");) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${seen}`);
    seen += value;
  }
  reader.releaseLock();
  await child.stdout.cancel();
  return child;
}

async function writeLong(path: string): Promise<string> {
  const size = { ...SIZE, slices: 200, height: 64, width: 64 };
  return await writeH5(path, { ...size, kspace: (slice) => someKspace(slice, size) });
}

Deno.test("an interrupt ends recon with 130 and leaves nothing", async () => {
  await inFolder(async (at) => {
    const input = await writeLong(at("k.h5"));
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const child = await started(input, at("deep/out"));
      assert.equal(namesIn(at("deep")).length, 1, "the partial folder");
      child.kill(signal);
      const { code } = await child.status;
      assert.equal(code, 130);
      assert.deepEqual(namesIn(at(".")), ["k.h5"]);
    }
  });
});

Deno.test("a killed recon leaves nothing under the name of its output", async () => {
  await inFolder(async (at) => {
    const child = await started(await writeLong(at("k.h5")), at("out"));
    child.kill("SIGKILL");
    await child.status;
    assert.ok(!namesIn(at(".")).includes("out"));
  });
});
