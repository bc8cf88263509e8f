/** Results from elsewhere in a comparison: images, programs, models and settings of one method. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compare } from "../../../src/cli/commands/compare.ts";
import { tune } from "../../../src/cli/commands/tune.ts";
import { readNpy, writeNpy } from "../../../src/io/numpy/npy.ts";
import { ndarray } from "../../../src/ndarray.ts";
import type { Comparison } from "../../../src/report/comparison.ts";
import { samplers } from "../../../src/samplers/mod.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, runHere, SIZE, writeH5 } from "../support.ts";

const MASK = ["--mask", "equispaced:R=2,acs=8", "--device", "cpu", "--quiet"];

async function compared(folder: string, ...args: string[]): Promise<Comparison> {
  const all = [...args, ...MASK, "--output", folder];
  const { code, err } = await runHere(all, { command: compare });
  assert.equal(code, 0, err);
  return JSON.parse(await Deno.readTextFile(join(folder, "compare.json")));
}

const runOf = ({ runs }: Comparison, name: string) => runs.find(({ method }) => method === name)!;

Deno.test("an image from elsewhere has the metrics of the method that made it, in any units", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const options = ["--method", "tv", "--also", "npy", ...MASK, "--output", at("tv")];
    assert.equal((await runHere([input, ...options])).code, 0);
    const { data, shape } = readNpy(at("tv/recon.npy"));
    await writeNpy(at("far.npy"), ndarray(data.map((value) => 40 * value), shape));
    const images = ["--image", `same=${at("tv/recon.npy")}`, "--image", `far=${at("far.npy")}`];
    const found = await compared(at("out"), input, "--methods", "tv", ...images);
    const own = runOf(found, "tv"), same = runOf(found, "same"), far = runOf(found, "far");
    assert.match(same.note!, /in our order; (in the units|scaled)/);
    assert.match(far.note!, /scaled by 0\.02/);
    assert.ok(Math.abs(same.head!.psnr! - own.head!.psnr!) < 2);
    assert.ok(Math.abs(far.head!.psnr! - same.head!.psnr!) < 2);
    const kept = await compared(
      at("kept"),
      ...[input, "--methods", "tv", ...images, "--image-scale", "keep"],
    );
    assert.deepEqual(runOf(kept, "same").head, own.head);
    assert.ok(kept.differences.some(({ a, b }) => a === "tv" && b === "same"));
  });
});

Deno.test("a program of the user's is given samples, mask and maps, and its image is measured", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    // A program that looks at what it is given and leaves an image of ones.
    await writeFile(
      at("mine.ts"),
      `import { readNpy, writeNpy } from ${
        JSON.stringify(new URL("../../../src/io/numpy/npy.ts", import.meta.url).href)
      };
      const [kspace, mask, maps, out] = Deno.args;
      const sizes = [mask].map((path) => readNpy(path).shape.join("x"));
      console.log(Deno.statSync(kspace).size, Deno.statSync(maps).size, sizes);
      const { shape } = readNpy(mask);
      await writeNpy(out, { data: new Float32Array(shape[0] * shape[1]).fill(1), shape });`,
    );
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const program = `${Deno.execPath()} run -A --quiet --no-check --config ${config} ${
      at("mine.ts")
    }`;
    const command = `mine=${program} {kspace} {mask} {maps} {out}`;
    const found = await compared(
      at("out"),
      ...[input, "--methods", "sense", "--slices", "0:1", "--peer-command", command],
    );
    const { head, files, error } = runOf(found, "mine");
    assert.equal(error, null);
    assert.ok(head!.psnr! < runOf(found, "sense").head!.psnr!);
    const { data, shape } = readNpy(join(at("out"), files.recon!));
    assert.deepEqual(shape, readNpy(join(at("out"), runOf(found, "sense").files.recon!)).shape);
    assert.ok(data.every((value) => Math.abs(value / data[0] - 1) < 1e-5), "one value everywhere");
  });
});

Deno.test("a program that fails or writes another size is a failed row that says why", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    await writeNpy(at("small.npy"), ndarray(new Float32Array(12), [3, 4]));
    const commands = [
      ["echo lost >&2; exit 3 # {kspace} {out}", /ended with 3: lost/],
      [`cp ${at("small.npy")} {out} # {kspace}`, /26 x 20 pixels are required, found 1 x 3 x 4/],
    ] as const;
    for (const [i, [command, message]] of commands.entries()) {
      const args = [input, "--methods", "sense", "--slices", "0:1", "--peer-command", command];
      const all = [...args, ...MASK, "--output", at(`out${i}`)];
      const { code } = await runHere(all, { command: compare });
      assert.equal(code, 3);
      const found = JSON.parse(await Deno.readTextFile(at(`out${i}/compare.json`)));
      assert.match(runOf(found, "peer").error!, message);
    }
  });
});

Deno.test("a method can stand in a comparison several times, with its own settings", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const methods = "tv,tv:steps=2,tv:weight=3,steps=2";
    const found = await compared(at("out"), input, "--methods", methods, "--slices", "0:1");
    assert.deepEqual(found.runs.map(({ method }) => method), [
      "tv",
      "tv:steps=2",
      "tv:weight=3,steps=2",
    ]);
    assert.deepEqual(found.runs.slice(1).map(({ steps }) => steps), [2, 2]);
    const refused = (list: string) =>
      runHere([input, "--methods", list, ...MASK, "--output", at("no")], { command: compare });
    assertRefused(await refused("tv:eta=1"), 2, /eta/);
    assertRefused(await refused("sense@prior-brain"), 2, /network/);
    assertRefused(await refused("tvv"), 2, /tv\?/);
  });
});

Deno.test("--dry-run says what compare would run, and runs nothing", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const args = [input, "--methods", "sense,tv", "--sweep", "R=2,3", "--dry-run", ...MASK];
    const { code, out } = await runHere([...args, "--output", at("out")], { command: compare });
    assert.equal(code, 0);
    assert.match(out, new RegExp(`${SIZE.slices} slices, 4 runs`));
    assert.equal(await Deno.stat(at("out")).catch(() => undefined), undefined);
  });
});

Deno.test("--settings takes the best draw of tune for its method, and no other", async () => {
  await inFolder(async (at) => {
    const input = await writeH5(at("k.h5"));
    const rows = [
      { method: "dds", draw: 0, settings: { eta: 0.5 }, psnr: [20], mean: 20, seconds: 1 },
      { method: "dds", draw: 1, settings: { eta: 0.25 }, psnr: [21], mean: 21, seconds: 1 },
      { method: "dds", draw: 2, settings: { eta: 0.9 }, psnr: [null], mean: null, seconds: 1 },
    ];
    await writeFile(at("dds.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const args = [input, ...MASK, "--settings", at("dds.jsonl"), "--output", at("out")];
    const few = ["--method", "dds", "--steps", "2", "--samples", "1", "--slices", "0:1"];
    const { code, err, out } = await runHere([...args, ...few, "--json"]);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).settings.eta, 0.25);
    assertRefused(await runHere([...args, "--method", "pigdm"]), 2, /--method dds/);
    await writeFile(at("dds.jsonl"), "no json");
    assertRefused(await runHere([...args, ...few]), 3, /tune/);
  });
});

Deno.test("tune says so where nothing is left to search", async () => {
  const { ranges } = samplers.find(({ name }) => name === "dds")!;
  const all = Object.entries(ranges).map(([name, { low }]) => `${name}=${low}`).join(",");
  const args = ["dds", "--data", ".", "--set", all];
  assertRefused(await runHere(args, { command: tune }), 2, /settings to search/);
});
