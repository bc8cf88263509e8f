/** Cohorts whose processes are killed, hang, or find no room: all other results are whole, and the table says why. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { cohort } from "../../src/cli/commands/cohort.ts";
import type { CohortResults, CohortRow } from "../../src/cohort/results.ts";
import type { CohortStatus } from "../../src/cohort/status.ts";
import { namesIn, runHere, taskCommand, writeH5 } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { ROOT } from "../tools.ts";

const FILES = 6;
const KILLED = "killed by SIGKILL, perhaps for lack of memory";

/** Runs an action in this process. */
const here = (...args: string[]) => runHere(args, { command: cohort });

/** Plans a cohort of small files; returns its folder. */
async function planned(at: (name: string) => string, folder: string, ...options: string[]) {
  Deno.mkdirSync(at("scans"), { recursive: true });
  for (let i = 0; i < FILES; i++) await writeH5(at(`scans/s${i}.h5`), { slices: 5 });
  const args = ["init", at("scans/*.h5"), "--method", "rss", "--quiet", "--output", folder];
  const { code, err } = await here(...args, ...options);
  assert.equal(code, 0, err);
  return folder;
}

const statusOf = async (folder: string): Promise<CohortStatus> =>
  JSON.parse((await here("status", folder, "--json")).out);

async function rowsOf(folder: string, ...options: string[]): Promise<readonly CohortRow[]> {
  const place = options[1] ?? join(folder, "results");
  await here("collect", folder, "--quiet", ...options);
  const { rows }: CohortResults = JSON.parse(Deno.readTextFileSync(join(place, "table.json")));
  return rows;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Waits for a worker that is busy with a unit, and sends it a signal. */
async function strike(folder: string, signal: Deno.Signal): Promise<string> {
  for (let left = 300; left > 0; left--) {
    const { atWork } = await statusOf(folder);
    for (const { pid, unit } of atWork.filter(({ unit }) => unit !== null)) {
      const children = childrenOf(pid);
      if (children.length === 0) continue;
      Deno.kill(children[0], signal);
      return unit!;
    }
    await pause();
  }
  throw new Error("no worker began");
}

const childrenOf = (pid: number): number[] =>
  Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);

const start = (...args: string[]) =>
  taskCommand("cohort", ["run", ...args], { stdout: "null", stderr: "null" }).spawn();

const done = (rows: readonly CohortRow[]) => rows.filter(({ state }) => state === "done").length;

Deno.test("a worker that is killed is replaced; so is a run that is killed, by the next run", async () => {
  await inFolder(async (at) => {
    const folder = await planned(at, at("c"), "--shards", "3");
    const run = start(folder, "--processes", "1");
    await strike(folder, "SIGKILL");
    while ((await statusOf(folder)).lost[KILLED] !== 1) await pause();
    await strike(folder, "SIGCONT"); // the next one has begun
    run.kill("SIGKILL");
    await run.status;
    assert.ok((await statusOf(folder)).slices.left > 0, "it was killed in the middle");
    assert.equal((await start(folder, "--processes", "2").status).code, 0);
    const rows = await rowsOf(folder);
    assert.equal(done(rows), FILES);
    assert.equal(namesIn(at("c/units")).filter((name) => name.includes("partial")).length, 0);
  });
});

Deno.test("a machine that goes down loses its shard to another one when it has been silent", async (test) => {
  await inFolder(async (at) => {
    const folder = await planned(at, at("c"), "--shards", "2", "--stale", "4");
    // A machine of another name: its locks count for nothing here, as on a file system without them.
    const script = 'hostname elsewhere && exec "$@"';
    const args = ["--uts", "sh", "-c", script, "sh", Deno.execPath(), "task", "--quiet", "cohort"];
    const other = new Deno.Command("unshare", {
      args: [...args, "run", folder, "--processes", "1"],
      ...{ cwd: ROOT, stdout: "null", stderr: "null" },
    }).spawn();
    const begun = await strike(folder, "SIGSTOP").catch(() => undefined);
    // deno-lint-ignore no-console -- a skipped test says so
    if (begun === undefined) return console.warn(`skipped: ${test.name}: cannot change the name`);
    const [{ host, pid }] = (await statusOf(folder)).atWork;
    assert.equal(host, "elsewhere");
    for (const each of [pid, ...childrenOf(pid)]) Deno.kill(each, "SIGKILL");
    await other.status;
    assert.equal((await statusOf(folder)).atWork.length, 1, "it may be the network");
    const { code, err } = await here("run", folder, "--processes", "1");
    assert.equal(code, 0, err);
    assert.equal(done(await rowsOf(folder)), FILES);
    const hosts = namesIn(at("c/attempts"))
      .map((name) => JSON.parse(Deno.readTextFileSync(join(at("c/attempts"), name))).host);
    assert.ok(hosts.includes("elsewhere") && new Set(hosts).size === 2, `${hosts}`);
  });
});

Deno.test("a worker that hangs is stopped in time; what it was at is named, the rest is there", async () => {
  await inFolder(async (at) => {
    const folder = await planned(at, at("c"), ...[
      "--shards",
      "2",
      "--timeout",
      "12",
      "--tries",
      "1",
    ]);
    const run = start(folder, "--processes", "1");
    const unit = await strike(folder, "SIGSTOP");
    assert.equal((await run.status).code, 3);
    const rows = await rowsOf(folder);
    const failed = rows.filter(({ state }) => state !== "done");
    assert.equal(failed.length, 1);
    assert.match(
      failed[0].reason!,
      /No result after 1 tries: stopped after 12 s, the longest time/,
    );
    assert.equal(failed[0].file, Number(unit.split("-")[0]));
    const csv = Deno.readTextFileSync(at("c/results/table.csv"));
    assert.match(csv, /,(failed|incomplete),.*stopped after 12 s/);
  });
});

Deno.test("a disk that is full stops the run; what was written is whole, and the run goes on when there is room", async (test) => {
  await inFolder(async (at) => {
    const mount = at("small");
    Deno.mkdirSync(mount);
    const call = async (command: string, ...args: string[]) =>
      (await new Deno.Command(command, { args }).output().catch(() => null))?.success;
    const mounted = await call("mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", mount);
    // deno-lint-ignore no-console -- a skipped test says so
    if (!mounted) return console.warn(`skipped: ${test.name}: cannot mount`);
    try {
      const folder = await planned(at, join(mount, "c"), "--shards", "2");
      const full = await here("run", folder, "--processes", "1");
      assert.equal(full.code, 3, full.err);
      assert.match(full.err, /no space left/i);
      const before = await rowsOf(folder, "--output", at("results"));
      assert.ok(done(before) > 0 && done(before) < FILES, "it was full in the middle");
      const lacking = before.filter(({ state }) => state !== "done");
      assert.ok(lacking.every(({ state, reason }) => state === "unfinished" && reason !== null));
      assert.ok(lacking.some(({ reason }) => /no space left/i.test(reason!)), lacking[0].reason!);
      assert.ok(await call("mount", "-o", "remount,size=2M", mount));
      const again = await here("run", folder, "--processes", "1", "--quiet");
      assert.equal(again.code, 0, again.err);
      assert.equal(done(await rowsOf(folder, "--output", at("results"))), FILES);
    } finally {
      await call("umount", mount);
    }
  });
});
