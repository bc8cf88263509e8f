/** Cohorts from plan to table: the same numbers however they are cut, and what fails is named. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { cohort } from "../../../src/cli/commands/cohort.ts";
import type { CohortResults } from "../../../src/cohort/results.ts";
import type { CohortPlan } from "../../../src/cohort/types.ts";
import { openImage } from "../../../src/io/open.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, type Outcome, runHere, someKspace, writeH5 } from "../support.ts";

const here = (...args: string[]): Promise<Outcome> => runHere(args, { command: cohort });

async function ranHere(...args: string[]): Promise<string> {
  const { code, out, err } = await here(...args);
  assert.equal(code, 0, err);
  return out;
}

/** All pixels of a NIfTI volume. */
async function pixels(path: string): Promise<number[]> {
  using image = await openImage(path);
  const slices = [];
  for (let i = 0; i < image.slices; i++) slices.push([...(await image.readSlice(i)).data]);
  return slices.flat();
}

const MASK = ["--mask", "equispaced:R=2,acs=8"];

Deno.test("a cohort gives what recon gives, whatever the shards and the processes", async () => {
  await inFolder(async (at) => {
    await writeH5(at("a.h5"), { slices: 4, kspace: (slice) => someKspace(slice) });
    await writeH5(at("b.h5"), { slices: 3, kspace: (slice) => someKspace(10 + slice) });
    const results: CohortResults[] = [];
    for (const [name, shards, processes] of [["fine", "5", "3"], ["coarse", "1", "1"]]) {
      const folder = at(name);
      await ranHere("init", at("*.h5"), ...MASK, "--method", "rss,sense:steps=4", ...[
        ...["--output", folder, "--shards", shards, "--quiet"],
      ]);
      await ranHere("run", folder, "--processes", processes, "--quiet");
      await ranHere("collect", folder, "--quiet");
      results.push(JSON.parse(Deno.readTextFileSync(join(folder, "results/table.json"))));
    }
    const [fine, coarse] = results;
    assert.ok(namesIn(at("fine/units")).length > namesIn(at("coarse/units")).length);
    const settled = (rows: CohortResults["rows"]) =>
      rows.map(({ seconds: _, cpuSeconds: _cpu, peakMemory: _memory, chiSquare: _mean, ...row }) =>
        row
      );
    assert.deepEqual(settled(fine.rows), settled(coarse.rows));
    assert.deepEqual(fine.differences, coarse.differences);
    assert.equal(fine.differences[0].count, 2);
    for (const input of ["a", "b"]) {
      const args = ["--method", "sense", "--steps", "4", "--threads", "1", "--quiet"];
      const { code, err } = await runHere([
        at(`${input}.h5`),
        ...MASK,
        ...args,
        "--output",
        at("r"),
      ]);
      assert.equal(code, 0, err);
      const expected = await pixels(at("r/recon.nii.gz"));
      for (const name of ["fine", "coarse"]) {
        const image = `${name}/results/images/${input}/sense_steps=4/recon.nii.gz`;
        assert.deepEqual(await pixels(at(image)), expected, image);
      }
      const { metrics } = JSON.parse(Deno.readTextFileSync(at("r/recon.json")));
      const row = fine.rows.find(({ name, method }) => name === input && method !== "rss")!;
      assert.equal(row.head?.psnr, metrics.head.psnr);
    }
  });
});

Deno.test("what cannot be read, and what changed, is named; the rest is there as a whole", async () => {
  await inFolder(async (at) => {
    for (const name of ["good", "changed"]) await writeH5(at(`${name}.h5`), { slices: 2 });
    Deno.writeFileSync(at("cut.h5"), Deno.readFileSync(at("good.h5")).subarray(0, 3000));
    Deno.writeTextFileSync(
      at("all.csv"),
      "input,age,slices\ngood.h5,43,\ncut.h5,55,\nchanged.h5,61,1\ngood.h5,43,7:9\n",
    );
    const init = ["init", at("all.csv"), "--method", "rss", "--output", at("c")];
    const { code, err } = await here(...init);
    assert.equal(code, 0, err);
    assert.match(err, /warning: .*cut\.h5/);
    assert.match(err, /slices 7:9 of .*good\.h5: a range within 0:2 is required/);
    const plan: CohortPlan = JSON.parse(Deno.readTextFileSync(at("c/cohort.json")));
    await writeH5(at("changed.h5"), { slices: 3 });
    const ran = await here("run", at("c"), "--processes", "1");
    assert.equal(ran.code, 3);
    assert.match(ran.err, /changed, rss, slices 1:2: .* has changed since/);
    const { code: collected, out } = await here("collect", at("c"), "--quiet");
    assert.equal(collected, 3);
    assert.match(out, /good +.*\n|changed, rss: failed: .*changed since/);
    const csv = Deno.readTextFileSync(at("c/results/table.csv")).trim().split("\n");
    assert.match(csv[0], /^name,input,age,method,model,state,/);
    assert.deepEqual(csv.slice(1).map((line) => line.match(/,(done|failed|refused),/)![1]), [
      ...["done", "failed", "refused", "refused"],
    ]);
    const status = JSON.parse((await here("status", at("c"), "--json")).out);
    assert.deepEqual(status.slices, { all: 3, done: 2, failed: 1, left: 0 });
    assert.equal(status.refused, 2);
    assert.equal(status.memory.measured > 1e8, true);
    await writeH5(at("changed.h5"), { slices: 2 });
    const { changed } = plan.files[1];
    Deno.utimeSync(at("changed.h5"), changed / 1000, changed / 1000);
    assert.equal((await here("run", at("c"), "--quiet")).code, 3, "what failed stays so");
    assert.equal((await here("run", at("c"), "--retry", "--quiet")).code, 0);
    const again = await here(...init);
    assertRefused(again, 3, /other files/);
  });
});

Deno.test("what makes no cohort is refused", async () => {
  await inFolder(async (at) => {
    await writeH5(at("a.h5"));
    assertRefused(await here(), 2, /one of init, run, submit, status, collect is required/);
    assertRefused(await here("rn"), 2, /found another word\n.*Did you mean run/);
    assertRefused(await here("init"), 2, /a manifest, a pattern or files are required/);
    assertRefused(await here("run", at("a"), at("b")), 2, /one folder of a cohort is required/);
    assertRefused(await here("run", at("none")), 3, /cohort\.json: no such file.*\n.*cohort init/);
    assertRefused(await here("init", at("none.h5"), "--quiet"), 3, /found none of 1; the first: /);
    assertRefused(await here("init", at("a.h5"), "--method", "sens"), 2, /Did you mean sense/);
    await ranHere("init", at("a.h5"), "--method", "rss", "--output", at("c"), "--quiet");
    assertRefused(
      await here("run", at("c"), "--shards", "5"),
      2,
      /Cannot take shard 5: one of 0 to 0/,
    );
    assertRefused(await here("run", at("c"), "--shards", "x"), 2, /such as 0-3,7/);
    const script = await ranHere("submit", at("c"), "--dry-run", "--tasks", "5");
    assert.match(script, /^#!\/bin\/bash\n#SBATCH --job-name=larmor-c\n/);
    assert.match(script, /#SBATCH --array=0%5\n/);
    assert.match(script, /cohort run .*c --processes 1 --shards "\$SLURM_ARRAY_TASK_ID"\n/);
    assert.match(script, /#SBATCH --mem=1024M\n#SBATCH --time=0-00:15:/);
    const help = await ranHere("--help");
    assert.match(help, /Actions:\n {2}deno task cohort init /);
    assert.doesNotMatch(help, /cohort work/);
  });
});
