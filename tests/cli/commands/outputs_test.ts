/** Outputs of runs that are killed, that meet, and that find no room: one run's as a whole, or none. */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { simulate } from "../../../src/cli/commands/simulate.ts";
import { compare } from "../../../src/cli/commands/compare.ts";
import { Rng } from "../../../src/rng.ts";
import { inFolder } from "../../io/support.ts";
import {
  assertRefused,
  namesIn,
  runHere,
  SIZE,
  someKspace,
  taskCommand,
  writeH5,
} from "../support.ts";

/** All 100 instants take minutes; a few are tried each time. */
const KILLS = Number(Deno.env.get("LARMOR_KILLS") ?? 6);
const OUTPUTS = ["--method", "rss", "--also", "png16", "--dicom", "--quiet"];

/** Files in a folder and in its folders, without the list of them. */
function filesIn(folder: string, within = ""): string[] {
  return namesIn(join(folder, within)).flatMap((name) => {
    const path = join(within, name);
    return Deno.lstatSync(join(folder, path)).isDirectory ? filesIn(folder, path) : [path];
  });
}

/** K-space of some slices. */
const writeSlices = (path: string, slices: number) =>
  writeH5(path, { ...SIZE, slices, kspace: (slice: number) => someKspace(slice) });

async function ranHere(...args: string[]) {
  const { code, err } = await runHere(args);
  assert.equal(code, 0, err);
}

Deno.test("a second run leaves nothing of the first in dicom/ and slices/", async () => {
  await inFolder(async (at) => {
    const many = await writeSlices(at("many.h5"), 5), few = await writeSlices(at("few.h5"), 2);
    await ranHere(few, ...OUTPUTS, "--output", at("alone"));
    await ranHere(many, ...OUTPUTS, "--output", at("out"));
    assert.ok(filesIn(at("out")).includes("dicom/magnitude/0005.dcm"));
    await ranHere(few, ...OUTPUTS, "--output", at("out"));
    assert.deepEqual(filesIn(at("out")), filesIn(at("alone")));
    await ranHere(few, "--method", "rss", "--quiet", "--output", at("out"));
    assert.deepEqual(filesIn(at("out")), ["preview.png", "recon.json", "recon.nii.gz"]);
  });
});

Deno.test("recon and compare refuse a folder with other files before they read, and keep it", async () => {
  await inFolder(async (at) => {
    const input = await writeSlices(at("k.h5"), 1);
    Deno.mkdirSync(at("out/dicom"), { recursive: true });
    Deno.writeTextFileSync(at("out/dicom/0001.dcm"), "of a patient");
    const args = [input, "--method", "rss", "--output", at("out")];
    const refused = await runHere(args);
    assertRefused(refused, 3, /other files: dicom\/0001\.dcm\n.*--output/);
    assert.doesNotMatch(refused.err, /read slice/);
    const compared = [input, "--methods", "rss", "--output", at("out")];
    assertRefused(await runHere(compared, { command: compare }), 3, /other files: dicom\n/);
    assert.deepEqual(filesIn(at("out")), ["dicom/0001.dcm"]);
  });
});

Deno.test("an input whose name is no name, or an output that is the folder itself, is refused", async () => {
  await inFolder(async (at) => {
    for (const name of ["...h5", "..h5", "..npy"]) {
      await writeSlices(at(name), 1);
      assertRefused(await runHere([at(name)]), 2, /a name is required, found '\.*'\n.*--output/);
      const methods = ["--methods", "rss"];
      assertRefused(await runHere([at(name), ...methods], { command: compare }), 2, /a name is/);
    }
    const input = await writeSlices(at("k.h5"), 1);
    for (const output of [".", "..", Deno.cwd()]) {
      const args = [input, "--method", "rss", "--output", output];
      assertRefused(await runHere(args), 3, /of its own is required/);
    }
  });
});

Deno.test("of two runs at once into one folder the outputs of one are there, as a whole", async () => {
  await inFolder(async (at) => {
    const inputs = [await writeSlices(at("a.h5"), 2), await writeSlices(at("b.h5"), 5)];
    const args = (input: string) => [input, ...OUTPUTS, "--output", at("out")];
    for (const input of inputs) {
      await ranHere(input, ...OUTPUTS, "--output", at(`alone/${input.slice(-4)}`));
    }
    const whole = inputs.map((input) => filesIn(at(`alone/${input.slice(-4)}`)));
    const codes = await Promise.all(
      inputs.map(async (input) => (await taskCommand("recon", args(input)).output()).code),
    );
    assert.deepEqual(codes, [0, 0]);
    const found = filesIn(at("out"));
    assert.ok(whole.some((files) => JSON.stringify(files) === JSON.stringify(found)), `${found}`);
    assert.deepEqual(namesIn(at(".")), ["a.h5", "alone", "b.h5", "out"]);
  });
});

/** Bytes of the files of a folder by path; those of recon.json differ from run to run. */
function bytesIn(folder: string): string {
  return JSON.stringify(
    filesIn(folder).map((path) => {
      const bytes = Deno.readFileSync(join(folder, path));
      if (path !== "recon.json") return [path, crc32(bytes)];
      return [path, JSON.parse(new TextDecoder().decode(bytes)).input.path];
    }),
  );
}

/** Kills a run after `seconds`, counted from its first output where `writing`; whether it was still there. */
async function killed(args: readonly string[], isWriting: () => boolean, { seconds, writing }: {
  readonly seconds: number;
  readonly writing: boolean;
}): Promise<boolean> {
  const child = taskCommand("recon", args, { stdout: "null", stderr: "null" }).spawn();
  let over = false;
  const status = child.status.finally(() => over = true);
  while (writing && !over && !isWriting()) await sleep(2);
  await Promise.race([status, sleep(1000 * seconds)]);
  try {
    child.kill("SIGKILL");
  } catch {
    // it has just ended
  }
  return (await status).signal === "SIGKILL";
}

Deno.test(`a run that is killed at any of ${KILLS} instants leaves all or nothing; the next one cleans up`, async () => {
  await inFolder(async (at) => {
    const earlier = await writeSlices(at("earlier.h5"), 30);
    const input = await writeSlices(at("k.h5"), 40);
    const args = (from: string) => [from, ...OUTPUTS, "--output", at("out")];
    const partials = () => namesIn(at(".")).filter((name) => name.startsWith("out.partial"));
    const isWriting = () => {
      try {
        return partials().some((name) => filesIn(at(name)).length > 0);
      } catch {
        return true; // a file got its name while they were listed
      }
    };
    const runs: string[] = [], lengths: number[] = [];
    for (const from of [input, earlier]) {
      const begun = performance.now();
      const child = taskCommand("recon", args(from), { stdout: "null", stderr: "null" }).spawn();
      while (!isWriting() && performance.now() - begun < 60000) await sleep(2);
      const writing = performance.now();
      assert.ok((await child.status).success);
      lengths.unshift((performance.now() - begun) / 1000, (performance.now() - writing) / 1000);
      runs.push(bytesIn(at("out")));
    }
    await Deno.rename(at("out"), at("earlier"));
    const [whole, before] = runs, rng = new Rng(KILLS);
    const seen = { killed: 0, whole: 0, before: 0, absent: 0, between: 0, left: 0, ended: 0 };
    while (seen.killed < KILLS) {
      const had = seen.killed % 2 === 0, writing = seen.killed % 4 < 2;
      await Deno.remove(at("out"), { recursive: true }).catch(() => {});
      if (had) await cp(at("earlier"), at("out"), { recursive: true });
      const seconds = rng.uniform() * lengths[writing ? 1 : 0];
      if (await killed(args(input), isWriting, { seconds, writing })) seen.killed++;
      else assert.ok(++seen.ended < 4 * KILLS, "most runs end before they are killed");
      const found = bytesIn(at("out"));
      if (found === whole) seen.whole++;
      else if (found === before && had) seen.before++;
      else {
        assert.equal(found, "[]", "a part of a run");
        if (!had) seen.absent++;
        else if (partials().some((name) => bytesIn(at(name)) === before)) seen.between++;
        else assert.fail("the results of the earlier run are gone");
      }
      seen.left += Math.min(1, partials().length);
      assert.ok((await taskCommand("recon", args(input)).output()).success);
      assert.deepEqual(namesIn(at(".")), ["earlier", "earlier.h5", "k.h5", "out"]);
      assert.equal(bytesIn(at("out")), whole);
    }
    // deno-lint-ignore no-console -- the figures of a hundred kills are wanted
    if (KILLS > 6) console.log(JSON.stringify(seen));
  });
});

Deno.test("what a run that is alive prepares is kept by another one", async () => {
  await inFolder(async (at) => {
    const input = await writeSlices(at("k.h5"), 1);
    const partial = at("out.partial-1-00000000");
    Deno.mkdirSync(partial);
    Deno.writeTextFileSync(join(partial, ".larmor"), (await import("node:os")).hostname());
    using lock = await Deno.open(join(partial, ".larmor"), { read: true, write: true });
    await lock.lock(true);
    await ranHere(input, "--method", "rss", "--quiet", "--output", at("out"));
    assert.ok(namesIn(at(".")).includes("out.partial-1-00000000"));
    await lock.unlock();
    Deno.mkdirSync(at("out.partial-2-00000000"));
    Deno.writeTextFileSync(at("out.partial-2-00000000/.larmor"), "another machine");
    await ranHere(input, "--method", "rss", "--quiet", "--output", at("out"));
    assert.deepEqual(namesIn(at(".")), ["k.h5", "out", "out.partial-2-00000000"]);
  });
});

Deno.test("one comparison at a time writes into a folder; the next one cleans up", async () => {
  await inFolder(async (at) => {
    const input = await writeSlices(at("k.h5"), 1);
    const args = [input, "--methods", "rss", "--quiet", "--output", at("out")];
    Deno.mkdirSync(at("out/runs/x.partial-1-00000000"), { recursive: true });
    Deno.writeTextFileSync(at("out/.larmor"), (await import("node:os")).hostname());
    {
      using lock = await Deno.open(at("out/.larmor"), { read: true, write: true });
      await lock.lock(true);
      assertRefused(await runHere(args, { command: compare }), 3, /found another that writes/);
    }
    assert.equal((await runHere(args, { command: compare })).code, 0);
    assert.ok(!namesIn(at("out/runs")).includes("x.partial-1-00000000"));
  });
});

Deno.test("where there is no room nothing is left, and the earlier output stays", async (test) => {
  await inFolder(async (at) => {
    const mount = at("small");
    Deno.mkdirSync(mount);
    const options = ["-t", "tmpfs", "-o", "size=200k", "tmpfs", mount];
    const mounted = await new Deno.Command("mount", { args: options }).output().catch(() => null);
    // deno-lint-ignore no-console -- a skipped test says so
    if (!mounted?.success) return console.warn(`skipped: ${test.name}: cannot mount`);
    try {
      const input = await writeSlices(at("k.h5"), 1), large = await writeSlices(at("l.h5"), 60);
      await ranHere(input, ...OUTPUTS, "--output", join(mount, "out"));
      const before = filesIn(mount);
      const full = [large, ...OUTPUTS, "--also", "npy,cfl", "--output", join(mount, "out")];
      assertRefused(await runHere(full), 3, /Cannot write.*(space|ENOSPC)/);
      assert.deepEqual(filesIn(mount), before);
      for (const name of ["k.h5", "k.npy", "k.cfl", "k.mrd", "k.mrd.h5"]) {
        const args = ["--size", "96", "--coils", "8", "--quiet", "--output", join(mount, name)];
        assertRefused(await runHere(args, { command: simulate }), 3, /Cannot write/);
        assert.deepEqual(filesIn(mount), before, name);
      }
    } finally {
      await new Deno.Command("umount", { args: [mount] }).output();
    }
  });
});
