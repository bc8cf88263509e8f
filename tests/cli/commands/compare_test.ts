import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { compare } from "../../../src/cli/commands/compare.ts";
import { guarded, Interrupted } from "../../../src/cli/entry.ts";
import { readNpy, writeNpyComplex } from "../../../src/io/numpy/npy.ts";
import type { Comparison, ComparisonRun } from "../../../src/report/comparison.ts";
import { inFolder } from "../../io/support.ts";
import {
  assertRefused,
  namesIn,
  runHere,
  someKspace,
  taskCommand,
  writeH5,
  writeNpyKspace,
} from "../support.ts";

/** A small network that PyTorch exported. */
const MODEL = new URL("../../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const MASK = ["--mask", "equispaced:R=2,acs=8"];

const comparing = (...args: string[]) =>
  runHere([...args, "--device", "cpu"], { command: compare });

async function comparisonIn(folder: string): Promise<Comparison> {
  return JSON.parse(await Deno.readTextFile(`${folder}/compare.json`));
}

Deno.test("compare gives the images and numbers of recon with the same options", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const sampling = ["--model", MODEL, "--samples", "2", "--steps", "2"];
    const shared = [input, ...MASK, "--seed", "3", "--slices", "0:2"];
    const { code, err } = await comparing(
      ...[...shared, ...sampling, "--methods", "tv,dds", "--output", at("out")],
    );
    assert.equal(code, 0, err);
    const { runs, inputs } = await comparisonIn(at("out"));
    assert.deepEqual(inputs[0].slices, [0, 2]);
    const own: Record<string, string[]> = { tv: ["--steps", "2"], dds: sampling };
    for (const { method, files, whole, head, ...run } of runs) {
      const options = [...own[method], "--also", "npy", "--json", "--device", "cpu"];
      const args = [...shared, ...options, "--method", method, "--output", at(method)];
      const report = JSON.parse((await runHere(args)).out);
      assert.deepEqual(readNpy(at(`out/${files.recon}`)), readNpy(at(`${method}/recon.npy`)));
      const { haarpsi: _whole, ...wholeMetrics } = whole!;
      const { haarpsi, ...headMetrics } = head!;
      assert.deepEqual([wholeMetrics, headMetrics], [report.metrics.whole, report.metrics.head]);
      assert.ok(haarpsi > 0 && haarpsi <= 1 && run.perSlice.length === 2);
      for (const name of ["steps", "samples", "nfe", "seed", "model", "audit"] as const) {
        assert.deepEqual(run[name], report[name], name);
      }
      assert.equal(files.std === undefined, method === "tv");
    }
  });
});

Deno.test("compare tells why a method failed, keeps the others, and does not end with 0", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, ...MASK, "--model", at("none"), "--output", at("out")];
    const { code, out, err } = await comparing(...args, "--methods", "zero-filled,dds,rss");
    assert.equal(code, 3, err);
    assert.match(out, /^ {2}dds +failed$/m);
    assert.match(out, /dds: Cannot find the model/);
    assert.match(out, /^ {2}rss .*\d\.\d{4}/m);
    assert.deepEqual(
      namesIn(at("out")),
      [
        "compare.csv",
        "compare.json",
        "figure.png",
        "figure.svg",
        "reference",
        "report.html",
        "runs",
      ],
    );
    const { runs, inputs } = await comparisonIn(at("out"));
    assert.deepEqual(runs.map(({ error }) => error === null), [true, false, true]);
    assert.ok(existsSync(at(`out/${inputs[0].reference}`)));
    const csv = (await Deno.readTextFile(at("out/compare.csv"))).trimEnd().split("\n");
    assert.equal(csv.length, 4);
    assert.match(csv[1], /,"equispaced:R=2,acs=8",/);
    assert.match(await Deno.readTextFile(at("out/report.html")), /Cannot find the model/);
  });
});

Deno.test("compare does not repeat what is finished, and repeats what is damaged", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, ...MASK, "--output", at("out"), "--methods"];
    const first = await comparing(...args, "zero-filled,rss");
    assert.doesNotMatch(first.err, /finished before/);
    const before = await comparisonIn(at("out"));
    const second = await comparing(...args, "rss,sense,zero-filled");
    assert.equal(second.err.match(/finished before/g)?.length, 2, second.err);
    const after = await comparisonIn(at("out"));
    assert.deepEqual(after.runs.map(({ method }) => method), ["rss", "sense", "zero-filled"]);
    assert.deepEqual([after.runs[2], after.runs[0]], before.runs);
    const changed = await comparing(...args, "rss", "--slices", "1:2");
    assert.doesNotMatch(changed.err, /finished before/, "other slices are another run");
    await Deno.truncate(at(`out/runs/${after.runs[0].key}/row.json`), 20);
    await Deno.remove(at(`out/${after.runs[2].files.recon}`));
    const third = await comparing(...args, "rss,sense,zero-filled");
    assert.equal(third.err.match(/finished before/g)?.length, 1, third.err);
  });
});

Deno.test("an interrupted compare ends with 130, keeps what is finished, and goes on", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, ...MASK, "--methods", "rss,sense,tv", "--output", at("out")];
    const controller = new AbortController();
    let text = "";
    const err = (line: string) => {
      text += line;
      if (line.startsWith("1/3")) controller.abort(new Interrupted("SIGINT"));
    };
    const console = { out: () => {}, err, isTerminal: false };
    assert.equal(await guarded(compare, args, { console, signal: controller.signal }), 130, text);
    assert.deepEqual((await comparisonIn(at("out"))).runs.map(({ method }) => method), ["rss"]);
    assert.equal(namesIn(at("out/runs")).length, 1);
    assert.ok(!existsSync(at("out/report.html")));
    const { code, err: again } = await comparing(...args);
    assert.equal(code, 0, again);
    assert.equal(again.match(/finished before/g)?.length, 1, again);
    assert.equal((await comparisonIn(at("out"))).runs.length, 3);
  });
});

Deno.test("compare sweeps R and steps, steps only where a method has them", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const sweeps = ["--sweep", "R=2,3", "--sweep", "steps=2,4"];
    const args = [input, "--mask", "random:R=9,acs=6,seed=1", "--methods", "zero-filled,sense"];
    const { code, out, err } = await comparing(...args, ...sweeps, "--json", "--output", at("out"));
    assert.equal(code, 0, err);
    const { runs } = JSON.parse(out) as Comparison;
    const about = ({ mask, method, steps }: ComparisonRun) => `${mask} ${method} ${steps}`;
    assert.deepEqual(
      runs.map(about),
      [2, 3].flatMap((R) => {
        const mask = `random:R=${R},acs=6,seed=1`;
        return [`${mask} zero-filled 1`, `${mask} sense 2`, `${mask} sense 4`];
      }),
    );
    assert.ok(runs[0].acceleration < runs[3].acceleration);
    assert.equal(new Set(runs.map(({ key }) => key)).size, 6);
  });
});

Deno.test("compare on several files tells means and paired differences", async () => {
  await inFolder(async (at) => {
    const first = await writeH5(at("a.h5"));
    const second = await writeH5(at("b.h5"), { kspace: (slice) => someKspace(slice + 7) });
    const args = [first, second, ...MASK, "--methods", "zero-filled,sense", "--output", at("out")];
    const { code, out, err } = await comparing(...args);
    assert.equal(code, 0, err);
    assert.match(out, /Mean ± standard deviation/);
    assert.match(out, /2 files/);
    const { runs, differences } = await comparisonIn(at("out"));
    const psnr = differences.find(({ metric }) => metric === "psnr")!;
    const by = (method: string) =>
      runs.filter((run) => run.method === method).map(({ head }) => head!.psnr!);
    const [zero, sense] = [by("zero-filled"), by("sense")];
    assert.deepEqual([psnr.a, psnr.b, psnr.over, psnr.count], ["zero-filled", "sense", "files", 2]);
    const expected = (zero[0] - sense[0] + zero[1] - sense[1]) / 2;
    assert.ok(Math.abs(psnr.mean - expected) < 1e-9);
    assertRefused(await comparing(first, first, ...MASK), 2, /different data are required/);
  });
});

Deno.test("compare on an undersampled file has images and no metrics", async () => {
  await inFolder(async (at) => {
    const input = await writeNpyKspace(at("k.npy"), (data) => {
      const lines = 26; // the phase-encode axis is the last one
      data.forEach((_, i) => {
        const line = i % lines;
        if (line % 2 === 1 && Math.abs(line - 13) > 4) data[i] = 0;
      });
    });
    const { code, out, err } = await comparing(
      ...[input, "--methods", "rss,zero-filled", "--output", at("out")],
    );
    assert.equal(code, 0, err);
    assert.match(out, /No metrics/);
    const { runs, inputs } = await comparisonIn(at("out"));
    assert.equal(inputs[0].reference, null);
    for (const { head, whole, perSlice, error, files } of runs) {
      assert.deepEqual([head, whole, perSlice, error], [null, null, [], null]);
      assert.ok(existsSync(at(`out/${files.recon}`)));
    }
    assert.ok(existsSync(at("out/report.html")) && !existsSync(at("out/figure.png")));
  });
});

Deno.test("compare refuses what makes no sense before any work", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const small = at("small.npy");
    await writeNpyComplex(small, { data: new Float32Array(128).fill(1), shape: [1, 1, 2, 8, 8] });
    const refused = async (args: string[], code: number, message: RegExp) => {
      assertRefused(await comparing(...args, "--output", at("out")), code, message);
      assert.ok(!existsSync(at("out")));
    };
    await refused([input, "--methods", "sense,tvv"], 2, /found 'tvv'/);
    await refused([input, "--methods", ","], 2, /at least one method/);
    await refused([input, ...MASK, "--sweep", "Q=2"], 2, /--sweep/);
    await refused([input, ...MASK, "--sweep", "2,4"], 2, /NAME=LIST/);
    await refused([input, ...MASK, "--sweep", "R=2,x"], 2, /--sweep/);
    await refused([input, ...MASK, "--sweep", "R=2.5"], 2, /an integer/);
    await refused([input, ...MASK, "--sweep", "steps=2.5"], 2, /whole number/);
    await refused([input, "--mask", "full", "--sweep", "R=2"], 2, /a mask with R/);
    await refused([input, "--sweep", "R=2"], 2, /--mask/);
    await refused([input, ...MASK, "--steps", "2", "--sweep", "steps=3"], 2, /Cannot combine/);
    await refused([input, ...MASK, "--peer", "sigpy"], 2, /--peer/);
    await refused([input, "--mask", "random:R=2,acs=8", "--sweep", "R=2,5"], 2, /R=5/);
    await refused([input, ...MASK, "--slices", "1:5"], 2, /slices/);
    await refused([input, small, "--mask", "equispaced:R=2,acs=18"], 2, /acs of at most 8/);
    await refused([input, at("none.h5"), ...MASK], 3, /none\.h5/);
  });
});

Deno.test("compare --peer bart without BART says so and ends with 2 before any work", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, ...MASK, "--peer", "bart", "--output", at("out")];
    const command = taskCommand("compare", args, { env: { PATH: at("nothing") } });
    const { code, stdout, stderr } = await command.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertRefused(
      { code, out: text(stdout), err: text(stderr) },
      2,
      /^larmor: Cannot compare with BART: the command bart is required, found none/,
    );
    assert.ok(!existsSync(at("out")));
  });
});

Deno.test("compare --help lists methods and options; a config file holds options and inputs", async () => {
  await inFolder(async (at) => {
    const help = await comparing("--help");
    assert.equal(help.code, 0);
    for (const word of ["--sweep", "--peer", "zero-filled", "compare.csv"]) {
      assert.ok(help.out.includes(word), word);
    }
    const lines = [
      `input: ${await writeH5(at("k.h5"))}`,
      "methods: [rss]",
      "mask: equispaced:R=4,acs=8",
      "sweep: [R=2, 3]",
      "quiet: true",
    ];
    await Deno.writeTextFile(at("c.yaml"), lines.join("\n"));
    const { code, err } = await comparing("--config", at("c.yaml"), "--output", at("out"));
    assert.deepEqual([code, err], [0, ""]);
    const { runs, command } = await comparisonIn(at("out"));
    const masks = ["equispaced:R=2,acs=8", "equispaced:R=3,acs=8"];
    assert.deepEqual(runs.map(({ mask }) => mask), masks);
    assert.ok(command.startsWith("deno task compare --config "));
  });
});
