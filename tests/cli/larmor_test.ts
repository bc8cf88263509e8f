/** The entry of all commands: names, permissions, paths, completions, and how it is installed. */
import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import project from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../src/cli/commands.ts";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import { larmor } from "../../src/cli/larmor.ts";
import { inFolder } from "../io/support.ts";
import { ROOT, run } from "../tools.ts";
import { runHere, taskCommand, writeH5 } from "./support.ts";

Deno.test("the task of each command gives Deno the flags and permissions that larmor gives it", () => {
  const tasks: Readonly<Record<string, string>> = project.tasks;
  for (const [name, { flags = [], permissions }] of Object.entries(COMMANDS)) {
    const words = ["deno run --no-prompt", ...flags, ...permissions, "src/cli/larmor.ts", name];
    assert.equal(tasks[name], words.join(" "));
  }
});

Deno.test("recon may not use the network nor run programs", () => {
  const { permissions } = COMMANDS.recon;
  assert.ok(permissions.every((permission) => !/net|run|all$/.test(permission)));
});

Deno.test("each command has help with an example, a version, JSON, silence and a config file", async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const { help } = await load();
    for (const { usage, examples, options } of Object.values(help.actions ?? { help })) {
      assert.ok(usage.startsWith(`deno task ${name}`), usage);
      assert.ok(examples.length > 0, name);
      const common = ["help", "version", "quiet", "config"];
      assert.ok(common.every((option) => option in options), name);
    }
  }
});

Deno.test("larmor lists its commands, and suggests the nearest for another word", async () => {
  const { code, out } = await runHere([], { command: larmor });
  assert.equal(code, 0);
  for (const name of Object.keys(COMMANDS)) assert.match(out, new RegExp(`^ {2}${name} `, "m"));
  const refused = await runHere(["recn"], { command: larmor });
  assert.equal(refused.code, 2);
  assert.match(refused.err, /recon\?/);
  assert.match((await runHere(["--version"], { command: larmor })).out, /^larmor \d/);
});

Deno.test("a completion script names every option and the words an option takes", async () => {
  for (const shell of SHELLS) {
    const text = await completionScript(shell);
    assert.match(text, /pnp-admm/);
    assert.match(text, shell === "fish" ? /-l device -r/ : /--device/);
  }
  assert.equal((await runHere(["completion", "csh"], { command: larmor })).code, 2);
});

Deno.test("a task that is called from another folder takes paths from there", async () => {
  await inFolder(async (at) => {
    await mkdir(at("data"));
    await writeH5(at("data/k.h5"));
    const env = { INIT_CWD: at("data") };
    const args = ["k.h5", "--method", "rss", "--quiet"];
    const { code, stderr } = await taskCommand("recon", args, { cwd: ROOT, env }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    await stat(at("data/recon/k/recon.nii.gz"));
  });
});

Deno.test("the installed program takes paths from where the user stands, and speaks of larmor", async () => {
  await inFolder(async (at) => {
    await writeH5(at("k.h5"));
    const launch = join(ROOT, "src/cli/launch.ts");
    const start = ["run", "--no-prompt", "--allow-read", "--allow-env", "--allow-run", launch];
    const args = [...start, "recon", "k.h5", "--method", "rss", "--json", "--quiet"];
    const report = JSON.parse(await run(process.execPath, args, { cwd: at(".") }));
    assert.equal(report.method.name ?? report.method, "rss");
    await stat(at("recon/k/recon.json"));
    const help = await run(process.execPath, [...start, "recon", "--help"], { cwd: at(".") });
    assert.match(help, /^Usage: larmor recon/);
  });
});
