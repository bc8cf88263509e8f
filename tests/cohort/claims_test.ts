/** Claims of shards: one process at a time, and dead processes lose theirs. */
import assert from "node:assert/strict";
import { Claims } from "../../src/cohort/claims.ts";
import { inFolder } from "../io/support.ts";

const STALE = 100;

/** Changes the record of an attempt, as another machine would have written it. */
function rewrite(path: string, change: Record<string, unknown>, secondsAgo = 0) {
  const record = { ...JSON.parse(Deno.readTextFileSync(path)), ...change };
  Deno.writeTextFileSync(path, JSON.stringify(record));
  const then = Date.now() / 1000 - secondsAgo;
  Deno.utimeSync(path, then, then);
}

Deno.test("of many claims at the same instant one wins; when it ends the next attempt has its number", async () => {
  await inFolder(async (at) => {
    const claims = new Claims(at("."), STALE);
    const taken = await Promise.all(Array.from({ length: 20 }, () => claims.take(3)));
    const [claim, ...others] = taken.filter((claim) => claim !== undefined);
    assert.equal(others.length, 0);
    assert.equal(claim.attempt.number, 1);
    assert.ok(await claim.beat({ unit: "a" }));
    assert.equal(await claims.take(3), undefined, "its process lives");
    await claim.end("failed", "killed");
    const next = await claims.take(3);
    assert.equal(next?.attempt.number, 2);
    const [before] = (await claims.attempts()).get(3)!;
    assert.deepEqual([before.state, before.unit, before.reason], ["failed", "a", "killed"]);
    assert.deepEqual(
      [...Deno.readDirSync(at("."))].map(({ name }) => name).sort(),
      ["00003-001.json", "00003-002.json"],
    );
    await next.end("done");
  });
});

Deno.test("a process of this machine that is gone loses its claim at once", async () => {
  await inFolder(async (at) => {
    const claims = new Claims(at("."), STALE);
    const module = new URL("../../src/cohort/claims.ts", import.meta.url).href;
    const code = `import { Claims } from "${module}";
      await (await new Claims("${at(".")}", ${STALE}).take(0)).beat({ unit: "b" });
      console.log("claimed"); setInterval(() => {}, 1000);`;
    const args = ["eval", "--no-check", code];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    assert.equal(await claims.take(0), undefined);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const claim = await claims.take(0);
    assert.equal(claim?.attempt.number, 2);
    await claim.end("done");
  });
});

Deno.test("a process of another machine keeps its claim while it writes, and loses it when it is silent", async () => {
  await inFolder(async (at) => {
    const claims = new Claims(at("."), STALE);
    const first = (await claims.take(0))!;
    rewrite(at("00000-001.json"), { host: "other" }, STALE / 2);
    const [attempt] = (await claims.attempts()).get(0)!;
    assert.ok(await claims.isAlive(attempt));
    assert.ok(Math.abs(await claims.silence(attempt) - STALE / 2) < 5);
    assert.equal(await claims.take(0), undefined);
    rewrite(at("00000-001.json"), {}, 2 * STALE);
    const second = (await claims.take(0))!;
    assert.equal(second.attempt.number, 2);
    assert.equal(await first.beat(), false, "the first one hears that it lost the claim");
    await second.end("done");
  });
});

Deno.test("a record that cannot be read counts as one that is being written", async () => {
  await inFolder(async (at) => {
    Deno.writeTextFileSync(at("00007-001.json"), "{");
    const claims = new Claims(at("."), STALE);
    assert.equal(await claims.take(7), undefined);
    const long = Date.now() / 1000 - 2 * STALE;
    Deno.utimeSync(at("00007-001.json"), long, long);
    const claim = (await claims.take(7))!;
    await claim.end("failed", "ü".repeat(5000));
    const [, { reason }] = (await claims.attempts()).get(7)!;
    assert.match(reason!, /^ü{500,}$/);
    assert.equal(Deno.statSync(at("00007-002.json")).size, 4096);
  });
});
