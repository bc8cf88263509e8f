/** The command lines of the server and the pipe, and the recipes that clients may name. */
import assert from "node:assert/strict";
import { checkPipe } from "../../../src/cli/commands/recon_pipe.ts";
import { parseOptions, requestOf } from "../../../src/cli/options/table.ts";
import { checkRecon, RECON_OPTIONS } from "../../../src/cli/options/recon.ts";
import { serve, SERVE_OPTIONS, serveLimits } from "../../../src/cli/commands/serve.ts";
import { readRecipes } from "../../../src/cli/options/serve_recipes.ts";
import { InputError, UsageError } from "../../../src/errors.ts";
import { inFolder } from "../../io/support.ts";
import { assertRefused, runHere } from "../support.ts";

const request = (...args: string[]) => {
  const parsed = requestOf(SERVE_OPTIONS, parseOptions(SERVE_OPTIONS, args));
  return { ...parsed, limits: serveLimits(parsed) };
};

Deno.test("serve listens on this machine alone unless told otherwise, with limits", () => {
  const { host, port, connections, limits } = request();
  assert.deepEqual([host, port, connections], ["127.0.0.1", 9002, 8]);
  assert.equal(limits.memoryBytes, 4096 * 2 ** 20);
  const changed = request("--host", "0.0.0.0", "--message", "0.5", "--idle", "3", "--memory", "1");
  assert.equal(changed.host, "0.0.0.0");
  assert.deepEqual(changed.limits.message.dataBytes, 2 ** 19);
  assert.deepEqual([changed.limits.idleSeconds, changed.limits.memoryBytes], [3, 2 ** 20]);
});

Deno.test("serve refuses command lines that make no sense", async () => {
  const refused = async (code: number, message: RegExp, ...args: string[]) =>
    assertRefused(await runHere(args, { command: serve }), code, message);
  await refused(2, /--port/, "--port", "70000");
  await refused(2, /--connections/, "--connections", "0");
  await refused(2, /--idle/, "--idle", "0");
  await refused(2, /options alone/, "scan.h5");
  await refused(2, /--recipes\?/, "--recipe", "x");
  await refused(3, /config/, "--config", "/none.yaml");
  await refused(3, /folder of recipes/, "--recipes", "/none");
  const help = await runHere(["--help"], { command: serve });
  Object.keys(SERVE_OPTIONS).forEach((name) => assert.ok(help.out.includes(`--${name}`)));
});

Deno.test("recipes come from the folder and from nowhere else", async () => {
  await inFolder(async (at) => {
    await Deno.writeTextFile(at("base.yaml"), "method: sense\nsteps: 7\n");
    await Deno.mkdir(at("recipes"));
    await Deno.writeTextFile(at("recipes/smooth.yaml"), "method: tv\nmaps: maps.cfl\n");
    await Deno.writeTextFile(at("secret.yaml"), "method: rss\n");
    const book = await readRecipes({ config: at("base.yaml"), recipes: at("recipes") });
    const chosen = (name: string | undefined, changes = {}) => {
      const { options, ignored } = book.choose(name, changes);
      return { method: options?.method, steps: options?.steps, maps: options?.maps, ignored };
    };
    const base = { method: "sense", steps: 7, maps: undefined, ignored: [] };
    for (const name of [undefined, "default", "default.xml"]) assert.deepEqual(chosen(name), base);
    const smooth = { method: "tv", steps: undefined, maps: "maps.cfl", ignored: [] };
    for (const name of ["smooth", "smooth.xml", "smooth.yaml"]) {
      assert.deepEqual(chosen(name), smooth);
    }
    assert.equal(book.choose("null", {}).options, null);
    for (
      const name of ["../secret", "recipes/smooth", "..", "/etc/passwd", "a\\b", "x\0", "__proto__"]
    ) {
      assert.throws(() => chosen(name), InputError, name);
    }
    const changes = { steps: "3", maps: "/etc/passwd", model: "/tmp/x", config: "x" };
    assert.deepEqual(chosen("smooth", changes), {
      ...smooth,
      steps: 3,
      ignored: ["maps", "model", "config"],
    });
    assert.throws(() => chosen("smooth", { steps: "many" }), UsageError);
    assert.throws(() => chosen("smooth", { method: "../x" }), UsageError);
    const free = await readRecipes({ config: at("base.yaml") });
    assert.equal(free.choose("simplefft", {}).options?.method, "sense");
    assert.throws(() => free.choose("../simplefft", {}), InputError);
  });
});

Deno.test("clients may change some options, within bounds, and no others", async () => {
  const book = await readRecipes({});
  const refused = (changes: Record<string, string>, message: RegExp) =>
    assert.throws(() => book.choose(undefined, changes), message);
  refused({ method: "sense", steps: "50000000" }, /--steps.*at most 1000/);
  refused({ method: "dds", samples: "100000000" }, /--samples.*at most 64/);
  refused({ weight: "1e300" }, /--weight.*at most 1000/);
  refused({ compress: "99999" }, /--compress.*at most 256/);
  refused({ seed: "99999999999" }, /--seed/);
  assert.deepEqual(book.choose(undefined, { set: "cg=1e9", method: "dds" }).ignored, ["set"]);
  const unset = { method: "recipe", steps: "0", customconfig: "", weight: "None" };
  assert.deepEqual(book.choose(undefined, unset), book.choose(undefined, {}));
  const narrow = await readRecipes({ allow: ["steps"] });
  const { options, ignored } = narrow.choose("x", { steps: "3", method: "rss" });
  assert.deepEqual([options?.steps, options?.method, ignored], [3, "pnp-admm", ["method"]]);
  const fixed = book.choose(undefined, { steps: "3", method: "rss" });
  assert.deepEqual([fixed.options?.steps, fixed.ignored], [undefined, ["steps"]]);
  const allowed = (list: string) => request("--allow", list).allow;
  assert.deepEqual([allowed("none"), allowed("steps,seed")], [[], ["steps", "seed"]]);
  assert.throws(() => allowed("model"), UsageError);
});

Deno.test("a recipe says how images go back", async () => {
  await inFolder(async (at) => {
    await Deno.writeTextFile(at("c.yaml"), "method: rss\npixels: int16\nheader: copied\n");
    const book = await readRecipes({ config: at("c.yaml") });
    assert.deepEqual(book.choose(undefined, { pixels: "float32" }).output, {
      pixels: "int16",
      header: "copied",
      images: "dropped",
    });
    await Deno.writeTextFile(at("c.yaml"), "pixels: int12\n");
    await assert.rejects(readRecipes({ config: at("c.yaml") }), /float32, int16/);
  });
});

Deno.test("recipes that make no sense are refused when the server starts", async () => {
  await inFolder(async (at) => {
    for (
      const [text, message] of [
        ["method: none\n", /recipe.*'none'/],
        ["input: x.h5\n", /'input' has no place/],
        ["output: x\n", /found 'output'/],
        ["steps: many\n", /--steps/],
      ] as const
    ) {
      await Deno.writeTextFile(at("c.yaml"), text);
      await assert.rejects(readRecipes({ config: at("c.yaml") }), (error: Error) => {
        assert.ok(error instanceof UsageError, error.message);
        assert.match(error.message, message);
        return true;
      });
    }
    await Deno.mkdir(at("r"));
    await Deno.writeTextFile(at("r/null.yaml"), "method: rss\n");
    await assert.rejects(readRecipes({ recipes: at("r") }), /the name 'null' is taken/);
  });
});

Deno.test("a pipe needs both ends and takes nothing beside the stream", () => {
  const check = (...args: string[]) =>
    checkPipe(checkRecon(requestOf(RECON_OPTIONS, parseOptions(RECON_OPTIONS, args))));
  check("--stdin", "--stdout", "--method", "rss");
  assert.throws(() => check("--stdin"), /--stdin alone/);
  assert.throws(() => check("--stdout"), /--stdout alone/);
  for (const other of [["x.h5"], ["--output=x"], ["--json"], ["--dicom"], ["--mask=full"]]) {
    assert.throws(() => check("--stdin", "--stdout", ...other), UsageError);
  }
});

Deno.test("recon refuses DICOM attributes without --dicom, and those that are wrong", async () => {
  assertRefused(await runHere(["--dicom-tags", "x.yaml"]), 2, /--dicom is required/);
  await inFolder(async (at) => {
    await Deno.writeTextFile(at("t.yaml"), "PixelData: 3\n");
    const args = ["--dicom", "--dicom-tags", at("t.yaml"), "--output", at("out")];
    assertRefused(await runHere(args), 3, /found 'PixelData'/);
    await Deno.writeTextFile(at("t.yaml"), "- a\n");
    assertRefused(await runHere(args), 2, /attributes such as/);
  });
});
