/** A cohort on a cluster of two nodes, one of which dies: nothing is lost, nothing is there twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Attempt } from "../../src/cohort/claims.ts";
import type { CohortPlan } from "../../src/cohort/types.ts";
import type { CohortResults } from "../../src/cohort/results.ts";
import { namesIn, runHere, someKspace, taskCommand, writeH5 } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { documentedCommands } from "../docs/documented.ts";
import { needsCommand, testWith } from "../tools.ts";
import { startCluster } from "./slurm.ts";

const FILES = 20, SLICES = 10;
/** The folder of the page. */
const SHARED = "/shared/study";
const SIZE = { coils: 2, height: 32, width: 32 };

const missing = ["slurmctld", "slurmd", "munged"].map(needsCommand).find((name) => name);

async function until(what: string, done: () => boolean | Promise<boolean>, seconds: number) {
  const end = Date.now() + 1000 * seconds;
  while (!await done()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

testWith(
  missing,
  "a cohort of 200 slices on two nodes of Slurm, one of which is killed",
  async () => {
    await inFolder(async (at) => {
      Deno.mkdirSync(at("scans"));
      for (let i = 0; i < FILES; i++) {
        const kspace = (slice: number) => someKspace(100 * i + slice, { ...SIZE, slices: SLICES });
        await writeH5(at(`scans/s${i}.h5`), { ...SIZE, slices: SLICES, kspace });
      }
      Deno.mkdirSync(at("slurm"));
      await using cluster = await startCluster(at("slurm"));
      const cohort = async (...args: string[]) => {
        const options = { cwd: at("."), env: { ...cluster.env } };
        const command = taskCommand("cohort", args, options);
        const { code, stdout, stderr } = await command.output();
        const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        assert.equal(code, 0, read(stderr));
        return read(stdout);
      };
      // The lines of the page, with a faster method and shorter times.
      const [init, submit, status] = documentedCommands()
        .filter(({ page, line }) => page === "docs/cohorts.md" && line.includes(SHARED))
        .map(({ args }) => args.map((arg) => arg === SHARED ? at("c") : arg));
      await cohort(...init, ...["--method", "rss", "--shards", "10", "--stale", "20", "--quiet"]);
      await cohort(...submit);
      assert.match(await cohort(...status), /of 200 slices done/);
      const finished = () => namesIn(at("c/units")).filter((name) => !name.includes("partial"));
      const attempts = (): Attempt[] =>
        namesIn(at("c/attempts")).filter((name) => /^\d+-\d+\.json$/.test(name))
          .map((name) => JSON.parse(Deno.readTextFileSync(join(at("c/attempts"), name))));
      const isAtWork = ({ state, pid }: Attempt) => state === "running" && cluster.runs("n1", pid);
      await until("n1 has a shard", () => attempts().some(isAtWork), 60);
      await cluster.kill("n1");
      const killed = finished().length;
      const plan: CohortPlan = JSON.parse(Deno.readTextFileSync(at("c/cohort.json")));
      const units = plan.shards.flatMap((shard) => shard.units);
      assert.ok(killed < units.length, "it was killed in the middle");
      const table = at("c/results/table.json");
      try {
        await until("collected", () => Deno.stat(table).then(() => true, () => false), 300);
      } catch (error) {
        throw new Error(`${error}\n${await cluster.call("squeue")}\n${cluster.logs()}`);
      }
      assert.deepEqual(finished(), units.map(({ id }) => id).sort());
      const { rows }: CohortResults = JSON.parse(Deno.readTextFileSync(table));
      assert.deepEqual(
        rows.map(({ state, done }) => [state, done]),
        rows.map(() => ["done", SLICES]),
      );
      assert.equal(rows.reduce((sum, { done }) => sum + done, 0), FILES * SLICES);
      assert.ok(attempts().some(({ number }) => number > 1), "a shard was taken over");
      for (const shard of plan.shards.keys()) {
        const all = attempts().filter((each) => each.shard === shard);
        const done = all.filter(({ state }) => state === "done");
        // A node may die between its last result and the word that all are there.
        const diedAtTheEnd = all.length === 1 && all[0].state === "running";
        assert.ok(done.length === 1 || diedAtTheEnd, `shard ${shard}: ${JSON.stringify(all)}`);
      }
      // The first file again, by recon.
      const args = [at("scans/s0.h5"), "--method", "rss", "--quiet", "--output", at("r")];
      assert.equal((await runHere(args)).code, 0);
      const { metrics } = JSON.parse(Deno.readTextFileSync(at("r/recon.json")));
      assert.equal(rows.find(({ name }) => name === "s0")!.head?.nmse, metrics.head.nmse);
    });
  },
);
