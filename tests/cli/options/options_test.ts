import assert from "node:assert/strict";
import fc from "fast-check";
import { readConfig, withConfig } from "../../../src/cli/options/config.ts";
import { parseOptions } from "../../../src/cli/options/table.ts";
import { inputName, outputFolders } from "../../../src/cli/commands/recon_output.ts";
import { COMPARE, comparePlan } from "../../../src/cli/options/compare.ts";
import { helpText } from "../../../src/cli/options/help.ts";
import { checkRecon, RECON, RECON_OPTIONS } from "../../../src/cli/options/recon.ts";
import { requestOf, type Written } from "../../../src/cli/options/table.ts";
import { settings, simulation, sliceBounds } from "../../../src/cli/options/values.ts";
import { importWeightsCommand } from "../../../src/cli/commands/import_weights.ts";
import { trainCommand } from "../../../src/cli/commands/train.ts";
import type { Command } from "../../../src/cli/entry.ts";
import { InputError, UsageError } from "../../../src/errors.ts";
import { methods } from "../../../src/recon/methods.ts";
import { editDistance, nearestOf } from "../../../src/suggest.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, runHere } from "../support.ts";

const parse = (...args: string[]) => parseOptions(RECON_OPTIONS, args);
const reconRequest = (written: Written) => checkRecon(requestOf(RECON_OPTIONS, written));
const request = (...args: string[]) => reconRequest(parse(...args));

Deno.test("parseOptions() tells options, flags and inputs apart", () => {
  const { values, inputs } = parse("a.h5", "--method=tv", "--json", "b.h5", "--slices", "1:3");
  assert.deepEqual({ ...values }, { method: "tv", json: true, slices: "1:3" });
  assert.deepEqual(inputs, ["a.h5", "b.h5"]);
});

Deno.test("compare --methods all has every method that runs without --model", () => {
  const { options } = COMPARE;
  const { methods: chosen } = requestOf(options, parseOptions(options, ["--methods", "all"]));
  const ready = methods.filter(({ defaultModel }) => defaultModel !== null);
  assert.ok(ready.length < methods.length);
  assert.deepEqual(chosen!.map(({ name }) => name), ready.map(({ name }) => name));
});

Deno.test("parseOptions() takes what follows -- as inputs, and the last of repeated options", () => {
  const { values, inputs } = parse("--seed", "1", "--seed", "2", "--no-json", "--", "--odd.h5");
  assert.deepEqual({ ...values }, { seed: "2", json: false });
  assert.deepEqual(inputs, ["--odd.h5"]);
});

Deno.test("recon ends with 2 for a command line that makes no sense, and says what is near", async () => {
  const cases: [string[], RegExp][] = [
    [["--metod", "tv"], /--metod.*\n.*--method\?/],
    [["-m", "tv"], /-m: there is no such option/],
    [["--no-method"], /--no-method: there is no such option/],
    [["--method"], /--method: a value NAME is required, found none/],
    [["--output", "--json"], /found the option --json/],
    [["--json=yes"], /takes no value/],
    [["--method", "wavelte"], /'wavelte'\n.*wavelet\?/],
    [["--device", "gpu"], /auto, cpu, webgpu, cuda/],
    [["--mask", "equispaced:acs=4"], /R is required/],
    [["--mask", "equispace:R=4,acs=2"], /Cannot read mask/],
    [["--steps", "0"], /whole number of at least 1/],
    [["--steps", "4000000000"], /at most 1000000 is required/],
    [["--samples", "4000000000", "--method", "dps"], /at most 1000000 is required/],
    [["--weight", "1e300"], /at most 1000000 is required/],
    [["--steps", "many"], /--steps/],
    [["--weight", "-1"], /above 0 and at most 1000000 is required, found '-1'/],
    [["--seed", "1.5"], /--seed/],
    [["--slices", "3-5"], /A:B is required/],
    [["--compress", "0"], /--compress/],
    [["--samples", "4"], /draws posterior samples is required/],
    [["--also", "npy,dicom"], /npy, cfl, png16/],
    [["--simulate", "coil=8"], /coils\?/],
    [["--simulate", "noise=-1"], /noise of --simulate/],
    [["--simulate", "coils=2", "--domain", "kspace"], /Cannot combine/],
    [["--output", ""], /a path is required/],
    [["a/k.h5", "b/k.h5"], /for both/],
  ];
  for (const [args, message] of cases) assertRefused(await runHere(args), 2, message);
});

Deno.test("help lists every option, every method with its summary, and the exit codes", async () => {
  const text = helpText(RECON);
  for (const name of Object.keys(RECON_OPTIONS)) assert.match(text, new RegExp(`--${name}\\b`));
  for (const { name, summary } of methods) {
    assert.ok(text.includes(`${name} `) && text.includes(summary));
  }
  for (const code of [0, 1, 2, 3, 4, 130]) assert.match(text, new RegExp(`^  ${code} `, "m"));
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  for (const flag of ["--help", "-h"]) {
    assert.deepEqual(await runHere([flag, "--version"]), { code: 0, out: text, err: "" });
  }
  assert.match((await runHere(["--version"])).out, /^larmor \d+\.\d+\.\d+\n$/);
});

Deno.test("requestOf() gives options their types, defaults and names", () => {
  const { method, saveSamples, dryRun, slices, weight, ...rest } = request(
    "--save-samples",
    "--slices=1:3",
    "--weight",
    "0.5",
  );
  assert.deepEqual({ method, saveSamples, dryRun, slices, weight }, {
    method: "pnp-admm",
    saveSamples: true,
    dryRun: false,
    slices: [1, 3],
    weight: 0.5,
  });
  assert.equal("steps" in rest, false);
});

Deno.test("every command's help names the same common options, and no line is too long", async () => {
  for (const [name, command] of Object.entries(await commands())) {
    const { code, out, err } = await runHere(["--help"], { command });
    assert.deepEqual([code, err], [0, ""], name);
    for (const option of ["quiet", "verbose", "version", "help", "config"]) {
      assert.match(out, new RegExp(`^  --${option}\\b`, "m"), `${name} --${option}`);
    }
    for (const line of out.split("\n")) assert.ok(line.length <= 100, `${name}: ${line}`);
    assert.match((await runHere(["--version"], { command })).out, /^larmor /);
    assertRefused(await runHere(["--quite"], { command }), 2, /--quiet\?/);
  }
});

/** The commands by the file that holds each. */
async function commands(): Promise<Record<string, Command>> {
  const names = ["recon", "compare", "stress", "sample", "simulate", "tune", "vjp", "serve"];
  const found = await Promise.all(names.map(async (name): Promise<[string, Command]> => {
    const module = await import(`../../../src/cli/commands/${name}.ts`);
    return [name, module[name]];
  }));
  return {
    ...Object.fromEntries(found),
    train: trainCommand,
    "import-weights": importWeightsCommand,
  };
}

Deno.test("sliceBounds() reads ranges with and without ends", () => {
  assert.deepEqual(sliceBounds("2:5", "--slices"), [2, 5]);
  assert.deepEqual(sliceBounds("2:", "--slices"), [2, undefined]);
  assert.deepEqual(sliceBounds(":5", "--slices"), [undefined, 5]);
  assert.deepEqual(sliceBounds("7", "--slices"), [7, 8]);
  for (const text of ["", ":", "a:b", "1:2:3", "-1:2"]) {
    assert.throws(() => sliceBounds(text, "--slices"), UsageError);
  }
});

Deno.test("simulation() fills in what is left out", () => {
  assert.deepEqual(simulation("coils=4", "--simulate"), { coils: 4, noise: 0.02, seed: 0 });
  assert.deepEqual(simulation("seed=3, noise=0", "--simulate"), { coils: 8, noise: 0, seed: 3 });
  assert.deepEqual(simulation("", "--simulate"), { coils: 8, noise: 0.02, seed: 0 });
});

Deno.test("settings() reads names and numbers", () => {
  assert.deepEqual(settings("eta=1, cg=6", "--set"), { eta: 1, cg: 6 });
  for (const text of ["eta", "=1", "eta=", "eta=many"]) {
    assert.throws(() => settings(text, "--set"), UsageError);
  }
});

Deno.test("readConfig() reads options as texts, lists and mappings", async () => {
  await inFolder(async (at) => {
    Deno.writeTextFileSync(
      at("c.yaml"),
      "input: [a.nii.gz, b.nii.gz]\nmethod: dds\nslices: [1, 3]\nalso: [npy, cfl]\njson: true\n" +
        "simulate: {coils: 4, noise: 0.1}\nmask: equispaced:R=4,acs=24\n" +
        "set: {eta: 1, cg: 6}\n",
    );
    const found = reconRequest(await readConfig(at("c.yaml"), RECON_OPTIONS));
    assert.deepEqual(found.inputs, ["a.nii.gz", "b.nii.gz"]);
    assert.equal(found.method, "dds");
    assert.deepEqual(found.set, { eta: 1, cg: 6 });
    assert.deepEqual(found.slices, [1, 3]);
    assert.deepEqual(found.also, ["npy", "cfl"]);
    assert.deepEqual(found.simulate, { coils: 4, noise: 0.1, seed: 0 });
    assert.equal(found.mask?.text, "equispaced:R=4,acs=24");
    assert.equal(found.json, true);
    Deno.writeTextFileSync(at("s.yaml"), "mask: equispaced:R=4,acs=8\nsweep: {R: [2, 4]}\n");
    const swept = requestOf(COMPARE.options, await readConfig(at("s.yaml"), COMPARE.options));
    assert.deepEqual(comparePlan(swept).masks, ["equispaced:R=2,acs=8", "equispaced:R=4,acs=8"]);
  });
});

Deno.test("the command line wins over the config file", async () => {
  await inFolder(async (at) => {
    Deno.writeTextFileSync(at("c.yaml"), "input: a.h5\nmethod: tv\nsteps: 5\njson: true\n");
    const merged = async (...args: string[]) =>
      reconRequest(await withConfig(RECON_OPTIONS, parse(...args, "--config", at("c.yaml"))));
    const { method, steps, json, inputs } = await merged("--method", "sense", "--no-json", "b.h5");
    assert.deepEqual({ method, steps, json, inputs }, {
      method: "sense",
      steps: 5,
      json: false,
      inputs: ["b.h5"],
    });
    assert.deepEqual((await merged()).inputs, ["a.h5"]);
  });
});

Deno.test("a config file that makes no sense is refused", async () => {
  await inFolder(async (at) => {
    const cases: [string, RegExp][] = [
      ["methdo: tv", /'methdo'.*/],
      ["dry_run: true", /'dry_run'/],
      ["config: other.yaml", /'config'/],
      ["json: maybe", /true or false/],
      ["method:", /method must be/],
      ["- method", /found a list/],
      ["method: [tv", /Cannot read the config/],
      ["just text", /found a string/],
    ];
    for (const [text, message] of cases) {
      Deno.writeTextFileSync(at("c.yaml"), text);
      assertRefused(await runHere(["--config", at("c.yaml")]), 2, message);
    }
    await assert.rejects(() => readConfig(at("none.yaml"), RECON_OPTIONS), InputError);
    Deno.writeTextFileSync(at("empty.yaml"), "");
    assert.deepEqual({ ...(await readConfig(at("empty.yaml"), RECON_OPTIONS)).values }, {});
  });
});

Deno.test("results go to a folder named after the input", () => {
  assert.equal(inputName("/scans/brain.nii.gz"), "brain");
  assert.equal(inputName("brain7_fastmri.h5"), "brain7_fastmri");
  assert.equal(inputName("ulf.v2.cfl"), "ulf.v2");
  assert.deepEqual(outputFolders(request()), ["recon/example"]);
  assert.deepEqual(outputFolders(request("a.h5")), ["recon/a"]);
  assert.deepEqual(outputFolders(request("a.h5", "--output", "x")), ["x"]);
  assert.deepEqual(outputFolders(request("a.h5", "b.npy", "--output", "x")), ["x/a", "x/b"]);
});

Deno.test("editDistance() is a metric that counts edits", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  const word = fc.string({ maxLength: 8 });
  fc.assert(fc.property(word, word, word, (a, b, c) => {
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance(a, b) === 0, a === b);
    assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
  }));
  assert.equal(nearestOf("outptu", ["input", "output"]), "output");
  assert.equal(nearestOf("xyzzy", ["input", "output"]), undefined);
});

Deno.test("a pipe in the place of a file of options is refused: reading it would wait for ever", async () => {
  await inFolder(async (at) => {
    const made = await new Deno.Command("mkfifo", { args: [at("c.yaml")] }).output();
    if (!made.success) return;
    await assert.rejects(() => readConfig(at("c.yaml"), RECON_OPTIONS), {
      name: "InputError",
      message: /a regular file is required/,
    });
  });
});
