import assert from "node:assert/strict";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { readFileSync } from "node:fs";
import { stress, structures } from "../../../src/cli/commands/stress.ts";
import { ndarray, zeros } from "../../../src/ndarray.ts";
import { changeOf, keptOf, stressConditions } from "../../../src/recon/stress.ts";
import { parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { Rng } from "../../../src/rng.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, namesIn, runHere } from "../support.ts";

const run = (...args: string[]) => runHere(args, { command: stress });

Deno.test("what is kept of a structure, what leaks and what changes, in closed form", () => {
  const added = zeros([40, 30]), base = zeros([40, 30]), seen = zeros([40, 30]);
  for (let i = 0; i < base.data.length; i++) base.data[i] = 1 + i % 5;
  for (const [row, column] of [[20, 10], [20, 11], [21, 10]]) added.data[row * 30 + column] = 2;
  seen.data.set(base.data.map((value, i) => value + 0.7 * added.data[i]));
  seen.data[0] += 3;
  const { kept, leak, error } = keptOf(added, seen, base);
  assert.ok(Math.abs(kept - 0.7) < 1e-6);
  assert.ok(Math.abs(leak - 9 / (9 + 3 * 1.4 ** 2)) < 1e-6);
  assert.ok(Math.abs(error - Math.sqrt((9 + 3 * 0.6 ** 2) / 12)) < 1e-6);
  assert.deepEqual(keptOf(added, base, base), { kept: 0, leak: 0, error: 1 });
  const tenth = ndarray(base.data.map((value) => 1.1 * value), base.shape);
  assert.ok(Math.abs(changeOf(tenth, base, base) - 0.1) < 1e-6);
});

Deno.test("structures lie in the head, are as bright as asked, and each shift changes one thing", () => {
  const [rows, columns] = [72, 64];
  const inside = (i: number) =>
    Math.hypot(Math.floor(i / columns) - 36, i % columns - 32) < 26 ? 1 : 0;
  const image = zeros([2, rows, columns]);
  for (let i = 0; i < rows * columns; i++) image.data[i] = inside(i);
  const conditions = stressConditions({
    image,
    structures: structures(),
    brightness: -0.25,
    mask: parseMaskSpec("poisson:R=3,acs=12,seed=4"),
    simulation: { coils: 4, noise: 0.01, seed: 0 },
    seed: 5,
    rng: new Rng(1),
  });
  assert.deepEqual(conditions.map(({ name }) => name), [
    ...["base", "lesion", "lines", "text"],
    ...["mask", "acceleration", "noise", "contrast", "seed"],
  ]);
  for (const { kind, added, image: changed } of conditions) {
    if (kind !== "structure") continue;
    const least = added!.data.reduce((a, b) => Math.min(a, b), 0);
    assert.ok(Math.abs(least + 0.25) < 1e-6);
    added!.data.forEach((value, i) => {
      if (value !== 0) assert.equal(inside(i), 1);
      assert.ok(Math.abs(changed.data[i] - image.data[i] - value) < 1e-6);
    });
  }
  const named = (name: string) => conditions.find((condition) => condition.name === name)!;
  assert.equal(named("mask").mask.text, "poisson:R=3,acs=12,seed=5");
  assert.equal(named("acceleration").mask.text, "poisson:R=5,acs=12,seed=4");
  assert.deepEqual([named("noise").noise, named("seed").seed], [0.02, 6]);
});

Deno.test("stress writes a table, JSON, CSV and a page of pictures; a failing method is said and ends with 1", async () => {
  await inFolder(async (at) => {
    const args = [
      "--size",
      "64",
      "--coils",
      "3",
      "--mask",
      "poisson:R=2,acs=12",
      "--steps",
      "4",
    ];
    const { code, out, err } = await run(
      ...args,
      ...["--methods", "sense,rss,ddrm", "--output", at("s")],
    );
    assert.equal(code, 1, err);
    assert.match(err, /ddrm: Cannot/);
    assert.match(out, /^ *sense +\d+\.\d\d +\d\.\d\d \(0\.\d\d\)/m);
    assert.match(out, /^ *ddrm +failed/m);
    assert.deepEqual(namesIn(at("s")), ["stress.csv", "stress.json", "stress.png"]);
    const report = JSON.parse(Deno.readTextFileSync(at("s/stress.json")));
    assert.equal(report.schema, "larmor.stress/1");
    const of = (condition: string) =>
      report.rows.find((row: { condition: string }) => row.condition === condition);
    assert.ok(of("lesion").structure.kept > 0.5 && of("lesion").structure.kept < 1.3);
    assert.equal(of("seed").change, 0, "sense draws no random numbers");
    assert.ok(of("noise").head.psnr < of("base").head.psnr);
    const lines = Deno.readTextFileSync(at("s/stress.csv")).trimEnd().split("\n");
    assert.equal(lines.length, 1 + 3 * 9);
    const png = PNG.sync.read(readFileSync(at("s/stress.png")));
    assert.deepEqual([png.width, png.height], [12 * 134, 4 * 145]);
  });
});

Deno.test("stress refuses what it cannot do", async () => {
  assertRefused(await run("--methods", "nothing"), 2, /one of/);
  assertRefused(await run("--brightness", "0"), 2, /adds nothing/);
  assertRefused(await run("--mask", "equispaced:acs=2"), 2, /R is required/);
  assertRefused(await run("a.nii", "b.nii"), 2, /one is required/);
  assertRefused(await run("a.nii", "--size", "64"), 2, /--size/);
  assertRefused(await run("missing.nii"), 3, /missing/);
  assertRefused(await run("--size", "48", "--slice", "3"), 3, /slice below 1/);
  assert.match((await run("--help")).out, /--brightness X/);
});
